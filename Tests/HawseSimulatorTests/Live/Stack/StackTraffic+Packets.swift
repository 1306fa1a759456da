import HawseWire

extension StackTraffic {
    /// A host's packet to the node, or through it.
    func packet() -> [Injection] {
        let host = sender()
        let isIPv6 = draw.oneIn(2)
        let destination = self.destination(host, isIPv6)
        var packet = make(host.address(isIPv6), destination, 0, [])
        fill(&packet, mtu: node.mtu(host.wire))
        dress(&packet)
        if draw.oneIn(12) { packet.source = strangeSource(isIPv6) }
        return frames(packet, host, to: linkTarget(host, destination))
    }

    private func strangeSource(_ isIPv6: Bool) -> IPAddress {
        let texts =
            special(isIPv6) + node.own.filter { $0.contains(":") == isIPv6 } + node.targets.filter { $0.contains(":") == isIPv6 }
        return address(draw.oneIn(3) ? draw.pick(node.hosts).address(isIPv6) : draw.pick(texts))
    }

    private func linkTarget(_ host: StackNode.Host, _ destination: String) -> String {
        switch draw.below(25) {
        case 0: return "ff:ff:ff:ff:ff:ff"
        case 1: return draw.pick(["01:00:5e:00:00:01", "33:33:00:00:00:01"])
        case 2: return "02:00:00:00:77:77"
        default: break
        }
        if destination.hasPrefix("ff") || destination.hasPrefix("22") || destination.hasPrefix("239"),
            !destination.hasPrefix("255")
        {
            return LinkBytes.groupMAC(destination)
        }
        if destination.hasSuffix(".255"), draw.percent(80) { return "ff:ff:ff:ff:ff:ff" }
        // Neighbours of one bridge reach each other directly.
        if let other = node.hosts.first(where: { $0.v4 == destination || $0.v6 == destination }), other.device == host.device,
            node.wires.count > node.nets.count, draw.percent(70)
        {
            return other.mac
        }
        return nodeMAC(host)
    }

    func fill(_ packet: inout RawPacket, mtu: Int) {
        let isIPv6 = packet.isIPv6
        let header = isIPv6 ? 48 : 28
        let size =
            draw.percent(70)
            ? draw.below(80)
            : draw.pick([mtu - header, mtu - header - 1, 1400 - header, 1280 - header, 1300 - header, 1301 - header, 600, 2000])
        let payload = draw.bytes(max(0, size))
        switch draw.below(12) {
        case 0...3:
            packet.ipProtocol = isIPv6 ? 58 : 1
            let type: UInt8 =
                draw.percent(85) ? (isIPv6 ? 128 : 8) : draw.pick(isIPv6 ? [129, 139, 200, 1, 100] : [0, 15, 17, 10, 9, 37, 42])
            packet.transport = TransportBytes.echo(
                type: type, code: draw.oneIn(10) ? 1 : 0, identifier: port(), number: 1, payload: payload)
        case 4...7:
            packet.ipProtocol = 17
            packet.transport = TransportBytes.udp(port(), draw.pick([9, 53, 1000, 33434]), payload: payload)
            if draw.oneIn(15) { packet.transport[5] = draw.byte() }
        case 8, 9:
            packet.ipProtocol = 6
            packet.transport = TransportBytes.tcp(
                port(), draw.pick([22, 80]), sequence: draw.word(), acknowledgement: draw.oneIn(2) ? draw.word() : 0,
                flags: draw.pick([2, 2, 2, 0x10, 0x11, 4, 0x12, 0, 0x29, 0xc2]),
                payload: draw.oneIn(3) ? Array(payload.prefix(40)) : [])
        case 10:
            packet.ipProtocol = draw.pick([132, 136, 2, 47, 50, 51, 89, 253, 41, 4, 59, 0, 43, 103])
            packet.transport =
                packet.ipProtocol == 136
                ? TransportBytes.udp(port(), 9, payload: payload, coverage: 0) : Array(payload.prefix(100))
        default:
            packet.ipProtocol = 17
            packet.transport = TransportBytes.udp(port(), 9, payload: [])
        }
    }

    func dress(_ packet: inout RawPacket) {
        packet.isDF = draw.oneIn(2)
        packet.ttl = draw.percent(80) ? 64 : draw.pick([0, 1, 2, 255])
        packet.tos = draw.percent(70) ? 0 : draw.pick([0x10, 0x08, 0xb8, 0x28, 0x01, 0x02, 0x03, 0x1c])
        packet.hasWrongChecksum = draw.oneIn(25)
        if packet.isIPv6 {
            guard draw.oneIn(12) else { return }
            packet.extensions = draw.pick([
                [(0, [0, 0, 1, 4, 0, 0, 0, 0])], [(60, [0, 0, 1, 4, 0, 0, 0, 0])], [(0, [0, 0, 0xc2, 4, 0, 1, 0, 0])],
                [(0, [0, 0, 5, 2, 0, 0, 1, 0])], [(0, [0, 0, 0x3e, 2, 0, 0, 1, 0])], [(0, [0, 0, 0x7e, 2, 0, 0, 1, 0])],
                [(60, [0, 0, 0xbe, 2, 0, 0, 1, 0])], [(60, [0, 0, 0xfe, 2, 0, 0, 1, 0])],
                [(43, [0, 2, 0, 1, 0, 0, 0, 0] + LinkBytes.address("2001:db8:1::33"))],
                [(43, [0, 2, 0, 0, 0, 0, 0, 0] + LinkBytes.address("2001:db8:1::33"))],
                [(43, [0, 2, 2, 1, 0, 0, 0, 0] + LinkBytes.address("2001:db8:1::33"))],
                [(43, [0, 0, 77, 1, 0, 0, 0, 0])], [(135, [0, 0, 1, 0, 1, 4, 0, 0])],
                [(60, [0, 0, 1, 4, 0, 0, 0, 0]), (0, [0, 0, 1, 4, 0, 0, 0, 0])],
            ])
        } else if draw.oneIn(12) {
            packet.options = draw.pick([
                [1, 1, 1, 0], [0x94, 4, 0, 0], [7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0], [7, 7, 8, 1, 2, 3, 4, 0],
                [0x83, 7, 4, 10, 1, 0, 0x33, 0], [0x89, 7, 4, 10, 1, 0, 0x33, 0],
                [0x83, 7, 8, 10, 1, 0, 0x33, 0], [7, 3, 4, 0], [0x82, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [9, 1, 0, 0],
                [7, 30, 4, 0],
                [0x44, 12, 13, 0x30, 0, 0, 0, 0, 0, 0, 0, 0], [7, 7, 5, 0, 0, 0, 0, 0], [0x94, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0],
            ])
        }
    }

    /// Whole, in fragments, some of them missing, twice or in another order; no frame is larger than the wire's MTU.
    func frames(_ packet: RawPacket, _ host: StackNode.Host, to mac: String) -> [Injection] {
        let mtu = node.mtu(host.wire)
        let header = packet.bytes.count - packet.transport.count
        var packets = [packet.bytes]
        let isTooLarge = packets[0].count > mtu
        if isTooLarge || (packet.transport.count > 40 && draw.oneIn(12)) {
            var whole = packet
            if !draw.oneIn(5) { whole.isDF = false }
            let step = isTooLarge ? (mtu - header - 8) & ~7 : 8 * (1 + draw.below(packet.transport.count / 10))
            packets = whole.packets(sizes: Array(repeating: max(8, step), count: min(12, packet.transport.count / max(8, step))))
            packets = packets.filter { $0.count <= mtu }
            switch draw.below(8) {
            case 0: packets = draw.shuffled(packets)
            case 1 where packets.count > 1: packets.remove(at: draw.below(packets.count))
            case 2: packets.append(packets[0])
            default: break
            }
        }
        return packets.map { Injection(device: host.wire, bytes: RawPacket.frame($0, from: host.mac, to: mac)) }
    }

    /// The node's own processes send something.
    func local() -> [Injection] {
        let isIPv6 = draw.oneIn(2)
        let sources = node.own.filter { $0.contains(":") == isIPv6 }
        let host = sender()
        var packet = make(draw.pick(sources), self.destination(host, isIPv6), 0, [])
        fill(&packet, mtu: 1500)
        packet.isDF = draw.oneIn(2)
        packet.tos = draw.oneIn(4) ? 0x10 : 0
        packet.ttl = draw.oneIn(8) ? 1 : 64
        if packet.isIPv6, packet.transport.count > 1200 { packet.transport = Array(packet.transport.prefix(1200)) }
        guard packet.bytes.count <= 1500 else { return self.packet() }
        return [Injection(device: nil, bytes: packet.bytes)]
    }

    /// Headers that are cut short or wrong.
    func odd() -> [Injection] {
        let host = sender()
        let isIPv6 = draw.oneIn(2)
        let destination = self.destination(host, isIPv6)
        var packet = make(host.address(isIPv6), destination, 17, TransportBytes.udp(port(), 9, payload: draw.bytes(24)))
        packet.ttl = draw.pick([64, 1])
        var bytes = packet.bytes
        switch draw.below(10) {
        case 0: bytes = Array(bytes.prefix(draw.between(1...bytes.count)))
        case 1: bytes += [UInt8](repeating: 0, count: 1 + draw.below(20))
        case 2: bytes[0] = draw.pick([0x40, 0x44, 0x4f, 0x60, 0x50, 0x65])
        case 3: bytes[isIPv6 ? 5 : 3] = draw.byte()
        case 4: bytes[isIPv6 ? 6 : 10] ^= 1
        case 5 where !isIPv6:
            // The reserved bit, and a place that does not fit.
            bytes[6] = draw.pick([0x80, 0x60, 0x1f, 0x20])
            bytes[7] = draw.pick([0, 0xff, 1])
            let sum = { (bytes: inout [UInt8]) in
                (bytes[10], bytes[11]) = (0, 0)
                let value = ~UInt16(RawPacket.sum(Array(bytes[0..<20])))
                (bytes[10], bytes[11]) = (UInt8(value >> 8), UInt8(value & 255))
            }
            sum(&bytes)
        case 6 where isIPv6: bytes = packet.packets(sizes: [draw.pick([8, 12, 16])])[draw.below(2)]
        default:
            let at = draw.below(bytes.count)
            bytes[at] = draw.byte()
        }
        let type: UInt16 = draw.oneIn(12) ? draw.pick([0x0800, 0x86dd, 0x8847]) : isIPv6 ? 0x86dd : 0x0800
        return [Injection(device: host.wire, bytes: LinkBytes.frame(bytes, type: type, from: host.mac, to: nodeMAC(host)))]
    }
}
