import HawseModel
import HawseWire

extension Walk {
    /// `ip_rt_send_redirect`: tells a host of the better gateway, with pauses that double.
    @inline(never)
    func redirect4(_ packet: PacketRef) {
        voidRecording()
        guard packet.pointee.options.sourceRoute == 0 else { return }
        let host = IPAddress(family: .ipv4, bits: packet.sourceBits)
        guard node.pointee.limits.allowsRedirect(host, node.pointee.now) else { return }
        let route = packet.pointee.route
        let gateway = route.gatewayVersion == 4 ? route.gateway.ipv4 : packet.ipv4.destination
        sendICMPError(about: packet, type: ICMPType.redirect, code: 1, info: gateway)
    }

    /// `ndisc_send_redirect`, asked for by `ip6_forward` when a packet leaves by the device it came in on.
    @inline(never)
    func redirect6(_ packet: PacketRef) {
        voidRecording()
        let ip = packet.ipv6
        let device = node.pointee.interfaces[packet.pointee.inInterface]
        let route = packet.pointee.route
        let destination = ip.destination
        let host = ip.source
        let now = node.pointee.now
        guard
            node.pointee.limits.allows(IPAddress(family: .ipv6, bits: destination), timeout: 1000, now),
            let own = linkLocal(on: device.pointee.index)
        else { return }
        let target = route.gatewayVersion == 6 ? route.gateway : destination
        // The target is the destination itself or a router by its link-local address.
        guard target == destination || target.high >> 54 == 0x3fa else { return }
        // Rules are asked with the device (`icmpv6_flow_init`), routes only wish for it: the host may sit behind another one.
        let back = lookupOutput(
            family: .ipv6, source: own, destination: host, mark: 0, tos: 0, out: device.pointee.index, anySource: true,
            ipProtocol: .icmpv6, ports: Self.portsOfICMP(ICMPv6Type.redirect, 0))
        guard back.kind == .unicast || back.kind == .local, back.gatewayVersion == 0,
            node.pointee.limits.allows(IPAddress(family: .ipv6, bits: host), timeout: 1000, now)
        else { return }
        let handle = node.pointee.neighbours.find(target, route.outInterface, version: 6)
        var mac: MACAddress?
        if handle >= 0, node.pointee.neighbours.entries[Int(handle)].isValid {
            mac = node.pointee.neighbours.entries[Int(handle)].mac
        }
        // RFC 4861: the whole message stays within 1280 bytes; the quotation is padded down to a multiple of 8.
        let fixed = 40 + (mac == nil ? 0 : 8)
        let room = (1280 - 40 - fixed) & ~7
        let quoted = min(room - 8, packet.length) & ~7
        guard quoted > 0, let message = newPacket(bytes: 40 + fixed + 8 + quoted) else { return }
        let body = message.networkPointer + 40
        body.store8(ICMPv6Type.redirect, at: 0)
        body.storeAddressBits(target, at: 8)
        body.storeAddressBits(destination, at: 24)
        var at = 40
        if let mac {
            body.store8(2, at: at)
            body.store8(1, at: at + 1)
            body.storeMAC(mac, at: at + 2)
            at += 8
        }
        body.store8(4, at: at)
        body.store8(UInt8((quoted + 8) / 8), at: at + 1)
        (body + at + 8).copyMemory(from: packet.networkPointer, byteCount: quoted)
        message.pointee.ownDevice = device.pointee.index
        sendDiscovery(message, source: own, destination: host, device: back.outInterface, causedBy: packet, by: back)
    }

    /// `ipv6_get_lladdr`.
    func linkLocal(on device: UInt16) -> AddressBits? {
        node.pointee.routing.sources.ipv6.first { $0.device == device && $0.scope == 253 }?.bits
    }
}
