import HawseModel
import HawseWire

extension Walk {
    /// `nf_conntrack_icmp_packet` / `nf_conntrack_icmpv6_packet`: only requests begin a connection.
    @inline(__always)
    func trackICMP(_ packet: PacketRef, _ connection: ConnectionRef, _ direction: Direction) -> TrackVerdict {
        let type = UInt8(truncatingIfNeeded: connection.pointee.originalPorts >> 8)
        let timeouts = node.pointee.connections.timeouts(of: connection)
        if packet.isIPv4 {
            guard type == 8 || type == 13 || type == 15 || type == 17 else { return .invalid }
            refresh(packet, connection, direction, timeouts.pointee.icmp)
        } else {
            guard connection.pointee.isConfirmed || type == 128 || type == 139 else { return .invalid }
            refresh(packet, connection, direction, timeouts.pointee.icmpv6)
        }
        return .accept
    }

    /// `nf_conntrack_handle_icmp`: checks the message, and finds the connection an error is about. True: go on with
    /// the normal lookup; false: the packet is done with (related, untracked or INVALID).
    func trackICMPError(_ packet: PacketRef, _ template: ConnectionTemplate, _ hook: Hook) -> Bool {
        switch (packet.isIPv4, packet.pointee.ipProtocol) {
        case (true, .icmp): trackICMPv4Error(packet, template, hook)
        case (false, .icmpv6): trackICMPv6Error(packet, template, hook)
        default: true
        }
    }

    private func trackICMPv4Error(_ packet: PacketRef, _ template: ConnectionTemplate, _ hook: Hook) -> Bool {
        guard packet.transportLength >= 8 else { return false }
        if isChecksumWrong(packet, hook, .icmp) { return false }
        switch packet.icmp.type {
        case 3, 4, 5, 11, 12:
            trackQuoted(packet, template, quotation: 8)
            return false
        case 0...18: return true
        default: return false
        }
    }

    private func trackICMPv6Error(_ packet: PacketRef, _ template: ConnectionTemplate, _ hook: Hook) -> Bool {
        guard packet.transportLength >= 8 else { return false }
        if isChecksumWrong(packet, hook, .icmpv6) { return false }
        switch packet.icmp.type {
        case 130...136, 143, 151, 152:
            // Multicast listener and neighbour discovery, router discovery: never tracked.
            packet.pointee.connectionInfo = .untracked
            return false
        case 137: return trackRedirect(packet, template)
        case 128...255: return true
        default:
            trackQuoted(packet, template, quotation: 8)
            return false
        }
    }

    /// `nf_conntrack_icmpv6_redirect`: the redirected packet is in an option.
    private func trackRedirect(_ packet: PacketRef, _ template: ConnectionTemplate) -> Bool {
        guard packet.transportLength >= 40 else { return false }
        if packet.icmp.code != 0 { return true }
        guard packet.ipv6.hopLimit == 255, packet.ipv6.source.high >> 54 == 0x3fa else { return false }
        guard packet.transportLength >= 42, packet.transportPointer.load8(at: 41) != 0 else { return false }
        if packet.transportPointer.load8(at: 40) != 4 { return true }
        trackQuoted(packet, template, quotation: 48)
        return false
    }

    /// `nf_conntrack_inet_error`: the quoted packet's connection; the error is RELATED when it goes to where the
    /// quoted packet came from.
    private func trackQuoted(_ packet: PacketRef, _ template: ConnectionTemplate, quotation: Int) {
        let count = packet.transportLength - quotation
        guard count > 0,
            let quoted = Tuple(
                quoted: UnsafeRawPointer(packet.transportPointer) + quotation, count: count,
                version: packet.pointee.version),
            let inner = quoted.inverted
        else { return }
        let now = node.pointee.now
        let found = node.pointee.connections.find(inner, template.zones, now: now)
        guard let (connection, direction) = found, inner.destination == packet.destinationBits else { return }
        attach(packet, connection, direction == .reply ? .relatedReply : .related)
        noteConnection(packet)
    }
}
