import HawseModel
import HawseWire

extension Walk {
    /// `ip_tunnel_xmit`: IPv4 in IPv4. Without a fixed remote end the packet's gateway is the other end.
    func ipipTransmit(_ packet: PacketRef) -> Stage {
        let device = node.pointee.interfaces[packet.pointee.outInterface]
        guard packet.isIPv4, packet.pointee.generation < 16 else { return drop(packet, .loop) }
        var remote = device.pointee.tunnelRemote
        if remote.isZero {
            remote = packet.pointee.route.gatewayVersion == 4 ? packet.pointee.route.gateway : packet.destinationBits
        }
        let inner = packet.ipv4
        var tos = device.pointee.tunnelTOS
        if tos & 1 != 0 { tos = inner.tos }
        // The mark is the tunnel's own (`fwmark`), which has none.
        let route = lookupOutput(
            family: .ipv4, source: device.pointee.tunnelLocal, destination: remote, mark: 0, tos: tos, out: 0,
            anySource: false)
        guard route.kind == .unicast || route.kind == .local, route.outInterface != device.pointee.index else {
            return drop(packet, .noRoute)
        }
        let setsDF = device.pointee.tunnelSetsDF || inner.dontFragment
        if setsDF, let stage = updateTunnelMTU(packet, routeMTU(route) - 20) { return stage }
        if device.pointee.tunnelErrors > 0 { tellTunnelError(packet, device) }
        let ecn = inner.tos & 3 == 3 ? 2 : inner.tos & 3
        let source = device.pointee.tunnelLocal.isZero ? route.source : device.pointee.tunnelLocal
        let ttl = device.pointee.tunnelTTL != 0 ? device.pointee.tunnelTTL : inner.ttl
        becomeOuter(packet, packet.pointee.network, route, .ipv4)
        writeIPv4(
            packet, protocolNumber: .ipip, source: source.ipv4, destination: remote.ipv4, tos: tos & 0xfc | ecn, ttl: ttl,
            dontFragment: setsDF && !route.hasLockedMTU, identification: newIdentification())
        note(packet, .encapsulated("ipip to \(IPAddress(family: .ipv4, bits: remote))"))
        return .output
    }

    /// `tnl_update_pmtu`: the way into the tunnel takes what fits into outer packets; a packet that may not be cut and does
    /// not fit is refused.
    private func updateTunnelMTU(_ packet: PacketRef, _ mtu: Int) -> Stage? {
        let told = UInt32(clamping: mtu)
        noteLimit(mtu, packet)
        if packet.pointee.route.kind == .unicast, mtu < routeMTU(packet.pointee.route) {
            voidRecording()
            var q = RouteQuestion(
                destination: packet.destinationBits, source: packet.sourceBits, mark: packet.pointee.mark,
                tos: packet.ipv4.tos & 0xfc)
            q.inInterface = node.pointee.routing.loopback
            q.outInterface = packet.pointee.outInterface
            learnPathMTU(q, isIPv4: true, mtu: told)
        }
        guard packet.ipv4.dontFragment, packet.length > mtu, !packet.pointee.flags.contains(.gso) else { return nil }
        answerBehindTranslation(packet) {
            sendICMPError(
                about: packet, type: ICMPType.destinationUnreachable, code: ICMPUnreachableCode.fragmentationNeeded, info: told)
        }
        return drop(packet, .packetTooBig)
    }

    /// `icmp_ndo_send`: the packet has been translated already; who sent it hears of it under the address that it has.
    private func answerBehindTranslation(_ packet: PacketRef, _ answer: () -> Void) {
        guard packet.pointee.connection != 0 else { return answer() }
        let connection = node.pointee.connections[packet.pointee.connection]
        guard !connection.pointee.status.isDisjoint(with: ConnectionStatus.natMask) else { return answer() }
        let source = packet.sourceBits
        let isReply = packet.pointee.connectionInfo.isReply
        let tuple = node.pointee.connections.tuple(of: connection, isReply ? .reply : .original)
        packet.ipv4.source = tuple.source.ipv4
        answer()
        packet.ipv4.source = source.ipv4
    }

    /// An error about an earlier packet that said nothing to its sender: this one is told, and goes its way.
    private func tellTunnelError(_ packet: PacketRef, _ device: UnsafeMutablePointer<Interface>) {
        voidRecording()
        // `IPTUNNEL_ERR_TIMEO`
        guard node.pointee.now < device.pointee.tunnelErrorTime + .seconds(30) else {
            device.pointee.tunnelErrors = 0
            return
        }
        device.pointee.tunnelErrors -= 1
        linkFailure(packet)
    }

    /// `ipip_err`: an error about an outer packet. Path MTU and redirects are the routes' business, as for any packet of
    /// the node; the rest is counted for tunnels that know their other end.
    func countTunnelError(_ packet: PacketRef, _ quoted: IPv4Header) {
        guard let index = tunnel(local: quoted.sourceBits, remote: quoted.destinationBits) else { return }
        let device = node.pointee.interfaces[index]
        let (type, code) = (packet.icmp.type, packet.icmp.code)
        switch type {
        case ICMPType.destinationUnreachable where code <= 15 && code != 5: break
        case ICMPType.timeExceeded where code == 0 && device.pointee.tunnelTTL != 0: break
        default: return
        }
        guard !device.pointee.tunnelRemote.isZero else { return }
        let now = node.pointee.now
        node.pointee.flows.invalidate()
        device.pointee.tunnelErrors = now < device.pointee.tunnelErrorTime + .seconds(30) ? device.pointee.tunnelErrors + 1 : 1
        device.pointee.tunnelErrorTime = now
    }

    /// The tunnel a packet of protocol 4 is for (`ip_tunnel_lookup`): both ends, then the remote, then the local end.
    func tunnel(for packet: PacketRef) -> UInt16? {
        tunnel(local: packet.destinationBits, remote: packet.sourceBits)
    }

    func tunnel(local destination: AddressBits, remote source: AddressBits) -> UInt16? {
        guard node.pointee.interfaces.hasTunnels else { return nil }
        var best: (rank: Int, index: UInt16)?
        for index in 1..<UInt16(node.pointee.interfaces.count) {
            let device = node.pointee.interfaces[index]
            guard device.pointee.kind == .ipip, device.pointee.isUp else { continue }
            let local = device.pointee.tunnelLocal
            let remote = device.pointee.tunnelRemote
            guard local.isZero || local == destination, remote.isZero || remote == source else { continue }
            let rank = (remote.isZero ? 0 : 2) + (local.isZero ? 0 : 1)
            if rank > best?.rank ?? -1 { best = (rank, index) }
        }
        return best?.index
    }

    /// `ip_tunnel_rcv`: the inner packet comes in on the tunnel device.
    func tunnelReceive(_ packet: PacketRef, _ device: UInt16) -> Stage {
        guard packet.transportLength >= 20 else { return drop(packet, .ipTruncated) }
        let outer = packet.ipv4.tos
        guard decapsulateECN(packet.transportPointer, isIPv4: true, outer: outer) else {
            return drop(packet, .vxlanECN)
        }
        let start = packet.pointee.transport
        becomeInner(packet, frame: start - 14, device: device)
        packet.pointee.mac = -1
        packet.pointee.network = start
        packet.pointee.etherType = .ipv4
        packet.pointee.packetType = .host
        packet.pointee.flags.remove(.hasEthernet)
        note(packet, .decapsulated("ipip"))
        enqueueAgain(packet)
        return .held
    }
}
