import HawseModel
import HawseWire

/// One thing that happened to a packet.
public struct TraceEvent: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case received(interface: String)
        case hook(Hook, inInterface: String, outInterface: String)
        case table(TableName, chain: String)
        /// A rule that matched: its chain and 1-based number, what its target did (empty: it has none), and its comments.
        case rule(table: TableName, chain: String, number: Int, target: String, comment: String)
        /// A rule that was tried and did not match, the first condition that failed (with what the packet has in its place, where
        /// nothing else tells), and the rule itself.
        case miss(table: TableName, chain: String, number: Int, because: String, rule: Rule)
        case policy(table: TableName, chain: String, verdict: String)
        /// `because`: why a packet is INVALID, where that is plain to see; else empty.
        case conntrack(state: String, tuple: String, because: String)
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
    /// Tells a rare event when the walk is traced; costs nothing otherwise. Frequent ones have functions of their own, which
    /// write numbers.
    @inline(__always)
    func note(_ packet: PacketRef, _ kind: @autoclosure () -> TraceEvent.Kind) {
        if Watch.isOn { node.pointee.trace.tell(packet, kind()) }
    }

    /// A packet came in by a device, or left by one.
    @inline(__always)
    func noteDevice(_ packet: PacketRef, _ code: TraceRecord.Code, _ interface: UInt16) {
        guard Watch.isOn else { return }
        var record = TraceRecord(packet, code)
        record.first = interface
        node.pointee.trace.append(record)
    }

    @inline(__always)
    func noteHook(_ packet: PacketRef, _ hook: Hook) {
        guard Watch.isOn else { return }
        var record = TraceRecord(packet, .hook)
        record.detail = hook.rawValue
        record.first = packet.pointee.inInterface
        record.second = packet.pointee.outInterface
        node.pointee.trace.append(record)
    }

    /// What the tracker made of the packet.
    @inline(__always)
    func noteConnection(_ packet: PacketRef) {
        guard Watch.isOn else { return }
        var record = TraceRecord(packet, .conntrack)
        record.detail = packet.pointee.connectionInfo.rawValue
        record.first = packet.pointee.connection != 0 ? 1 : 0
        if packet.pointee.connection != 0 {
            record.tuple = node.pointee.connections.tuple(of: node.pointee.connections[packet.pointee.connection], .original)
        } else if packet.pointee.connectionInfo == .none, hasWrongChecksum(packet) {
            record.second = 1
        }
        node.pointee.trace.append(record)
    }

    /// As the trackers of TCP, UDP and ICMP look at it, for a packet from outside.
    private func hasWrongChecksum(_ packet: PacketRef) -> Bool {
        let (headers, number) = (TrackedHeaders(packet), packet.pointee.ipProtocol)
        guard node.pointee.connections.settings.checksum, !packet.pointee.flags.contains(.local),
            [.tcp, .udp, .icmp, .icmpv6].contains(number),
            headers.transportLength >= (number == .tcp ? 20 : 8),
            number != .udp || UDPHeader(headers.transport).checksum != 0
        else { return false }
        return !headers.isIntact(number)
    }

    /// A binding was chosen.
    @inline(__always)
    func noteBinding(_ packet: PacketRef, _ manip: NATManip, from: Tuple, to: Tuple) {
        guard Watch.isOn else { return }
        if from.version != 4 {
            note(packet, .nat(kind: manip == .source ? "SNAT" : "DNAT", from: "\(from)", to: "\(to)"))
            return
        }
        var record = TraceRecord(packet, .nat)
        record.detail = manip.rawValue
        record.binding = (from, to)
        node.pointee.trace.append(record)
    }

    /// Addresses and ports of the packet now are those of the target.
    @inline(__always)
    func noteRewrite(_ packet: PacketRef, _ target: Tuple, _ manip: NATManip) {
        guard Watch.isOn else { return }
        var record = TraceRecord(packet, .rewrite)
        record.detail = manip.rawValue
        record.tuple = target
        node.pointee.trace.append(record)
    }

    @inline(__always)
    func noteRoute(_ packet: PacketRef) {
        guard Watch.isOn else { return }
        var record = TraceRecord(packet, .route)
        let route = packet.pointee.route
        let destination = packet.destinationBits
        record.detail = route.kind.rawValue
        record.second = route.outInterface
        record.last = UInt32(route.gatewayVersion)
        record.words = (destination.high, destination.low, route.gateway.high, route.gateway.low)
        node.pointee.trace.append(record)
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

    func traceEnd(_ packet: PacketRef) {
        var record = TraceRecord(packet, .ended)
        switch packet.pointee.disposition {
        case .pending: record.detail = 0
        case .transmitted: record.detail = 1
        case .delivered: record.detail = 2
        case .consumed: record.detail = 3
        case .dropped(let reason):
            record.detail = 4
            record.first = UInt16(reason.ordinal)
        }
        node.pointee.trace.append(record)
    }
}
