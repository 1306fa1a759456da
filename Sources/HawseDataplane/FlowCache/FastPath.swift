import HawseModel
import HawseWire

/// How far the fast path came with a packet.
enum FastOutcome: UInt8 {
    /// Nobody has looked yet.
    case untried
    /// It has left; nothing more to do.
    case sent
    /// The whole walk is needed.
    case walk
    /// The whole walk is needed, and its way is worth writing down.
    case record
    /// The whole walk is needed, and the tracker has refused the packet already: it is INVALID.
    case invalid
}

/// Where a frame comes in, and with what.
struct Arrival {
    var interface: UInt16
    /// What a tunnel's outer packet was marked with.
    var mark: UInt32 = 0
    /// Ordinal of the frame from outside that it comes from.
    var cause: UInt64
}

extension Walk {
    /// A frame of a known flow: no hook, no rule, no route, but every effect they would have had. It is read where it
    /// lies and written where it leaves, and nothing has happened yet when the outcome is not `.sent`.
    ///
    /// `inner`: of the packet in it, if it is a tunnel's.
    @inline(__always)
    func follow(_ frame: KnownFrame, _ arrival: Arrival, _ hint: FlowHint, inner: FlowHint = FlowHint()) -> FastOutcome {
        let reference = node.pointee.connections.find(frame, hint, now: node.pointee.now)
        guard reference != 0 else { return node.pointee.ipvs.active == 0 ? .walk : followUntracked(frame, arrival) }
        let connection = node.pointee.connections.records[Int(reference >> 1)]
        let direction: Direction = reference & 1 == 0 ? .original : .reply
        guard connection.pointee.status.isDisjoint(with: .unsteady) else { return .walk }
        guard let way = node.pointee.flows.trajectory(node.pointee.connections.way(connection, direction)),
            fits(frame, arrival, way, fastInfo(connection, direction))
        else { return .record }
        let special = way.pointee.flags.intersection(.special)
        if !special.isEmpty {
            if special == .isVirtual { return followVirtual(frame, arrival, way, connection, direction) }
            if special == .encapsulates { return followIntoTunnel(frame, arrival, way, connection, direction) }
            return followSpecially(frame, arrival, way, connection, direction, inner)
        }
        let verdict = trackKnown(frame, connection, direction)
        guard verdict == .accept else { return verdict == .again ? .walk : .invalid }
        count(frame, way, connection, direction)
        let out = node.pointee.outputs.reserve(frame.length &+ Self.slack)
        writeFrame(frame, way, connection, direction, to: out)
        leave(frame.length &+ 14, way, arrival)
        return .sent
    }

    /// Room behind a frame that is written in strides.
    @inline(__always) static var slack: Int { 192 }

    /// Is this packet like the one whose way was written down?
    @inline(__always)
    func fits(
        _ frame: KnownFrame, _ arrival: Arrival, _ way: UnsafeMutablePointer<Trajectory>, _ info: ConnectionInfo
    ) -> Bool {
        guard way.pointee.inInterface == arrival.interface, way.pointee.service == frame.service,
            way.pointee.destinationMAC == frame.destinationMAC, Int(way.pointee.maximumLength) >= frame.length,
            way.pointee.info == info, way.pointee.markBefore == arrival.mark
        else { return false }
        return way.pointee.bridge == 0 || learnsNothing(frame, way.pointee.bridge, arrival.interface)
    }

    /// The sender is where the bridge thought it to be, which it now knows again.
    @inline(__always)
    private func learnsNothing(_ frame: KnownFrame, _ bridge: UInt16, _ port: UInt16) -> Bool {
        guard node.pointee.interfaces[port].pointee.port.learns else { return true }
        let source = frame.sourceMAC
        let found = node.pointee.bridges.forwarding.find(source, bridge)
        guard found >= 0, !source.isGroup else { return false }
        let entry = node.pointee.bridges.forwarding.entries + found
        guard entry.pointee.port == port, !entry.pointee.isLocal else { return false }
        entry.pointee.updated = node.pointee.now
        return true
    }

    @inline(__always)
    func fastInfo(_ connection: ConnectionRef, _ direction: Direction) -> ConnectionInfo {
        if direction == .reply { return .establishedReply }
        let status = connection.pointee.status
        if status.contains(.seenReply) { return .established }
        return status.contains(.expected) ? .related : .new
    }

    /// What is counted of a packet that takes its flow's way.
    @inline(__always)
    func count(
        _ frame: KnownFrame, _ way: UnsafeMutablePointer<Trajectory>, _ connection: ConnectionRef,
        _ direction: Direction
    ) {
        connection.pointee.status.rawValue |= direction == .reply ? ConnectionStatus.seenReply.rawValue : 0
        way.pointee.packets &+= 1
        way.pointee.bytes &+= UInt64(truncatingIfNeeded: frame.length)
    }

    /// The frame at the output queue's end goes out of its device.
    @inline(__always)
    func leave(_ length: Int, _ way: UnsafeMutablePointer<Trajectory>, _ arrival: Arrival) {
        node.pointee.outputs.commit(
            length, interface: way.pointee.outInterface, cause: arrival.cause, time: node.pointee.now,
            mark: way.pointee.mark)
        node.pointee.outcomes.count(.transmitted)
    }

    /// The fast path for a packet that is in the stack already: out of a tunnel, or of a VLAN.
    @inline(never)
    func followPacket(_ packet: PacketRef) -> FastOutcome {
        guard packet.pointee.packetType == .host, packet.pointee.network &- packet.pointee.mac == 14,
            packet.pointee.mac >= 0, !packet.pointee.flags.contains(.gso),
            let frame = KnownFrame(packet.ethernet.base, count: Int(packet.pointee.end &- packet.pointee.mac))
        else { return .walk }
        let arrival = Arrival(
            interface: packet.pointee.inInterface, mark: packet.pointee.mark, cause: packet.pointee.cause)
        return follow(frame, arrival, FlowHint())
    }
}

extension ConnectionStatus {
    /// Connections whose packets want more than their trajectory says.
    static let unsteady: ConnectionStatus = [.helper, .sequenceAdjust, .synproxy, .natClash, .dying, .leased]
    /// In the table, and until when.
    static let lifeMask: ConnectionStatus = [.confirmed, .dying]
}
