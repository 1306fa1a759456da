import HawseModel
import HawseWire

extension Walk {
    /// Destination unreachable, source quench or time exceeded; for IPv6 any error.
    private func isRelevantError(_ packet: PacketRef) -> Bool {
        let type = packet.icmp.type
        if packet.isIPv6 { return type & 0x80 == 0 }
        return type == ICMPType.destinationUnreachable || type == ICMPType.sourceQuench || type == ICMPType.timeExceeded
    }

    /// `nf_checksum`: of an IPv4 packet all is summed, the IP header too, whose checksum does not yet know of options that
    /// were filled in on the way: such an error is dropped, unless conntrack has found it right at its arrival (`csum_valid`).
    private func hasRightChecksum(_ packet: PacketRef, at hook: Hook) -> Bool {
        let isSummed = hook != .output && node.pointee.netfilter(packet).pointee.usesConntrack
            && node.pointee.connections.settings.checksum
        if packet.isIPv4, isSummed {
            return InternetChecksum.sum(packet.transportPointer, count: packet.transportLength) == 0xffff
        }
        if packet.isIPv4 { return InternetChecksum.sum(packet.networkPointer, count: packet.length) == 0xffff }
        return TransportChecksum.isValid(
            packet.transportPointer, length: packet.transportLength, protocolNumber: .icmpv6, family: .ipv6,
            source: packet.sourceBits, destination: packet.destinationBits)
    }

    /// Reassembles, and makes sure that there is an ICMP header. `nil`: go on.
    private func prepareICMP(_ packet: PacketRef, at hook: Hook) -> Verdict? {
        if packet.isIPv4, packet.ipv4.fragmentField & 0x3fff != 0 {
            let verdict = ipvsGather(packet, at: hook)
            if verdict != .accept { return verdict }
        }
        return packet.transportLength >= 8 ? nil : ipvsDrop(packet, .transportMalformed)
    }

    /// `ip_vs_out_icmp`: an error about a request that a real server, or a router before it, sends.
    @inline(never)
    func ipvsOutgoingICMP(_ packet: PacketRef, at hook: Hook) -> (verdict: Verdict, isRelated: Bool) {
        if let verdict = prepareICMP(packet, at: hook) { return (verdict, true) }
        guard isRelevantError(packet) else { return (.accept, false) }
        if packet.isIPv6, packet.pointee.fragmentOffset != 0 { return (ipvsDrop(packet, .icmpUnwanted), true) }
        guard let quoted = IPVSHeader(quotedIn: packet, at: packet.pointee.transport + 8, isInverse: true),
            quoted.isSupported, let flow = quoted.incomingFlow(packet),
            let connection = node.pointee.ipvs.connections.findOutgoing(flow)
        else { return (.accept, true) }
        if connection.pointee.forwarding == .masquerade {
            guard hasRightChecksum(packet, at: hook) else { return (ipvsDrop(packet, .checksum), true) }
            guard translateICMP(packet, connection, quoted, isReply: true) else {
                return (ipvsDrop(packet, .transportMalformed), true)
            }
            guard routeReply(packet, at: hook) else { return (.drop, true) }
        }
        packet.pointee.virtualConnection = node.pointee.ipvs.connections.handle(of: connection)
        node.pointee.ipvs.countOutgoing(connection, bytes: packet.length)
        packet.pointee.flags.insert(.ipvs)
        settleReplyConntrack(packet, connection)
        return (.accept, true)
    }

    /// `ip_vs_in_icmp`: an error about a reply that the client, or a router before it, sends; or one about a tunnel of
    /// ours.
    @inline(never)
    func ipvsIncomingICMP(_ packet: PacketRef, at hook: Hook) -> (verdict: Verdict, isRelated: Bool) {
        if let verdict = prepareICMP(packet, at: hook) { return (verdict, true) }
        guard isRelevantError(packet) else { return (.accept, false) }
        if packet.isIPv6, packet.pointee.fragmentOffset != 0 { return (ipvsDrop(packet, .icmpUnwanted), true) }
        guard var quoted = IPVSHeader(quotedIn: packet, at: packet.pointee.transport + 8, isInverse: true) else {
            return (.accept, true)
        }
        var isTunnel = false
        if packet.isIPv4 {
            switch peelTunnel(packet, quoted, at: hook) {
            case .plain: break
            case .unknown: return (.accept, true)
            case .inner(let inner):
                quoted = inner
                isTunnel = true
            }
        }
        guard quoted.isSupported, !(packet.isIPv6 && quoted.fragmentOffset != 0) else { return (.accept, true) }
        var connection = quoted.incomingFlow(packet).flatMap { node.pointee.ipvs.connections.findIncoming($0) }
        var isNew = false
        if connection == nil {
            if isTunnel || !node.pointee.ipvs.settings.scheduleICMP { return (.accept, true) }
            let (scheduled, verdict) = ipvsSchedule(packet, &quoted, at: hook)
            guard let scheduled else { return (verdict, true) }
            connection = scheduled
            isNew = true
        }
        guard let connection else { return (.accept, true) }
        let verdict = relayICMP(packet, connection, quoted, isTunnel: isTunnel, at: hook)
        if isNew { node.pointee.ipvs.restart(connection) }
        return (verdict, true)
    }

    private func relayICMP(
        _ packet: PacketRef, _ connection: VirtualConnectionRef, _ quoted: IPVSHeader, isTunnel: Bool, at hook: Hook
    ) -> Verdict {
        // What is not translated need not be right.
        if isTunnel || connection.pointee.forwarding == .masquerade, !hasRightChecksum(packet, at: hook) {
            return ipvsDrop(packet, .checksum)
        }
        if isTunnel { return reportTunnelError(packet, connection, quoted) }
        packet.pointee.virtualConnection = node.pointee.ipvs.connections.handle(of: connection)
        node.pointee.ipvs.countIncoming(connection, bytes: packet.length)
        if connection.pointee.forwarding != .masquerade {
            let verdict = ipvsTransmit(packet, connection, quoted, at: hook)
            connection.pointee.incomingPackets &+= 1
            return verdict
        }
        let route = ipvsRoute(
            packet, to: connection.pointee.destination, version: connection.pointee.version,
            server: connection.pointee.server,
            mode: hook == .forward ? .nonLocal : [.local, .nonLocal, .redirect], quoted)
        var isLocal = false
        switch route {
        case .failed(let reason): return ipvsDrop(packet, reason)
        case .local: isLocal = true
        case .remote: break
        }
        if isLocal, refusesLocal(packet, connection, at: hook) { return ipvsDrop(packet, .ipvsNoRoute) }
        guard translateICMP(packet, connection, quoted, isReply: false) else {
            return ipvsDrop(packet, .transportMalformed)
        }
        packet.pointee.flags.insert(.ipvs)
        settleRequestConntrack(packet, connection)
        return isLocal ? .accept : sendOut(packet)
    }

    // MARK: Tunnels

    private enum Peeled {
        case plain
        /// A tunnel, but none of ours.
        case unknown
        case inner(IPVSHeader)
    }

    /// An error about what a tunnel of ours sent: the original packet's header inside.
    private func peelTunnel(_ packet: PacketRef, _ outer: IPVSHeader, at hook: Hook) -> Peeled {
        let isLocal = packet.pointee.route.kind == .local
        switch outer.ipProtocol {
        case .ipip:
            guard outer.fragmentOffset == 0, isLocal,
                node.pointee.ipvs.findTunnel(4, outer.destination, kind: .ipip, port: 0) >= 0
            else { return .unknown }
            return inner(packet, at: outer.transport)
        case .udp:
            guard isLocal else { return .plain }
            guard outer.fragmentOffset == 0 else { return .unknown }
            guard let ports = outer.ports(packet), packet.pointee.end - outer.transport >= 12,
                node.pointee.ipvs.findTunnel(4, outer.destination, kind: .gue, port: ports.destination) >= 0
            else { return .plain }
            let gue = packet.pointee.buffer + Int(outer.transport) + 8
            let first = gue.load8(at: 0)
            guard first >> 6 == 0, first & 0x20 == 0, gue.load8(at: 1) == 4 else { return .plain }
            return inner(packet, at: outer.transport + 8 + 4 + Int32(first & 31) * 4)
        case .gre:
            guard isLocal else { return .plain }
            guard outer.fragmentOffset == 0 else { return .unknown }
            guard packet.pointee.end - outer.transport >= 4,
                node.pointee.ipvs.findTunnel(4, outer.destination, kind: .gre, port: 0) >= 0
            else { return .plain }
            let gre = packet.pointee.buffer + Int(outer.transport)
            let flags = gre.loadBE16(at: 0)
            guard flags & 0x7fff == 0, gre.loadEtherType(at: 2) == .ipv4 else { return .plain }
            return inner(packet, at: outer.transport + (flags & 0x8000 != 0 ? 8 : 4))
        default: return .plain
        }
    }

    private func inner(_ packet: PacketRef, at offset: Int32) -> Peeled {
        guard let header = IPVSHeader(quotedIn: packet, at: offset, isInverse: false) else { return .unknown }
        return .inner(header)
    }

    /// The client is told what the tunnel's way said, with the packet that it sent.
    private func reportTunnelError(
        _ packet: PacketRef, _ connection: VirtualConnectionRef, _ quoted: IPVSHeader
    ) -> Verdict {
        let icmp = packet.icmp
        let (type, code) = (icmp.type, icmp.code)
        var info = icmp.rest
        if type == ICMPType.destinationUnreachable, code == 4 {
            var mtu = node.pointee.ipvs.learnPathMTU(connection.pointee.server, Int32(icmp.mtu16))
            // A client that lets its packets be cut is not told.
            let inner = IPv4Header(packet.pointee.buffer + Int(quoted.network))
            guard inner.fragmentField & 0x4000 != 0 else { return ipvsDrop(packet, .icmpUnwanted) }
            // Whatever the tunnel is, one IP header is what the kernel takes off.
            if mtu > 68 + 20 { mtu -= 20 }
            info = UInt32(clamping: mtu)
        }
        packet.pointee.network = quoted.network
        packet.pointee.transport = quoted.transport
        packet.pointee.ipProtocol = quoted.ipProtocol
        packet.pointee.fragmentOffset = quoted.fragmentOffset
        sendICMPError(about: packet, type: type, code: code, info: info)
        node.pointee.ipvs.countOutgoing(connection, bytes: packet.length)
        packet.pointee.disposition = .consumed
        return .drop
    }
}

extension IPVSState {
    /// `ipv4_update_pmtu` for the way to a tunnel's end, and what the server's route says afterwards: one that was looked
    /// up before the first such error knows nothing of it yet.
    mutating func learnPathMTU(_ server: Int32, _ reported: Int32) -> Int32 {
        guard server >= 0 else { return reported }
        let s = servers[server]
        let known = pathMTU(server)
        let old = known != 0 ? known : s.pointee.boundMTU
        // `min_pmtu`
        let new = reported < 552 ? min(old, 552) : reported
        if old == 0 || old >= reported {
            for number in 0..<Int32(servers.highest) {
                let other = servers[number]
                guard other.pointee.address == s.pointee.address, other.pointee.version == s.pointee.version else { continue }
                other.pointee.pathMTU = new
                other.pointee.pathMTUEnd = jiffy + 600 * Jiffies.perSecond
                if other.pointee.isBoundToPathMTU { other.pointee.boundMTU = new }
            }
        }
        return s.pointee.boundMTU != 0 ? s.pointee.boundMTU : reported
    }

    /// The MTU that errors from the way to a tunnel's end have taught; 0: none, or too long ago.
    func pathMTU(_ server: Int32) -> Int32 {
        let s = servers[server]
        return jiffy < s.pointee.pathMTUEnd ? s.pointee.pathMTU : 0
    }
}
