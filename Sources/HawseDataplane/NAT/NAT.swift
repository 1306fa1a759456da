import HawseModel
import HawseWire

extension Walk {
    /// `nf_nat_inet_fn` with the nat table behind it: sets up the binding on first sight, then rewrites by it.
    ///
    /// PREROUTING and OUTPUT change destinations, INPUT and POSTROUTING sources; in the reply direction the same hooks
    /// undo the other manipulation.
    @inline(__always)
    func nat(_ packet: PacketRef, _ family: UnsafeMutablePointer<NetfilterFamily>, at hook: Hook) -> Verdict {
        guard packet.pointee.connection != 0, family.pointee.has(.nat, hook) else { return .accept }
        let connection = node.pointee.connections[packet.pointee.connection]
        let manip: NATManip = hook == .postrouting || hook == .input ? .source : .destination
        let info = packet.pointee.connectionInfo
        if info == .established || info == .establishedReply {
            if hook == .postrouting, info == .established, hasMoved(packet, connection) {
                return endMoved(packet, connection)
            }
            // Nothing to rewrite, and no route to choose again.
            if connection.pointee.status.isDisjoint(with: .natMask) { return .accept }
            return natRewrite(packet, connection, manip, hook)
        }
        return natFirst(packet, family, connection, manip, hook)
    }

    /// A packet that is not of an established connection: new, expected, or an ICMP error about one.
    @inline(never)
    private func natFirst(
        _ packet: PacketRef, _ family: UnsafeMutablePointer<NetfilterFamily>, _ connection: ConnectionRef,
        _ manip: NATManip, _ hook: Hook
    ) -> Verdict {
        let info = packet.pointee.connectionInfo
        if info == .related || info == .relatedReply, isICMP(packet) {
            guard translateICMPError(packet, connection, manip, hook) else {
                packet.pointee.disposition = .dropped(.natFailed)
                return .drop
            }
            return natRouteAgain(packet, connection, hook)
        }
        let done: ConnectionStatus = manip == .source ? .sourceNATDone : .destinationNATDone
        if !connection.pointee.status.contains(done) {
            voidRecording()
            var verdict = evaluate(packet, family, .nat, hook)
            if verdict != .accept { return verdict }
            if !connection.pointee.status.contains(done) {
                verdict = natNullBinding(packet, connection, manip)
                if verdict != .accept { return verdict }
            }
        } else if hook == .postrouting, !info.isReply, hasMoved(packet, connection) {
            return endMoved(packet, connection)
        }
        return natRewrite(packet, connection, manip, hook)
    }

    @inline(__always)
    private func isICMP(_ packet: PacketRef) -> Bool { packet.pointee.ipProtocol == (packet.isIPv4 ? .icmp : .icmpv6) }

    /// `nf_nat_packet`, and at OUTPUT the new route.
    @inline(__always)
    private func natRewrite(
        _ packet: PacketRef, _ connection: ConnectionRef, _ manip: NATManip, _ hook: Hook
    ) -> Verdict {
        let direction: Direction = packet.pointee.connectionInfo.isReply ? .reply : .original
        if needsRewrite(connection, manip, direction) {
            guard let target = node.pointee.connections.tuple(of: connection, direction.opposite).inverted,
                PacketManipulation(
                    ip: packet.networkPointer, end: packet.pointee.buffer + Int(packet.pointee.end),
                    version: packet.pointee.version
                ).apply(target, manip)
            else {
                packet.pointee.disposition = .dropped(.natFailed)
                return .drop
            }
            noteRewrite(packet, target, manip)
        }
        return hook == .output ? natRouteAgain(packet, connection, hook) : .accept
    }

    /// Whether this manipulation is what the connection has in this direction.
    @inline(__always)
    private func needsRewrite(_ connection: ConnectionRef, _ manip: NATManip, _ direction: Direction) -> Bool {
        let wantsSource = (manip == .source) == (direction == .original)
        return connection.pointee.status.contains(wantsSource ? .sourceNAT : .destinationNAT)
    }

    /// `nf_nat_ipv4_local_fn`: a local packet whose destination differs from what was routed is routed again.
    @inline(__always)
    private func natRouteAgain(_ packet: PacketRef, _ connection: ConnectionRef, _ hook: Hook) -> Verdict {
        guard hook == .output else { return .accept }
        let direction: Direction = packet.pointee.connectionInfo.isReply ? .reply : .original
        guard node.pointee.connections.tuple(of: connection, direction).destination
            != node.pointee.connections.tuple(of: connection, direction.opposite).source
        else { return .accept }
        guard routeAgain(packet) else {
            packet.pointee.disposition = .dropped(.noRoute)
            return .drop
        }
        return .accept
    }

    /// `nf_nat_oif_changed`: a masqueraded connection that now leaves by another device.
    @inline(__always)
    private func hasMoved(_ packet: PacketRef, _ connection: ConnectionRef) -> Bool {
        let device = node.pointee.connections.masquerade(connection)
        return device != 0 && device != packet.pointee.outInterface
    }

    private func endMoved(_ packet: PacketRef, _ connection: ConnectionRef) -> Verdict {
        account(packet, connection, .original)
        node.pointee.connections.remove(connection)
        packet.pointee.disposition = .dropped(.natFailed)
        return .drop
    }

    /// `nf_nat_icmp_reply_translation` / `nf_nat_icmpv6_reply_translation`: an error about a connection with NAT. The
    /// quoted packet is changed back into what its sender sent, the error itself as if it came from the peer.
    ///
    /// The checksum must be right, but nobody adds it up again at POSTROUTING when OUTPUT has done so, or PREROUTING on top of
    /// conntrack.
    private func translateICMPError(
        _ packet: PacketRef, _ connection: ConnectionRef, _ manip: NATManip, _ hook: Hook
    ) -> Bool {
        let direction: Direction = packet.pointee.connectionInfo.isReply ? .reply : .original
        let isIPv4 = packet.isIPv4
        let quotation = 8
        guard packet.transportLength >= quotation + (isIPv4 ? 20 : 40) else { return false }
        let length = packet.transportLength
        let protocolNumber: IPProtocol = isIPv4 ? .icmp : .icmpv6
        if isSumKept(packet, hook) { packet.pointee.flags.insert(.checksumUnnecessary) }
        if !packet.pointee.flags.contains(.checksumUnnecessary), hook != .postrouting || !packet.pointee.flags.contains(.local) {
            guard
                TransportChecksum.isValid(
                    packet.transportPointer, length: length, protocolNumber: protocolNumber, family: packet.family,
                    source: packet.sourceBits, destination: packet.destinationBits)
            else { return false }
            // Added up as the header is now.
            packet.pointee.headerSum = 0
        }
        let status = connection.pointee.status
        if packet.icmp.type == (isIPv4 ? 5 : 137) {
            // A redirect for a connection with NAT would name the wrong hosts.
            guard status.isSuperset(of: .natDoneMask), status.isDisjoint(with: .natMask) else { return false }
        }
        guard needsRewrite(connection, manip, direction) else { return true }
        let other = node.pointee.connections.tuple(of: connection, direction.opposite)
        let end = packet.pointee.buffer + Int(packet.pointee.end)
        let inner = PacketManipulation(
            ip: packet.transportPointer + quotation, end: end, version: packet.pointee.version,
            isPartial: packet.pointee.flags.contains(.checksumPartial))
        guard inner.apply(other, manip == .source ? .destination : .source) else { return false }
        // A quoted SCTP header whole enough for its CRC: `sctp_manip_pkt` forgets that the packet was added up.
        if !isIPv4, other.ipProtocol == .sctp, length >= quotation + 52, !inner.isPartial {
            packet.pointee.headerSum = 1
            packet.pointee.flags.remove(.checksumUnnecessary)
        }
        TransportChecksum.store(
            packet.transportPointer, length: length, protocolNumber: protocolNumber, family: packet.family,
            source: packet.sourceBits, destination: packet.destinationBits)
        guard var target = other.inverted else { return false }
        target.ipProtocol = protocolNumber
        return PacketManipulation(ip: packet.networkPointer, end: end, version: packet.pointee.version)
            .apply(target, manip)
    }

    /// `nf_ip6_checksum` believes the sum over the whole packet that conntrack or OUTPUT has left. A changed address (SNPT,
    /// DNPT) does not show, as it stands in the header and in the pseudo header; other changes of the header do.
    private func isSumKept(_ packet: PacketRef, _ hook: Hook) -> Bool {
        guard packet.isIPv6, hook == .prerouting || hook == .input else { return false }
        guard packet.pointee.headerSum == 0 || packet.pointee.headerSum == 0xffff else { return false }
        return packet.pointee.flags.contains(.local) || isVerified(packet, .icmpv6)
    }
}
