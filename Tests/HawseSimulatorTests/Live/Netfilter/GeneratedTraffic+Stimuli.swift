import HawseWire

extension GeneratedTraffic {
    /// Something new on a wire, or from the node itself.
    func stimulus() -> [Injection] {
        switch draw.below(20) {
        case 0, 1: return local()
        case 2 where !order.isEmpty: return again()
        case 3: return strange()
        default: return fresh()
        }
    }

    private func destination(for host: GeneratedNode.Host) -> String {
        switch draw.below(20) {
        case 0, 1: draw.pick(node.routerAddresses)
        case 2, 3: node.hasSynproxy ? draw.pick(node.hosts.filter { $0.device != host.device }).address : draw.pick(node.virtuals)
        case 4 where !node.hasSynproxy: draw.oneIn(2) ? draw.pick(node.refused) : node.absent
        default: draw.pick(node.hosts.filter { $0.device != host.device || draw.oneIn(6) && !node.hasSynproxy }).address
        }
    }

    /// A host begins a conversation.
    private func fresh() -> [Injection] {
        let host = draw.pick(node.hosts)
        let destination = self.destination(for: host)
        let direct =
            node.hasBridge && draw.oneIn(2)
            ? node.hosts.first { $0.address == destination && $0.device != "eth0" && host.device != "eth0" }?.mac : nil
        let router = direct ?? node.routerMAC[host.device] ?? ""
        let ipProtocol: UInt8 = draw.pick(
            [6, 6, 6, 6, 6, 17, 17, 17, 17, node.isIPv6 ? 58 : 1, node.isIPv6 ? 58 : 1, 132, 136, 33, 47, 50, 51, 253, 108]
                + (node.isIPv6 ? [135] : []))
        let hasPorts = [6, 17, 33, 132, 136].contains(ipProtocol)
        var key = Conversation.Key(
            device: host.device, own: address(host.address), peer: address(destination), ipProtocol: ipProtocol, ownPort: 0,
            peerPort: 0)
        if hasPorts {
            (key.ownPort, key.peerPort) = (port(), node.port(draw))
        } else if ipProtocol == 1 || ipProtocol == 58 {
            key.ownPort = port()
            key.peerPort = key.ownPort
        }
        var conversation = Conversation(key: key, mac: host.mac, routerMAC: router, sequence: draw.word())
        // In the host's VLAN, or in one that only bridges know.
        let vlan = host.vlan ?? (direct != nil && draw.oneIn(4) ? UInt16(draw.pick([10, 20])) : nil)
        conversation.front = vlan.map { [0x81, 0] + TransportBytes.word($0 | UInt16(draw.pick([0, 0, 0xa000]))) } ?? []
        let packet = opening(&conversation)
        add(conversation)
        return dressed(packet, conversation)
    }

    /// The first packet of a conversation.
    func opening(_ conversation: inout Conversation) -> RawPacket {
        let key = conversation.key
        let (own, peer) = (key.ownPort, key.peerPort)
        switch key.ipProtocol {
        case 6:
            return draw.percent(90)
                ? tcp(
                    &conversation, draw.percent(92) ? 0x02 : 0xc2, options: synOptions, payload: draw.percent(3) ? [1, 2, 3] : [])
                : talk(&conversation)
        case 17: return reply(conversation, 17, TransportBytes.udp(own, peer, payload: payload()))
        case 136:
            return reply(
                conversation, 136, TransportBytes.udp(own, peer, payload: draw.bytes(20), coverage: draw.pick([0, 28, 8, 12])))
        case 132:
            let first: [UInt8] =
                draw.percent(85)
                ? TransportBytes.chunk(
                    1, TransportBytes.long(conversation.sequence) + [0, 0, 0xff, 0xff, 0, 1, 0, 1, 0, 0, 0, 1])
                : draw.pick([
                    TransportBytes.chunk(4, [0, 1, 0, 8, 1, 2, 3, 4]), TransportBytes.chunk(0, flags: 3, draw.bytes(16)),
                    TransportBytes.chunk(6, []),
                ])
            return reply(conversation, 132, TransportBytes.sctp(own, peer, tag: first[0] == 1 ? 0 : 5, chunks: [first]))
        case 33:
            return reply(
                conversation, 33,
                TransportBytes.dccp(
                    own, peer, type: draw.percent(85) ? 0 : 2, sequence: UInt64(conversation.sequence), acknowledgement: 1))
        case 1, 58:
            let type: UInt8 =
                key.ipProtocol == 1 ? draw.pick([8, 8, 8, 8, 15, 17, 0, 42]) : draw.pick([128, 128, 128, 128, 129, 144, 200])
            return reply(
                conversation, key.ipProtocol,
                TransportBytes.echo(type: type, code: draw.oneIn(12) ? 1 : 0, identifier: own, number: 1, payload: payload()))
        case 47: return reply(conversation, 47, TransportBytes.gre(key: draw.oneIn(2) ? 9 : nil))
        case 50: return reply(conversation, 50, TransportBytes.long(draw.pick([1, 256, 999])) + draw.bytes(24))
        case 51:
            return reply(
                conversation, 51,
                [17, 4, 0, 0] + TransportBytes.long(draw.pick([1, 256, 999])) + draw.bytes(16)
                    + TransportBytes.udp(port(), 53, payload: [1, 2]))
        case 108: return reply(conversation, 108, [6, 0, 0, draw.pick([1, 2, 5])] + draw.bytes(20))
        case 135: return reply(conversation, 135, [59, 0, draw.pick([0, 1, 5]), 0, 0, 0, 0, 0])
        default: return reply(conversation, key.ipProtocol, draw.bytes(24))
        }
    }

    /// One more packet in a conversation, due or not.
    func again() -> [Injection] {
        let key = draw.pick(order)
        guard var conversation = conversations[key] else { return fresh() }
        let packet = key.ipProtocol == 6 && draw.percent(80) ? talk(&conversation) : opening(&conversation)
        conversations[key] = conversation
        return dressed(packet, conversation)
    }

    /// The node's own processes send something.
    private func local() -> [Injection] {
        let source = address(draw.pick(node.routerAddresses))
        let host = draw.pick(node.hosts)
        let destination = address(draw.oneIn(5) ? draw.pick(node.virtuals + node.routerAddresses) : host.address)
        let ipProtocol: UInt8 = draw.pick([6, 6, 17, 17, node.isIPv6 ? 58 : 1, 132, 253])
        let hadOddities = hasOddities
        hasOddities = false
        defer { hasOddities = hadOddities }
        var packet: RawPacket
        switch ipProtocol {
        case 6:
            packet = self.packet(
                source, destination, 6,
                TransportBytes.tcp(
                    port(), node.port(draw), sequence: draw.word(), acknowledgement: 0, flags: 2, options: synOptions))
        case 17:
            packet = self.packet(
                source, destination, 17, TransportBytes.udp(port(), node.port(draw), payload: Array(payload().prefix(200))))
        case 132:
            packet = self.packet(
                source, destination, 132,
                TransportBytes.sctp(port(), node.port(draw), tag: 0, chunks: [TransportBytes.chunk(1, draw.bytes(16))]))
        case 253: packet = self.packet(source, destination, 253, draw.bytes(20))
        default:
            packet = self.packet(
                source, destination, ipProtocol,
                TransportBytes.echo(type: node.isIPv6 ? 128 : 8, identifier: port(), number: 1, payload: draw.bytes(20)))
        }
        packet.extensions = []
        packet.options = []
        return [Injection(device: nil, bytes: packet.bytes)]
    }

    /// Frames that a host should not send, or not so.
    func strange() -> [Injection] {
        let host = draw.pick(node.hosts)
        let router = node.routerMAC[host.device] ?? ""
        let own = address(host.address)
        let peer = address(draw.pick(node.hosts).address)
        var packet = self.packet(own, peer, 17, TransportBytes.udp(port(), node.port(draw), payload: payload()))
        var bytes: [UInt8]
        var target = router
        switch draw.below(9) {
        case 0: target = "02:00:00:00:77:77"
        case 1:
            packet.destination = address(node.isIPv6 ? "ff02::1" : draw.pick(["224.0.0.5", "255.255.255.255", "10.1.0.255"]))
            target = node.isIPv6 ? "33:33:00:00:00:01" : "ff:ff:ff:ff:ff:ff"
        case 2: packet.source = address(draw.pick(node.routerAddresses))
        case 3: packet.ttl = draw.pick([0, 1, 2])
        case 4: target = "ff:ff:ff:ff:ff:ff"
        case 5: packet.source = address(draw.pick(node.hosts).address)
        default: break
        }
        bytes = packet.packets(sizes: [])[0]
        if bytes.count > 1500 { bytes = packet.packets(sizes: [1400, 1400])[0] }
        switch draw.below(8) {
        // Cut short, longer than it says, a wrong length, a header checksum that is wrong.
        case 0: bytes = Array(bytes.prefix(draw.between((node.isIPv6 ? 40 : 20)...max(40, bytes.count))))
        case 1: bytes += [UInt8](repeating: 0, count: draw.below(20))
        case 2 where !node.isIPv6: bytes[10] ^= 1
        case 3 where node.isIPv6: bytes[5] = bytes[5] &- 4
        default: break
        }
        var frame = RawPacket.frame(bytes, from: host.mac, to: target, behind: host.vlan.map { [0x81, 0] + TransportBytes.word($0) } ?? [])
        if node.hasBridge, host.device != "eth0", draw.oneIn(4) { inSession(&frame) }
        return [Injection(device: host.device, bytes: frame)]
    }
}
