import HawseWire

extension StackTraffic {
    /// What a host or router says of a packet that it has got: errors and redirects.
    func error() -> Injection {
        let (received, wire) = draw.pick(heard)
        let isIPv6 = received.isIPv6
        let hosts = node.hosts.filter { $0.wire == wire }
        let host = draw.pick(hosts.isEmpty ? node.hosts : hosts)
        let quoted = Array(received.frame[14..<min(received.end, 14 + draw.pick([28, 48, 64, 100, 20, 548]))])
        let mtu = draw.pick([1280, 1300, 1400, 600, 68, 0, 1500, 500])
        var body: [UInt8]
        var source = draw.oneIn(2) ? host.address(isIPv6) : "\(received.destination)"
        switch draw.below(6) {
        case 0, 1:
            body =
                isIPv6 ? [2, 0, 0, 0] + TransportBytes.long(UInt32(mtu)) : [3, 4, 0, 0, 0, 0] + TransportBytes.word(UInt16(mtu))
        case 2, 3:
            let gateway = draw.pick(node.hosts.filter { $0.device == host.device })
            if isIPv6 {
                source = draw.oneIn(4) ? host.v6 : linkLocal(host)
                body =
                    [137, 0, 0, 0, 0, 0, 0, 0] + LinkBytes.address(draw.oneIn(3) ? "\(received.destination)" : linkLocal(gateway))
                body += received.destination.bytes
                if draw.oneIn(2) { body += [2, 1] + RawPacket.bytes(mac: gateway.mac) }
                if draw.oneIn(2) {
                    let part = Array(quoted.prefix(80))
                    let length = (part.count + 8 + 7) / 8
                    body +=
                        [4, UInt8(length), 0, 0, 0, 0, 0, 0] + part + [UInt8](repeating: 0, count: length * 8 - 8 - part.count)
                }
            } else {
                source = draw.oneIn(3) ? "\(received.destination)" : host.v4
                body = [5, draw.pick([0, 1, 1, 2]), 0, 0] + LinkBytes.address(gateway.v4)
            }
        default:
            body = draw.pick(
                isIPv6
                    ? [[1, 0], [1, 3], [1, 4], [3, 0], [4, 1]]
                    : [[3, 0], [3, 1], [3, 3], [3, 13], [11, 0], [12, 0], [4, 0]])
            body += [0, 0, 0, 0, 0, 0]
        }
        if body[0] != 137 { body += quoted }
        var packet = make(source, "\(received.source)", isIPv6 ? 58 : 1, body)
        packet.ttl = body[0] == 137 ? 255 : 64
        packet.hasWrongChecksum = draw.oneIn(25)
        return Injection(
            device: wire, bytes: RawPacket.frame(packet.bytes, from: host.mac, to: RawPacket.text(mac: received.frame[6..<12])))
    }

    /// A frame that another node of the overlay has wrapped, or that pretends to be one.
    func tunnelled() -> Injection {
        guard let tunnel = node.overlay, let options = tunnel.vxlan, !node.peers.isEmpty else { return arp() }
        let peer = draw.pick(node.peers)
        let isOuterIPv6 = options.local.contains(":")
        let isIPv6 = draw.oneIn(2)
        let pods = node.hosts.filter { $0.device == "cni0" }
        let source = isIPv6 ? "2001:db8:42:\(peer.number)::5" : "10.244.\(peer.number).5"
        let target = draw.oneIn(4) ? draw.pick(node.own.filter { $0.contains(":") == isIPv6 }) : draw.pick(pods).address(isIPv6)
        var inner = make(source, draw.oneIn(10) ? destination(draw.pick(pods), isIPv6) : target, 17, [])
        fill(&inner, mtu: 1430)
        dress(&inner)
        if inner.bytes.count > 1420 { inner.transport = Array(inner.transport.prefix(1200)) }
        var frame = RawPacket.frame(inner.bytes, from: peer.mac, to: tunnel.mac)
        if draw.oneIn(8) {
            let question = LinkBytes.ARP(senderMAC: peer.mac, sender: "10.244.\(peer.number).0", target: "10.244.1.0")
            frame = LinkBytes.frame(question.bytes, type: 0x0806, from: peer.mac, to: "ff:ff:ff:ff:ff:ff")
        }
        switch draw.below(14) {
        case 0: frame.replaceSubrange(0..<6, with: RawPacket.bytes(mac: "02:00:00:00:77:77"))
        case 1: frame.replaceSubrange(6..<12, with: RawPacket.bytes(mac: tunnel.mac))
        case 2: frame = Array(frame.prefix(draw.pick([10, 14, 20, 40])))
        default: break
        }
        let payload = LinkBytes.vxlan(
            frame, vni: draw.oneIn(12) ? 99 : options.vni, flags: draw.pick([8, 8, 8, 8, 8, 8, 0x88, 0, 0x0c, 0xff]),
            group: draw.oneIn(8) ? 7 : 0)
        var packet = make(
            peer.host.address(isOuterIPv6), options.local, 17,
            TransportBytes.udp(port(), draw.oneIn(20) ? 8473 : 8472, payload: payload))
        packet.tos = draw.percent(60) ? 0 : draw.pick([1, 2, 3, 0xb8, 0xbb])
        packet.hasWrongChecksum = draw.oneIn(15)
        packet.ttl = draw.oneIn(10) ? 1 : 64
        var bytes = packet.bytes
        if !isOuterIPv6, draw.oneIn(3) { (bytes[26], bytes[27]) = (0, 0) }
        return Injection(device: "eth0", bytes: RawPacket.frame(bytes, from: peer.host.mac, to: "02:00:00:00:01:01"))
    }
}
