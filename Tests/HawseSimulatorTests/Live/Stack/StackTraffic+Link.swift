import HawseWire

extension StackTraffic {
    /// A question or an answer about an IPv4 address, right or odd.
    func arp() -> Injection {
        let host = sender()
        let asked = draw.pick(node.own.filter { !$0.contains(":") })
        var message = LinkBytes.ARP(senderMAC: host.mac, sender: host.v4, target: asked)
        var destination = draw.oneIn(4) ? nodeMAC(host) : "ff:ff:ff:ff:ff:ff"
        switch draw.below(18) {
        case 0: message.target = draw.pick(node.hosts).v4
        case 1: message.target = draw.pick(node.targets.filter { !$0.contains(":") } + ["10.1.0.77", "192.0.2.77"])
        case 2: message.sender = "0.0.0.0"
        case 3:  // Gratuitous, as a question or an answer.
            message.target = message.sender
            message.operation = draw.pick([1, 2])
            if draw.oneIn(2) { message.targetMAC = host.mac }
            if draw.oneIn(3) { message.senderMAC = "02:00:00:00:0c:02" }
        case 4:
            message.operation = 2
            (message.targetMAC, destination) = (nodeMAC(host), nodeMAC(host))
            if draw.oneIn(2) { message.senderMAC = "02:00:00:00:0c:03" }
        case 5: message.sender = draw.pick(node.own.filter { !$0.contains(":") })
        case 6: message.sender = draw.pick(node.hosts).v4
        case 7: message.sender = draw.pick(special(false))
        case 8: message.target = draw.pick(special(false))
        case 9: message.operation = draw.pick([0, 3, 4, 8, 9, 25])
        case 10: message.hardware = draw.pick([6, 7, 0, 32])
        case 11: message.network = draw.pick([0x86dd, 0, 0x0801])
        case 12: message.lengths = draw.pick([[6, 6], [8, 4], [0, 0]])
        case 13: destination = draw.pick(["01:00:5e:00:00:01", "02:00:00:00:77:77", "33:33:00:00:00:01"])
        case 14: message.senderMAC = draw.pick(["ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", nodeMAC(host)])
        default: break
        }
        var bytes = message.bytes
        if draw.oneIn(3) { bytes += [UInt8](repeating: 0, count: 18) }
        if draw.oneIn(15) { bytes = Array(bytes.prefix(draw.between(4...27))) }
        return Injection(device: host.wire, bytes: LinkBytes.frame(bytes, type: 0x0806, from: host.mac, to: destination))
    }

    /// Neighbour discovery: solicitations, advertisements, redirects, and what routers say.
    func discovery() -> Injection {
        let host = sender()
        var target = draw.pick(node.own.filter { $0.contains(":") } + linkLocals(host))
        switch draw.below(12) {
        case 0: target = draw.pick(node.hosts).v6
        case 1: target = draw.pick(special(true))
        case 2: target = draw.pick(node.targets.filter { $0.contains(":") })
        default: break
        }
        var (destination, mac) = LinkBytes.solicitedNode(target)
        if draw.oneIn(3) { (destination, mac) = (target, nodeMAC(host)) }
        if draw.oneIn(12) { (destination, mac) = ("ff02::1", "33:33:00:00:00:01") }
        var source = draw.oneIn(6) ? linkLocal(host) : host.v6
        var option: (UInt8, String)? = draw.oneIn(4) ? nil : (1, host.mac)
        var body: [UInt8]
        switch draw.below(12) {
        case 0, 1, 2:
            let flags: UInt8 = draw.pick([0, 0x20, 0x40, 0x60, 0xe0, 0x80])
            if draw.oneIn(2) { (destination, mac) = (draw.pick(node.own.filter { $0.contains(":") }), nodeMAC(host)) }
            option = draw.oneIn(4) ? nil : (2, draw.oneIn(4) ? "02:00:00:00:0c:04" : host.mac)
            let about =
                draw.oneIn(5)
                ? draw.pick(node.own.filter { $0.contains(":") }) : draw.oneIn(5) ? draw.pick(node.hosts).v6 : host.v6
            body = LinkBytes.discovery(136, flags: flags, target: about, option: option)
        case 3:
            source = linkLocal(host)
            body = [133, 0, 0, 0, 0, 0, 0, 0] + (option.map { [$0.0, 1] + RawPacket.bytes(mac: $0.1) } ?? [])
            (destination, mac) = ("ff02::2", "33:33:00:00:00:02")
        case 4:
            source = "::"
            if draw.oneIn(2) { option = nil }
            body = LinkBytes.discovery(135, target: target, option: option)
        default: body = LinkBytes.discovery(135, target: target, option: option)
        }
        if draw.oneIn(12) {
            body += draw.pick([[14, 1, 1, 2, 3, 4, 5, 6], [1, 0, 0, 0, 0, 0, 0, 0], [1, 2, 0, 0, 0, 0, 0, 0], [3]])
        }
        if draw.oneIn(20) { body[1] = 1 }
        var packet = make(source, destination, 58, body)
        packet.ttl = draw.oneIn(10) ? 64 : 255
        packet.hasWrongChecksum = draw.oneIn(20)
        if draw.oneIn(20) { packet.extensions = [(0, [0, 0, 5, 2, 0, 0, 1, 0])] }
        let isFragment = draw.oneIn(25) && body.count >= 16
        let bytes = isFragment ? packet.packets(sizes: [16])[0] : packet.bytes
        return Injection(device: host.wire, bytes: RawPacket.frame(bytes, from: host.mac, to: mac))
    }

    func linkLocal(_ host: StackNode.Host) -> String {
        let tail = host.mac.split(separator: ":").suffix(2)
        return "fe80::ff:fe00:" + tail.joined()
    }

    /// The node's own, by the device that the host sees.
    private func linkLocals(_ host: StackNode.Host) -> [String] {
        let tail = nodeMAC(host).split(separator: ":").suffix(2)
        return ["fe80::ff:fe00:" + tail.joined()]
    }

    /// Between hosts of one bridge: known, unknown and reserved addresses, tags, other types.
    func bridged() -> Injection {
        let host = draw.pick(node.hosts.filter { $0.device == "br0" })
        let other = draw.pick(node.hosts.filter { $0.device == "br0" })
        let target = draw.pick([
            other.mac, other.mac, other.mac, "02:00:00:00:77:77", "ff:ff:ff:ff:ff:ff", "01:00:5e:01:02:03", "33:33:00:00:00:05",
            "01:80:c2:00:00:00", "01:80:c2:00:00:0e", "01:80:c2:00:00:01", "01:80:c2:00:00:21", "01:00:0c:cc:cc:cc",
        ])
        let source = draw.pick([
            host.mac, host.mac, host.mac, host.mac, other.mac, "02:00:00:00:01:09", "02:00:00:00:01:02", "01:00:5e:00:00:09",
        ])
        let isIPv6 = draw.oneIn(2)
        let packet = make(
            host.address(isIPv6), other.address(isIPv6), 17, TransportBytes.udp(port(), 80, payload: draw.bytes(draw.below(60))))
        var body = RawPacket.frame(packet.bytes, from: source, to: target)
        switch draw.below(10) {
        case 0:
            body = LinkBytes.frame(draw.bytes(50), type: draw.pick([0x88cc, 0x8863, 0x0842, 0x0026]), from: source, to: target)
        case 1: body = Array(body.prefix(draw.pick([15, 20, 30])))
        default: break
        }
        return Injection(device: host.wire, bytes: body)
    }

    /// Some frames are tagged: with a priority only, in a VLAN that nobody has, twice, or cut behind the tag.
    func withTags(_ all: [Injection]) -> [Injection] {
        guard draw.oneIn(node.kind == .bridge ? 6 : 15) else { return all }
        let tags = draw.pick(Self.tags)
        let isCut = draw.oneIn(12)
        return all.map { injection in
            // What recordings leave out could not be told from what the kernel says by itself.
            guard injection.device != nil, injection.bytes.count > 14, !LiveCase.isLeftOut(injection.bytes) else { return injection }
            var tagged = injection
            tagged.bytes.insert(contentsOf: tags.flatMap { TransportBytes.word($0) + TransportBytes.word($1) }, at: 12)
            if isCut { tagged.bytes = Array(tagged.bytes.prefix(draw.between(15...24))) }
            return tagged
        }
    }

    /// Types and what stands behind them: three bits of priority, one of eligibility, twelve of the VLAN.
    private static let tags: [[(UInt16, UInt16)]] = [
        [(0x8100, 0)], [(0x8100, 0xa000)], [(0x8100, 0x1000)], [(0x8100, 10)], [(0x8100, 0xe014)], [(0x8100, 4095)],
        [(0x88a8, 0)], [(0x88a8, 100)], [(0x88a8, 100), (0x8100, 10)], [(0x8100, 0), (0x8100, 0)], [(0x8100, 0), (0x8100, 10)],
        [(0x8100, 10), (0x8100, 0)], [(0x88a8, 0), (0x8100, 0)], [(0x9100, 10)],
    ]
}
