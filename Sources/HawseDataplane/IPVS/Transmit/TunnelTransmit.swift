import HawseModel
import HawseWire

extension Walk {
    /// `ip_vs_tunnel_xmit`: the whole packet inside another, to the server.
    func transmitTunneled(
        _ packet: PacketRef, _ connection: VirtualConnectionRef, _ header: IPVSHeader
    ) -> Verdict {
        let address = connection.pointee.destination
        let version = connection.pointee.destinationVersion
        let number = connection.pointee.server
        let route = ipvsRoute(
            packet, to: address, version: version, server: number, mode: [.local, .nonLocal, .tunnel], header)
        switch route {
        case .failed(let reason): return ipvsDrop(packet, reason)
        case .local:
            packet.pointee.flags.insert(.ipvs)
            if !connection.pointee.flags.contains(.netfilterConntrack) { notrack(packet) }
            return .accept
        case .remote: break
        }
        guard number >= 0 else { return ipvsDrop(packet, .ipvsNoRoute) }
        let inner = InnerFields(packet, keepsDF: node.pointee.ipvs.settings.pmtuDiscovery)
        let server = node.pointee.ipvs.servers[number]
        let source = packet.pointee.route.source
        guard packet.headroom > 80 else { return ipvsDrop(packet, .outOfPackets) }
        var next = inner.protocolNumber
        switch server.pointee.tunnel {
        case .ipip: break
        case .gue: next = pushGUE(packet, server, next, source: source, destination: address, outer: version)
        case .gre: next = pushGRE(packet, server, next)
        }
        pushOuter(packet, inner, next, source: source, destination: address, outer: version)
        packet.pointee.flags.insert(.ipvs)
        if connection.pointee.flags.contains(.netfilterConntrack) {
            let verdict = conntrackConfirm(packet, at: .postrouting)
            if verdict != .accept { return verdict }
        }
        releaseConnection(packet)
        packet.pointee.connectionInfo = .none
        return sendOut(packet)
    }

    /// What the outer header takes from the inner one (`ip_vs_prepare_tunneled_skb`).
    private struct InnerFields {
        var protocolNumber: IPProtocol
        var tos: UInt8
        var ttl: UInt8
        var dontFragment: Bool

        init(_ packet: PacketRef, keepsDF: Bool) {
            var field: UInt8
            if packet.isIPv6 {
                protocolNumber = .ipv6
                field = packet.ipv6.trafficClass
                ttl = packet.ipv6.hopLimit
                dontFragment = false
            } else {
                packet.ipv4.storeChecksum()
                protocolNumber = .ipip
                field = packet.ipv4.tos
                ttl = packet.ipv4.ttl
                dontFragment = keepsDF && packet.ipv4.fragmentField & 0x4000 != 0
            }
            // Congestion met so far is not shown outside (`INET_ECN_encapsulate`).
            if field & 3 == 3 { field = field & 0xfc | 2 }
            tos = field
        }
    }

    /// `ipvs_gue_encap` and the UDP header in front of it.
    private func pushGUE(
        _ packet: PacketRef, _ server: RealServerRef, _ next: IPProtocol, source: AddressBits, destination: AddressBits,
        outer: UInt8
    ) -> IPProtocol {
        let sourcePort = flowSourcePort(packet)
        packet.pointee.network -= 12
        let udp = packet.networkPointer
        udp.storeBE32(UInt32(next.rawValue) << 16, at: 8)
        udp.storeBE16(sourcePort, at: 0)
        udp.storeBE16(server.pointee.tunnelPort, at: 2)
        udp.storeBE16(UInt16(truncatingIfNeeded: packet.length), at: 4)
        udp.storeBE16(0, at: 6)
        if server.pointee.tunnelChecksum != .none {
            TransportChecksum.store(
                udp, length: packet.length, protocolNumber: .udp, family: outer == 6 ? .ipv6 : .ipv4, source: source,
                destination: destination)
        }
        return .udp
    }

    /// `udp_flow_src_port`: a port of the local range by the inner flow.
    private func flowSourcePort(_ packet: PacketRef) -> UInt16 {
        let range = node.pointee.settings.localPortRange
        var ports: UInt32 = 0
        if packet.transportLength >= 4, packet.pointee.fragmentOffset == 0 {
            ports = packet.transportPointer.loadBE32(at: 0)
        }
        let hash = FlowHash(seed: 0x9ae1_6a3b_2f90_404f)(
            packet.sourceBits, packet.destinationBits, UInt64(ports) << 8 | UInt64(packet.pointee.ipProtocol.rawValue))
        let size = UInt64(range.upperBound) - UInt64(range.lowerBound) + 1
        return UInt16(truncatingIfNeeded: UInt64(range.lowerBound) + ((hash >> 32) * size) >> 32)
    }

    /// `ipvs_gre_encap`
    private func pushGRE(_ packet: PacketRef, _ server: RealServerRef, _ next: IPProtocol) -> IPProtocol {
        let hasChecksum = server.pointee.tunnelChecksum == .full
        packet.pointee.network -= hasChecksum ? 8 : 4
        let gre = packet.networkPointer
        gre.storeBE16(hasChecksum ? 0x8000 : 0, at: 0)
        gre.storeBE16((next == .ipv6 ? EtherType.ipv6 : .ipv4).rawValue, at: 2)
        if hasChecksum {
            gre.storeBE32(0, at: 4)
            gre.storeBE16(InternetChecksum.checksum(gre, count: packet.length), at: 4)
        }
        return .gre
    }

    private func pushOuter(
        _ packet: PacketRef, _ inner: InnerFields, _ next: IPProtocol, source: AddressBits, destination: AddressBits,
        outer: UInt8
    ) {
        if outer != packet.pointee.version { mistakePieces(packet) }
        growFirstFragment(packet, outer)
        packet.pointee.transport = packet.pointee.network
        packet.pointee.mac = -1
        packet.pointee.ipProtocol = next
        packet.pointee.fragmentOffset = 0
        packet.pointee.version = outer
        let payload = packet.length
        if outer == 6 {
            packet.pointee.network -= 40
            packet.pointee.etherType = .ipv6
            let ip = packet.ipv6
            ip.versionWord = 0x6000_0000 | UInt32(inner.tos) << 20
            ip.payloadLength = UInt16(truncatingIfNeeded: payload)
            ip.nextHeader = next
            ip.hopLimit = inner.ttl
            ip.source = source
            ip.destination = destination
            return
        }
        packet.pointee.network -= 20
        packet.pointee.etherType = .ipv4
        let base = packet.networkPointer
        base.storeBE16(0x4500 | UInt16(inner.tos), at: 0)
        base.storeBE16(UInt16(truncatingIfNeeded: payload + 20), at: 2)
        let identification = inner.dontFragment
            ? 0 : UInt16(truncatingIfNeeded: node.pointee.chance.ipIdentification.nextUInt32())
        base.storeBE16(identification, at: 4)
        base.storeBE16(inner.dontFragment ? 0x4000 : 0, at: 6)
        base.storeBE16(UInt16(inner.ttl) << 8 | UInt16(next.rawValue), at: 8)
        base.storeBE32(source.ipv4, at: 12)
        base.storeBE32(destination.ipv4, at: 16)
        packet.ipv4.storeChecksum()
    }

    /// How the packet came in pieces stands in its control block, which the other family reads in its own way: where one has
    /// its flags (`IPSKB_FRAG_PMTU` is 0x40) the other has the largest piece (`IP6CB(skb)->frag_max_size`).
    private func mistakePieces(_ packet: PacketRef) {
        let isFromPieces = packet.pointee.flags.contains(.fragmentDF)
        packet.pointee.flags.remove(.fragmentDF)
        if packet.isIPv4 {
            packet.pointee.fragmentMaxSize = isFromPieces ? 0x40 : 0
        } else {
            if packet.pointee.fragmentMaxSize & 0x40 != 0 { packet.pointee.flags.insert(.fragmentDF) }
            packet.pointee.fragmentMaxSize = 0
        }
    }

    /// The list of fragments stays behind the new header (`skb_shinfo(skb)->frag_list`).
    private func growFirstFragment(_ packet: PacketRef, _ outer: UInt8) {
        let old = packet.pointee.fragmentGeometry
        guard old != 0 else { return }
        var sizes = node.pointee.reassembly.sizes(old)
        let rest = sizes.dropFirst().reduce(0) { $0 + Int($1) }
        node.pointee.reassembly.release(old)
        packet.pointee.fragmentGeometry = 0
        // In front of IPv4's pieces there is no room for the larger header, and so they are copied.
        if outer == 6, packet.isIPv4 { return }
        guard !sizes.isEmpty, packet.length > rest, let first = UInt16(exactly: packet.length - rest) else { return }
        sizes[0] = first
        packet.pointee.fragmentGeometry = node.pointee.reassembly.remember(sizes)
    }
}
