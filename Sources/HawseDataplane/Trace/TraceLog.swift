import HawseModel

/// The story of traced packets: what each stage and rule did, as events in order. Only the traced walk writes here.
struct TraceLog {
    var events: [TraceEvent] = []
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

    func traceEnd(_ packet: PacketRef) { note(packet, .ended(packet.pointee.disposition)) }
}
