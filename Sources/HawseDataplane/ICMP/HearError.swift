import HawseModel
import HawseWire

extension Walk {
    /// `icmp_unreach`, `icmp_redirect`: an error about a packet of ours. Sockets hear of it, and some of them teach the
    /// routes: UDP sockets bound to the quoted port, and the kernel's own that sends echo replies (`icmp_err`).
    func hearError4(_ packet: PacketRef) {
        guard packet.transportLength >= 8 + 20 else { return }
        let quotedLength = packet.transportLength - 8
        let quoted = IPv4Header(packet.transportPointer + 8)
        guard quoted.headerLength >= 20, quotedLength >= quoted.headerLength + 8 else { return }
        let type = packet.icmp.type
        let isTooBig = type == ICMPType.destinationUnreachable && packet.icmp.code == ICMPUnreachableCode.fragmentationNeeded
        let isTunnels = quoted.protocolNumber == .ipip && node.pointee.interfaces.hasTunnels
        if isTunnels, !isTooBig { countTunnelError(packet, quoted) }
        guard isTooBig || type == ICMPType.redirect else { return }
        guard !quoted.isLaterFragment, concernsUs(quoted, packet) else { return }
        var q = RouteQuestion(destination: quoted.destinationBits, source: quoted.sourceBits, tos: quoted.tos & 0xfc)
        q.inInterface = node.pointee.routing.loopback
        q.ipProtocol = quoted.protocolNumber
        guard addressKind(q.source, family: .ipv4, on: 0) == .local else { return }
        if isTooBig {
            switch node.pointee.settings.pathMTUMode {
            case 0: learnPathMTU(q, isIPv4: true, mtu: packet.icmp.rest & 0xffff)
            // Not believed; 3: except where the protocol can check the quotation, as neither UDP nor ICMP can.
            case 2, 3: return
            // The value is not looked at: the route gets the smallest.
            default: learnPathMTU(q, isIPv4: true, mtu: 0)
            }
        } else {
            hearRedirect4(packet, q)
        }
    }

    /// Whether some socket of the kernel feels addressed by a quotation.
    private func concernsUs(_ quoted: IPv4Header, _ packet: PacketRef) -> Bool {
        let transport = quoted.base + quoted.headerLength
        switch quoted.protocolNumber {
        case .ipip: return isTunnel(quoted)
        case .icmp: return transport.load8(at: 0) == ICMPType.echoReply
        case .udp:
            let end = packet.transportPointer + packet.transportLength
            return isUDPSocket(.ipv4, address: quoted.sourceBits, UDPHeader(transport), length: end - transport)
        default: return false
        }
    }

    /// `ipip_err`: a tunnel of ours sends to there.
    private func isTunnel(_ quoted: IPv4Header) -> Bool {
        tunnel(local: quoted.sourceBits, remote: quoted.destinationBits) != nil
    }

    /// `__udp4_lib_err`: a socket at the quoted source port, or a tunnel's at the destination port, which wants to see an
    /// identifier of its own (`vxlan_err_lookup`).
    private func isUDPSocket(_ family: AddressFamily, address: AddressBits, _ quoted: UDPHeader, length: Int) -> Bool {
        if node.pointee.sockets.find(ipProtocol: .udp, family: family, address: address, port: quoted.sourcePort) != nil {
            return true
        }
        guard length >= UDPHeader.length + VXLANHeader.length else { return false }
        let vxlan = VXLANHeader(quoted.base + UDPHeader.length)
        return vxlan.hasVNI
            && node.pointee.vxlan.find(port: quoted.destinationPort, version: family.rawValue, vni: vxlan.vni) != nil
    }

    /// `__ip_do_redirect`: believed when it comes from the gateway that the route has, and names a neighbour.
    private func hearRedirect4(_ packet: PacketRef, _ q: RouteQuestion) {
        let device = node.pointee.interfaces[packet.pointee.inInterface]
        let gateway = AddressBits(ipv4: packet.icmp.rest)
        let value = gateway.ipv4
        guard packet.icmp.code <= 3, device.pointee.acceptsRedirects, value != packet.ipv4.source else { return }
        guard value >> 28 != 0xe, value != .max, value >> 24 != 0 else { return }
        let route = withExceptions(tableRoute4(q), q.destination, isIPv4: true)
        guard route.kind == .unicast, route.gatewayVersion == 4, route.gateway.ipv4 == packet.ipv4.source else { return }
        if device.pointee.hasSharedMedia {
            guard addressKind(gateway, family: .ipv4, on: 0) == .unicast else { return }
        } else {
            guard areOnLink(gateway, AddressBits(ipv4: packet.ipv4.source), packet.pointee.inInterface) else { return }
            if device.pointee.secureRedirects, !isDefaultGateway(gateway, packet.pointee.inInterface) { return }
        }
        let handle = neighbourEntry(gateway, route.outInterface, version: 4)
        guard handle >= 0 else { return }
        if node.pointee.neighbours.entries[Int(handle)].isValid {
            learnGateway(q, isIPv4: true, gateway, until: node.pointee.now + .seconds(300))
        } else {
            askFor(handle)
        }
    }

    /// `ip_fib_check_default`.
    private func isDefaultGateway(_ gateway: AddressBits, _ device: UInt16) -> Bool {
        let tables = node.pointee.routing.tables4
        return (0..<tables.entryCount).contains { index in
            let entry = tables.entries[index]
            guard entry.length == 0, entry.kind == .unicast else { return false }
            return (Int(entry.firstHop)..<Int(entry.firstHop + entry.hopCount)).contains {
                tables.hops[$0].device == device && tables.hops[$0].gatewayVersion == 4 && tables.hops[$0].gateway == gateway
            }
        }
    }

    /// `icmpv6_notify` about a packet that was too big: any quoted ICMPv6 message teaches (`icmpv6_err`), UDP where a
    /// socket is.
    func hearTooBig6(_ packet: PacketRef) {
        guard packet.transportLength >= 8 + 40 else { return }
        let quoted = packet.transportPointer + 8
        let walk = IPv6ExtensionWalk.find(quoted, length: packet.transportLength - 8)
        guard walk.outcome == .found, !walk.isLaterFragment else { return }
        let header = IPv6Header(quoted)
        switch walk.protocolNumber {
        case .icmpv6: break
        case .udp:
            let length = packet.transportLength - 8 - walk.offset
            guard length >= UDPHeader.length,
                isUDPSocket(.ipv6, address: header.source, UDPHeader(quoted + walk.offset), length: length)
            else { return }
        default: return
        }
        var q = RouteQuestion(destination: header.destination, source: header.source)
        q.inInterface = node.pointee.routing.loopback
        learnPathMTU(q, isIPv4: false, mtu: packet.icmp.rest)
    }
}
