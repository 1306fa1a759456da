import HawseModel
import HawseWire

/// How far the fast path came with a packet.
enum FastOutcome: UInt8 {
    /// It has left; nothing more to do.
    case sent
    /// It goes into its device, as the packet now says.
    case transmit
    /// The whole walk is needed.
    case walk
    /// The whole walk is needed, and its way is worth writing down.
    case record
}

extension Walk {
    /// A packet of a known flow: no hook, no rule, no route, but every effect they would have had.
    ///
    /// The packet has just come in on a device. It is changed only when the outcome is `.sent` or `.transmit`; a segment
    /// that the tracker refuses goes on in the whole walk as what it is, INVALID, and is not tracked again.
    @inline(__always)
    func takeFastPath(_ packet: PacketRef) -> FastOutcome {
        guard packet.pointee.packetType == .host else { return .walk }
        let frameEnd = packet.pointee.end
        guard dissectFast(packet) else {
            packet.pointee.end = frameEnd
            return .walk
        }
        guard let tuple = Tuple(packet) else {
            packet.pointee.end = frameEnd
            return .walk
        }
        let now = node.pointee.now
        let hint = node.pointee.flows.hashHint
        let hash = hint != 0 ? hint : node.pointee.connections.hash(tuple, zone: 0)
        guard let (connection, direction) = node.pointee.connections.find(tuple, zone: 0, hash: hash, now: now) else {
            packet.pointee.end = frameEnd
            return .walk
        }
        guard connection.pointee.status.isDisjoint(with: [.helper, .sequenceAdjust, .natClash, .dying]) else {
            packet.pointee.end = frameEnd
            return .walk
        }
        let word = node.pointee.connections.trajectoryWord(connection, direction)
        guard let way = node.pointee.flows.trajectory(word) else {
            packet.pointee.end = frameEnd
            return .record
        }
        guard fits(packet, way, connection, direction) else {
            packet.pointee.end = frameEnd
            return .record
        }
        switch trackFast(packet, connection, direction) {
        case .accept: break
        case .again:
            packet.pointee.end = frameEnd
            return .walk
        case .invalid:
            packet.pointee.end = frameEnd
            packet.pointee.flags.insert(.tracked)
            return .walk
        }
        if direction == .reply { connection.pointee.status.insert(.seenReply) }
        way.pointee.packets &+= 1
        way.pointee.bytes &+= UInt64(truncatingIfNeeded: packet.length)
        transform(packet, way, connection, direction)
        return leave(packet, way)
    }

    /// Headers without options or extension headers, no fragments, TCP or UDP. False leaves the packet to the walk.
    @inline(__always)
    private func dissectFast(_ packet: PacketRef) -> Bool {
        if packet.pointee.etherType == 0x0800 {
            guard packet.length >= 28, packet.networkPointer.load(as: UInt8.self) == 0x45, packet.dissectIPv4() == .ok
            else { return false }
            let ip = packet.ipv4
            return ip.fragmentField & 0x3fff == 0 && ip.ttl > 1 && hasFastTransport(packet)
        }
        guard packet.pointee.etherType == 0x86dd, packet.length >= 48 else { return false }
        let next = packet.ipv6.nextHeader.rawValue
        guard next == 6 || next == 17, packet.dissectIPv6() == .ok, packet.ipv6.hopLimit > 1 else { return false }
        return hasFastTransport(packet) && refuseIPv6Addresses(packet) == nil
    }

    /// UDP, or TCP without SYN, FIN and RST: rules about those flags hold for all such segments alike.
    @inline(__always)
    private func hasFastTransport(_ packet: PacketRef) -> Bool {
        guard !packet.pointee.flags.contains(.gso) else { return false }
        switch packet.pointee.ipProtocol {
        case 17: return packet.transportLength >= 8
        case 6: return packet.transportLength >= 20 && packet.transportPointer.load8(at: 13) & 0x07 == 0
        default: return false
        }
    }

    /// Is this packet like the one whose way was written down?
    @inline(__always)
    private func fits(
        _ packet: PacketRef, _ way: UnsafeMutablePointer<Trajectory>, _ connection: ConnectionRef, _ direction: Direction
    ) -> Bool {
        let service = packet.isIPv4 ? packet.ipv4.tos : packet.ipv6.trafficClass
        guard way.pointee.inInterface == packet.pointee.inInterface, way.pointee.service == service,
            way.pointee.destinationMAC == packet.ethernet.destination.value,
            Int(way.pointee.maximumLength) >= packet.length,
            way.pointee.info == fastInfo(connection, direction)
        else { return false }
        return way.pointee.bridge == 0 || learnsNothing(packet, way.pointee.bridge)
    }

    /// The sender is where the bridge thought it to be, which it now knows again.
    @inline(__always)
    private func learnsNothing(_ packet: PacketRef, _ bridge: UInt16) -> Bool {
        let source = packet.ethernet.source
        let port = packet.pointee.inInterface
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

    @inline(__always)
    private func trackFast(_ packet: PacketRef, _ connection: ConnectionRef, _ direction: Direction) -> TrackVerdict {
        packet.pointee.ipProtocol == 6
            ? trackTCP(packet, connection, direction, .prerouting) : trackUDP(packet, connection, direction, .prerouting)
    }

    /// Both rewritings of NAT, and one hop.
    @inline(__always)
    func transform(
        _ packet: PacketRef, _ way: UnsafeMutablePointer<Trajectory>, _ connection: ConnectionRef, _ direction: Direction
    ) {
        if way.pointee.rewritesSource || way.pointee.rewritesDestination {
            let target = node.pointee.connections.tuple(of: connection, direction.opposite)
            let change = AddressChange(packet)
            change.apply(
                source: way.pointee.rewritesSource ? (target.destination, target.destinationPort) : nil,
                destination: way.pointee.rewritesDestination ? (target.source, target.sourcePort) : nil)
        }
        guard way.pointee.takesHop else { return }
        if packet.isIPv4 { packet.ipv4.decrementTTL() } else { packet.ipv6.hopLimit &-= 1 }
    }

    /// The frame goes out of its device, or into the tunnel.
    @inline(__always)
    private func leave(_ packet: PacketRef, _ way: UnsafeMutablePointer<Trajectory>) -> FastOutcome {
        let start = packet.networkPointer - 14
        start.storeBE64(way.pointee.ethernetHigh, at: 0)
        start.storeBE32(way.pointee.ethernetMiddle, at: 8)
        start.storeBE16(way.pointee.ethernetType, at: 12)
        if way.pointee.isOverlay {
            packet.pointee.mac = packet.pointee.network &- 14
            packet.pointee.outInterface = way.pointee.outInterface
            packet.pointee.mark = way.pointee.mark
            return .transmit
        }
        node.pointee.outputs.append(
            start, packet.length &+ 14, interface: way.pointee.outInterface, cause: packet.pointee.cause,
            time: node.pointee.now, mark: way.pointee.mark)
        node.pointee.outcomes.count(.transmitted)
        node.pointee.pool.give(back: packet)
        return .sent
    }
}
