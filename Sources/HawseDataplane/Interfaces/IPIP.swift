import HawseModel
import HawseWire

extension Walk {
    /// `ipip_tunnel_xmit`: IPv4 in IPv4, TTL and ECN from inside, DF set. Without a fixed remote end the packet's
    /// gateway is the other end.
    func ipipTransmit(_ packet: PacketRef) -> Stage {
        let device = node.pointee.interfaces[packet.pointee.outInterface]
        guard packet.isIPv4, packet.pointee.generation < 16 else { return drop(packet, .loop) }
        var remote = device.pointee.tunnelRemote
        if remote.isZero {
            remote = packet.pointee.route.gatewayVersion == 4 ? packet.pointee.route.gateway : packet.destinationBits
        }
        let inner = packet.ipv4
        let tos = inner.tos & 3 == 3 ? 2 : inner.tos & 3
        let route = lookupOutput(
            family: .ipv4, source: device.pointee.tunnelLocal, destination: remote, mark: packet.pointee.mark, tos: 0,
            out: 0, anySource: false)
        guard route.kind == .unicast, route.outInterface != device.pointee.index else {
            return drop(packet, .noRoute)
        }
        let mtu = routeMTU(route) - 20
        if inner.dontFragment, packet.length > mtu, !packet.pointee.flags.contains(.gso) {
            sendICMPError(
                about: packet, type: ICMPType.destinationUnreachable, code: ICMPUnreachableCode.fragmentationNeeded,
                info: UInt32(clamping: mtu))
            return drop(packet, .packetTooBig)
        }
        let source = device.pointee.tunnelLocal.isZero ? route.source : device.pointee.tunnelLocal
        let ttl = inner.ttl
        becomeOuter(packet, packet.pointee.network, route, .ipv4)
        writeIPv4(
            packet, protocolNumber: .ipip, source: source.ipv4, destination: remote.ipv4, tos: tos, ttl: ttl,
            dontFragment: !route.hasLockedMTU, identification: newIdentification())
        note(packet, .encapsulated("ipip to \(IPAddress(family: .ipv4, bits: remote))"))
        return .output
    }

    /// The tunnel a packet of protocol 4 is for (`ip_tunnel_lookup`): both ends, then the remote, then the local end.
    func tunnel(for packet: PacketRef) -> UInt16? {
        let source = packet.sourceBits
        let destination = packet.destinationBits
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
        packet.pointee.etherType = 0x0800
        packet.pointee.packetType = .host
        packet.pointee.flags.remove(.hasEthernet)
        note(packet, .decapsulated("ipip"))
        enqueueAgain(packet)
        return .held
    }
}
