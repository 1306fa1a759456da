import HawseModel
import HawseWire

extension Walk {
    /// Whether a UDP packet for the node is for a VXLAN socket: the device's index if so (any device of that port).
    @inline(__always)
    func isForVXLAN(_ packet: PacketRef) -> Bool {
        node.pointee.vxlan.count > 0
            && node.pointee.vxlan.listens(packet.udp.destinationPort, version: packet.pointee.version)
    }

    /// `vxlan_rcv`: the inner frame starts again as if it had come in on the VXLAN device.
    func vxlanReceive(_ packet: PacketRef) -> Stage {
        guard packet.transportLength >= 16 else { return drop(packet, .vxlanInnerMalformed) }
        let header = packet.transportPointer + 8
        var flags = header.loadBE32(at: 0)
        let vniWord = header.loadBE32(at: 4)
        guard flags & 0x0800_0000 != 0 else { return drop(packet, .vxlanFlags) }
        guard
            let device = node.pointee.vxlan.find(
                port: packet.udp.destinationPort, version: packet.pointee.version, vni: vniWord >> 8)
        else { return drop(packet, .vxlanUnknownVNI) }
        let interface = node.pointee.interfaces[device.pointee.device]
        flags &= ~0x0800_0000
        var mark = packet.pointee.mark
        if device.pointee.gbp {
            if flags & 0x8000_0000 != 0 {
                mark = flags & 0xffff
                if flags & 0x40_0000 != 0 { mark |= 1 << 22 }
                if flags & 0x08_0000 != 0 { mark |= 1 << 19 }
            }
            flags &= ~0x80ff_ffff
        }
        guard flags == 0, vniWord & 0xff == 0 else { return drop(packet, .vxlanFlags) }
        let frame = packet.pointee.transport + 16
        guard packet.pointee.end - frame >= 14 else { return drop(packet, .vxlanInnerMalformed) }
        let inner = EthernetHeader(packet.pointee.buffer + Int(frame))
        guard inner.source != interface.pointee.mac else { return drop(packet, .vxlanOwnSource) }
        if device.pointee.learning, let stage = snoop(packet, inner.source, device) { return stage }
        let type = inner.etherType
        let outerTOS = packet.isIPv4 ? packet.ipv4.tos : packet.ipv6.trafficClass
        let network = packet.pointee.buffer + Int(frame) + 14
        let available = Int(packet.pointee.end - frame) - 14
        if type == .ipv4 || type == .ipv6 {
            guard available >= (type == .ipv4 ? 20 : 40) else { return drop(packet, .vxlanInnerMalformed) }
            guard decapsulateECN(network, isIPv4: type == .ipv4, outer: outerTOS) else {
                return drop(packet, .vxlanECN)
            }
        }
        if node.pointee.flows.recorder.isOn { learnDecapsulation(packet, device, mark) }
        packet.pointee.mark = mark
        becomeInner(packet, frame: frame, device: device.pointee.device)
        note(packet, .decapsulated("VXLAN \(device.pointee.vni)"))
        enqueueAgain(packet)
        return .held
    }

    /// What a tunnel's packet becomes when its outer headers are gone (`__iptunnel_pull_header`).
    func becomeInner(_ packet: PacketRef, frame: Int32, device: UInt16) {
        releaseConnection(packet)
        packet.pointee.connectionInfo = .none
        packet.pointee.flags = packet.pointee.flags.intersection([.gso, .traced])
        packet.pointee.mac = frame
        packet.pointee.network = frame + 14
        packet.pointee.version = 0
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
        packet.pointee.socket = 0
        packet.pointee.route = RouteResult()
        packet.pointee.inInterface = device
        packet.pointee.outInterface = 0
        packet.pointee.generation &+= 1
        readEthernet(packet)
    }

    /// `gro_cells_receive`: the inner packet waits its turn behind the present work.
    func enqueueAgain(_ packet: PacketRef) {
        voidRecording()
        packet.pointee.stage = .receive
        guard packet.pointee.generation < 16, node.pointee.work.push(packet) else {
            packet.pointee.disposition = .dropped(.loop)
            finish(packet)
            return
        }
    }

    /// `vxlan_snoop`: learns behind which peer a MAC lives; an entry that was configured does not move.
    private func snoop(
        _ packet: PacketRef, _ mac: MACAddress, _ device: UnsafeMutablePointer<VXLANDevice>
    ) -> Stage? {
        if mac.isGroup || mac.value == 0 { return drop(packet, .vxlanInnerMalformed) }
        let source = packet.sourceBits
        let now = node.pointee.now
        let found = node.pointee.vxlan.findMAC(mac, device.pointee.device, now)
        if found >= 0 {
            let entry = node.pointee.vxlan.forwarding.entries + found
            let remote = node.pointee.vxlan.remotes + Int(entry.pointee.firstRemote)
            if remote.pointee.address == source {
                entry.pointee.updated = now
                return nil
            }
            if entry.pointee.isStatic { return drop(packet, .vxlanOwnSource) }
        }
        node.pointee.flows.invalidate()
        node.pointee.vxlan.setRemotes(
            mac, device.pointee.device,
            [VXLANRemote(address: source, version: packet.pointee.version, port: 0, vni: 0)], isStatic: false, now: now)
        return nil
    }

    /// `INET_ECN_decapsulate` (RFC 6040): congestion on the way must not get lost. `false`: the packet must go.
    @inline(__always)
    func decapsulateECN(_ network: UnsafeMutableRawPointer, isIPv4: Bool, outer: UInt8) -> Bool {
        let inner = isIPv4 ? IPv4Header(network).tos : IPv6Header(network).trafficClass
        if outer & 3 == 0 { return true }
        if inner & 3 == 0 { return outer & 3 != 3 }
        if outer & 3 == 3 {
            setECN(network, isIPv4: isIPv4, inner | 3)
        } else if outer & 3 == 1, inner & 3 == 2 {
            setECN(network, isIPv4: isIPv4, inner ^ 3)
        }
        return true
    }

    private func setECN(_ network: UnsafeMutableRawPointer, isIPv4: Bool, _ value: UInt8) {
        if isIPv4 {
            let ip = IPv4Header(network)
            let old = network.loadBE16(at: 0)
            ip.tos = value
            ip.checksum = ChecksumUpdate.replace16(ip.checksum, from: old, to: network.loadBE16(at: 0))
        } else {
            IPv6Header(network).trafficClass = value
        }
    }
}
