import HawseModel
import HawseWire

extension Walk {
    /// `nf_conntrack_udp_packet`: replied to is 30 s as well, until traffic has gone on for two seconds; then the
    /// connection is a stream: 120 s, and ASSURED.
    @inline(__always)
    func trackUDP(
        _ packet: TrackedHeaders, _ connection: ConnectionRef, _ direction: Direction, _ hook: Hook
    ) -> TrackVerdict {
        let length = packet.transportLength
        guard length >= 8 else { return .invalid }
        let udp = UDPHeader(packet.transport)
        let claimed = Int(udp.datagramLength)
        guard claimed <= length, claimed >= 8 else { return .invalid }
        if udp.checksum != 0, isChecksumWrong(packet, hook, .udp) { return .invalid }
        renewUDP(connection, direction, length: packet.length)
        return .accept
    }

    /// The datagram counts: a new lease, and perhaps a stream by now. `length`: IP bytes.
    @inline(__always)
    func renewUDP(_ connection: ConnectionRef, _ direction: Direction, length: Int) {
        let now = node.pointee.now
        let status = connection.pointee.status
        if !status.contains(.confirmed) { connection.pointee.streamAfter = now + .seconds(2) }
        let timeouts = node.pointee.connections.timeouts(of: connection)
        guard status.contains(.seenReply) else {
            refresh(connection, direction, length: length, timeouts.pointee.udp)
            return
        }
        let isStream = now > connection.pointee.streamAfter
        let timeout = isStream ? timeouts.pointee.udpStream : timeouts.pointee.udp
        refresh(connection, direction, length: length, timeout)
        if isStream, !status.contains(.natClash) { connection.pointee.status.insert(.assured) }
    }

    /// `nf_conntrack_udplite_packet`: like UDP, but the checksum is a must and the first reply makes a stream.
    func trackUDPLite(
        _ packet: PacketRef, _ connection: ConnectionRef, _ direction: Direction, _ hook: Hook
    ) -> TrackVerdict {
        let length = packet.transportLength
        guard length >= 8 else { return .invalid }
        let udp = packet.udp
        let coverage = Int(udp.datagramLength)
        guard coverage == 0 || (coverage >= 8 && coverage <= length), udp.checksum != 0 else { return .invalid }
        if hook == .prerouting, node.pointee.connections.settings.checksum,
            !isUDPLiteIntact(packet, coverage: coverage == 0 ? length : coverage)
        {
            return .invalid
        }
        let timeouts = node.pointee.connections.timeouts(of: connection)
        guard connection.pointee.status.contains(.seenReply) else {
            refresh(packet, connection, direction, timeouts.pointee.udplite)
            return .accept
        }
        refresh(packet, connection, direction, timeouts.pointee.udpliteStream)
        if !connection.pointee.status.contains(.natClash) { connection.pointee.status.insert(.assured) }
        return .accept
    }

    /// `udplite_error` has the checksum read with UDP's number in the pseudo header, as Linux 6.18 does it: what is right by
    /// RFC 3828 is wrong here.
    private func isUDPLiteIntact(_ packet: PacketRef, coverage: Int) -> Bool {
        var sum = UInt64(InternetChecksum.sum(packet.transportPointer, count: coverage))
        sum += InternetChecksum.pseudoHeader(
            family: packet.family, source: packet.sourceBits, destination: packet.destinationBits, protocolNumber: .udp,
            length: packet.transportLength)
        return InternetChecksum.fold(sum) == 0xffff
    }
}
