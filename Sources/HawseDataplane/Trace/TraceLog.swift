import HawseModel

/// The story of traced packets: what each stage and rule did, as events in order. Only the traced walk writes here.
struct TraceLog {
    var events: [TraceEvent] = []
    /// Also keep the bytes of every frame at every device (`Dataplane.isTapping`).
    var keepsFrames = false
}

/// One thing that happened to a packet.
public struct TraceEvent: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case received(interface: String)
        case hook(Hook, inInterface: String, outInterface: String)
        case table(TableName, chain: String)
        /// A rule that matched: its chain and 1-based number, its text's place, and what its target did.
        case rule(table: TableName, chain: String, number: Int, target: String)
        /// A rule that was tried and did not match, and the first condition that failed.
        case miss(table: TableName, chain: String, number: Int, because: String)
        case policy(table: TableName, chain: String, verdict: String)
        case conntrack(state: String, tuple: String)
        case nat(kind: String, from: String, to: String)
        case ipvs(String)
        case route(String)
        case neighbour(String)
        case bridge(String)
        case encapsulated(String)
        case decapsulated(String)
        case changed(field: String, from: String, to: String)
        case answered(String)
        case transmitted(interface: String)
        /// The frame as a capture on this device would have it.
        case frame(interface: UInt16, isOutbound: Bool, bytes: [UInt8])
        case ended(Disposition)
    }

    /// Ordinal of the frame from outside, and how many self-made packets lie between.
    public var cause: UInt64
    public var generation: UInt8
    public var kind: Kind
}

extension Walk {
    /// Appends an event when the walk is traced; costs nothing otherwise.
    @inline(__always)
    func note(_ packet: PacketRef, _ kind: @autoclosure () -> TraceEvent.Kind) {
        if Watch.isOn {
            node.pointee.trace.events.append(
                TraceEvent(cause: packet.pointee.cause, generation: packet.pointee.generation, kind: kind()))
        }
    }

    /// What a packet socket on the packet's device sees (`dev_queue_xmit_nit`): the frame, or the bare IP packet of a
    /// device without link headers.
    @inline(__always)
    func tap(_ packet: PacketRef, _ interface: UInt16, isOutbound: Bool) {
        guard Watch.isOn, node.pointee.trace.keepsFrames else { return }
        let start = packet.pointee.mac >= 0 ? packet.pointee.mac : packet.pointee.network
        let bytes = UnsafeRawBufferPointer(
            start: packet.pointee.buffer + Int(start), count: Int(packet.pointee.end &- start))
        note(packet, .frame(interface: interface, isOutbound: isOutbound, bytes: Array(bytes)))
    }

    func traceEnd(_ packet: PacketRef) { note(packet, .ended(packet.pointee.disposition)) }
}
