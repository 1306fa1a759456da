import HawseModel
import HawseWire

extension Walk {
    /// `vxlan_xmit`: encapsulates a frame and sends it as a packet of the node itself.
    @inline(__always)
    func vxlanTransmit(_ packet: PacketRef) -> Stage {
        guard let device = node.pointee.vxlan.find(interface: packet.pointee.outInterface) else {
            return drop(packet, .interfaceDown)
        }
        let now = node.pointee.now
        var found = node.pointee.vxlan.findMAC(packet.ethernet.destination, device.pointee.device, now)
        if found < 0 { found = node.pointee.vxlan.findMAC(.zero, device.pointee.device, now) }
        guard found >= 0 else { return drop(packet, .vxlanNoPeer) }
        let entry = node.pointee.vxlan.forwarding.entries[found]
        if node.pointee.flows.recorder.isOn { noteEncapsulation(packet, entry, device) }
        // The first remote gets the frame itself, after all the others got copies.
        if entry.remoteCount > 1 { copyToRemotes(packet, entry, device) }
        return encapsulate(packet, node.pointee.vxlan.remotes[Int(entry.firstRemote)], device)
    }

    @inline(never)
    private func copyToRemotes(
        _ packet: PacketRef, _ entry: ForwardingTable.Entry, _ device: UnsafeMutablePointer<VXLANDevice>
    ) {
        for i in 1..<entry.remoteCount {
            guard let twin = copy(packet) else { return }
            twin.pointee.stage = encapsulate(
                twin, node.pointee.vxlan.remotes[Int(entry.firstRemote &+ i)], device)
            run(twin)
        }
    }

    /// `vxlan_xmit_one`.
    @inline(__always)
    private func encapsulate(
        _ packet: PacketRef, _ remote: VXLANRemote, _ device: UnsafeMutablePointer<VXLANDevice>
    ) -> Stage {
        guard packet.pointee.generation < 16, !remote.address.isZero else { return drop(packet, .loop) }
        let inner = innerTOS(packet)
        let family: AddressFamily = remote.version == 6 ? .ipv6 : .ipv4
        let tos = device.pointee.tos == 1 ? inner : device.pointee.tos
        let route = lookupOutput(
            family: family, source: device.pointee.local, destination: remote.address, mark: packet.pointee.mark,
            tos: tos, out: remote.out, anySource: false)
        guard route.kind == .unicast || route.kind == .multicast, route.outInterface != device.pointee.device else {
            if route.kind == .local { return bypassLocally(packet, remote, device) }
            return drop(packet, .noRoute)
        }
        let source = device.pointee.local.isZero ? route.source : device.pointee.local
        let sourcePort = vxlanSourcePort(packet, device)
        checkTunnelMTU(packet, route, family == .ipv4 ? 50 : 70)
        // Outer ECN: the inner one, but congestion already seen starts anew (RFC 6040).
        let ecn = inner & 3 == 3 ? 2 : inner & 3
        let outerTOS = tos & 0xfc | ecn
        var ttl = device.pointee.inheritsTTL ? innerTTL(packet) : device.pointee.ttl
        let dontFragment =
            device.pointee.dontFragment != .unset && setsDontFragment(packet, device.pointee.dontFragment)
        if ttl == 0 { ttl = remote.address.isGroup(family) ? 1 : 0 }
        if ttl == 0 { ttl = family == .ipv4 ? node.pointee.settings.defaultTTL : node.pointee.interfaces[route.outInterface].pointee.hopLimit }
        let frame = packet.pointee.mac
        let udp = frame &- 16
        let header = packet.pointee.buffer + Int(udp)
        writeVXLAN(packet, header + 8, remote.vni == 0 ? device.pointee.vni : remote.vni, device)
        let length = Int(packet.pointee.end &- udp)
        let port = remote.port == 0 ? device.pointee.port : remote.port
        header.storeBE64(
            UInt64(sourcePort) << 48 | UInt64(port) << 32 | UInt64(UInt16(truncatingIfNeeded: length)) << 16, at: 0)
        becomeOuter(packet, udp, route, family)
        if family == .ipv4 {
            writeIPv4(
                packet, protocolNumber: .udp, source: source.ipv4, destination: remote.address.ipv4, tos: outerTOS,
                // `iptunnel_xmit`: a way whose MTU is locked may always cut.
                ttl: ttl, dontFragment: dontFragment && !route.hasLockedMTU, identification: newIdentification())
        } else {
            writeIPv6(
                packet, protocolNumber: .udp, source: source, destination: remote.address, trafficClass: outerTOS,
                flowLabel: 0, hopLimit: ttl)
        }
        if family == .ipv4 ? device.pointee.udpChecksum : !device.pointee.sendsZeroChecksum6 {
            let sum =
                UInt64(InternetChecksum.sum(header, count: length))
                &+ InternetChecksum.pseudoHeader(
                    family: family, source: source, destination: remote.address, protocolNumber: .udp, length: length)
            header.storeBE16(TransportChecksum.nonZero(~InternetChecksum.fold(sum)), at: 6)
        }
        note(packet, .encapsulated("VXLAN \(device.pointee.vni) to \(IPAddress(family: family, bits: remote.address))"))
        return .output
    }

    /// `encap_bypass_if_local`: towards an address of the node itself the frame goes to the device of that VNI, without
    /// headers and whatever its MAC; there is nobody else to hear it.
    @inline(never)
    private func bypassLocally(
        _ packet: PacketRef, _ remote: VXLANRemote, _ device: UnsafeMutablePointer<VXLANDevice>
    ) -> Stage {
        guard
            let other = node.pointee.vxlan.find(
                port: remote.port == 0 ? device.pointee.port : remote.port, version: remote.version,
                vni: remote.vni == 0 ? device.pointee.vni : remote.vni)
        else { return drop(packet, .loop) }
        voidRecording()
        let frame = packet.pointee.mac
        packet.pointee.generation &+= 1
        becomeInner(packet, frame: frame, device: other.pointee.device)
        packet.pointee.packetType = .host
        enqueueAgain(packet)
        return .held
    }

    /// `skb_scrub_packet` within one network namespace: the mark stays, connection and history go.
    @inline(__always)
    func becomeOuter(_ packet: PacketRef, _ transport: Int32, _ route: RouteResult, _ family: AddressFamily) {
        releaseConnection(packet)
        packet.pointee.connectionInfo = .none
        packet.pointee.flags = packet.pointee.flags.intersection([.gso, .traced]).union(.local)
        packet.pointee.packetType = .host
        packet.pointee.network = transport &- (family == .ipv4 ? 20 : 40)
        packet.pointee.mac = -1
        packet.pointee.fragmentMaxSize = 0
        packet.pointee.fragmentOffset = 0
        if packet.pointee.fragmentGeometry != 0 {
            node.pointee.reassembly.release(packet.pointee.fragmentGeometry)
            packet.pointee.fragmentGeometry = 0
        }
        packet.pointee.options = IPOptionMarks()
        packet.pointee.physIn = 0
        packet.pointee.physOut = 0
        packet.pointee.arrival = 0
        packet.pointee.uid = -1
        packet.pointee.gid = -1
        packet.pointee.route = route
        packet.pointee.generation &+= 1
    }

    /// `ip_tunnel_get_ttl`.
    private func innerTTL(_ packet: PacketRef) -> UInt8 {
        switch packet.pointee.etherType {
        case .ipv4: packet.ipv4.ttl
        case .ipv6: packet.ipv6.hopLimit
        default: 0
        }
    }

    /// `VXLAN_DF_SET`, `VXLAN_DF_INHERIT`: IPv6 never may be cut on its way.
    private func setsDontFragment(_ packet: PacketRef, _ rule: VXLANSpec.DontFragment) -> Bool {
        if rule == .set { return true }
        switch packet.pointee.etherType {
        case .ipv4: return packet.ipv4.dontFragment
        case .ipv6: return true
        default: return false
        }
    }

    /// `skb_tunnel_check_pmtu`: a packet that is too long for the way goes all the same, but its own route learns from it.
    @inline(__always)
    private func checkTunnelMTU(_ packet: PacketRef, _ route: RouteResult, _ added: Int) {
        let room = routeMTU(route) - added
        noteLimit(room, packet)
        if packet.length > room, packet.pointee.version != 0, packet.pointee.route.kind == .unicast,
            !packet.pointee.flags.contains(.gso)
        {
            learnTunnelMTU(packet, room)
        }
    }

    @inline(never)
    private func learnTunnelMTU(_ packet: PacketRef, _ room: Int) {
        voidRecording()
        var q = RouteQuestion(
            destination: packet.destinationBits, source: packet.sourceBits, mark: packet.pointee.mark,
            tos: packet.isIPv4 ? packet.ipv4.tos & 0xfc : packet.ipv6.trafficClass & 0xfc)
        q.inInterface = node.pointee.routing.loopback
        q.outInterface = packet.pointee.outInterface
        learnPathMTU(q, isIPv4: packet.isIPv4, mtu: UInt32(clamping: room))
    }

    /// `ip_tunnel_get_dsfield`: 0 for what is not IP.
    @inline(__always)
    private func innerTOS(_ packet: PacketRef) -> UInt8 {
        switch packet.pointee.etherType {
        case .ipv4: packet.ipv4.tos
        case .ipv6: packet.ipv6.trafficClass
        default: 0
        }
    }

    /// `vxlan_build_skb`, `vxlan_build_gbp_hdr`.
    @inline(__always)
    private func writeVXLAN(
        _ packet: PacketRef, _ header: UnsafeMutableRawPointer, _ vni: UInt32,
        _ device: UnsafeMutablePointer<VXLANDevice>
    ) {
        var flags: UInt32 = 0x0800_0000
        if device.pointee.gbp, packet.pointee.mark != 0 {
            let mark = packet.pointee.mark
            flags |= 0x8000_0000 | mark & 0xffff
            if mark & 1 << 22 != 0 { flags |= 0x40_0000 }
            if mark & 1 << 19 != 0 { flags |= 0x08_0000 }
        }
        header.storeBE64(UInt64(flags) << 32 | UInt64(vni << 8), at: 0)
    }

    /// `udp_flow_src_port` over `skb_get_hash`: constant for an inner flow, the same for both its directions.
    @inline(__always)
    private func vxlanSourcePort(_ packet: PacketRef, _ device: UnsafeMutablePointer<VXLANDevice>) -> UInt16 {
        if packet.pointee.version != 0, packet.pointee.etherType == .ipv4 || packet.pointee.etherType == .ipv6 {
            var ports: (UInt16, UInt16) = (0, 0)
            let isFragment = packet.isIPv4 ? packet.ipv4.isFragment : packet.ipv6.nextHeader == .fragment
            if let place = portsOffset(packet.pointee.ipProtocol), !isFragment, packet.transportLength >= place + 4,
                packet.isIPv4 || packet.ipv6.flowLabel == 0
            {
                let both = packet.transportPointer.loadBE32(at: place)
                ports = (UInt16(truncatingIfNeeded: both >> 16), UInt16(truncatingIfNeeded: both))
            }
            return tunnelPort(
                source: packet.sourceBits, destination: packet.destinationBits, sourcePort: ports.0,
                destinationPort: ports.1, protocolNumber: packet.pointee.ipProtocol, device)
        }
        return tunnelPort(
            JHash.hash(bytes: packet.ethernet.base, count: 12, seed: UInt32(packet.pointee.etherType.rawValue.byteSwapped)), device)
    }

    /// The port for an inner flow.
    @inline(__always)
    func tunnelPort(
        source: AddressBits, destination: AddressBits, sourcePort: UInt16, destinationPort: UInt16,
        protocolNumber: IPProtocol, _ device: UnsafeMutablePointer<VXLANDevice>
    ) -> UInt16 {
        let hash = node.pointee.vxlan.flowHash.symmetric(
            source, sourcePort, destination, destinationPort, protocolNumber: protocolNumber)
        return tunnelPort(UInt32(truncatingIfNeeded: hash >> 32), device)
    }

    @inline(__always)
    private func tunnelPort(_ flowHash: UInt32, _ device: UnsafeMutablePointer<VXLANDevice>) -> UInt16 {
        let hash = flowHash ^ flowHash << 16
        if device.pointee.firstSourcePort < device.pointee.lastSourcePort {
            let span = UInt64(device.pointee.lastSourcePort &- device.pointee.firstSourcePort)
            return UInt16(truncatingIfNeeded: (UInt64(hash) &* span) >> 32) &+ device.pointee.firstSourcePort
        }
        let range = node.pointee.settings.localPortRange
        let width = UInt64(range.upperBound &- range.lowerBound)
        return UInt16(truncatingIfNeeded: (UInt64(hash) &* width) >> 32) &+ range.lowerBound
    }
}

extension AddressBits {
    /// Multicast of the family.
    @inline(__always)
    func isGroup(_ family: AddressFamily) -> Bool { family == .ipv4 ? ipv4 >> 28 == 0xe : high >> 56 == 0xff }
}
