import HawseWire

/// Hosts around a node: they ask for it, send through it, answer its questions, and do what they should not.
final class StackTraffic: LiveTraffic {
    let draw: Draw
    /// As hosts and events know it by now.
    var node: StackNode
    /// A device that an event has taken down.
    var down: String?
    /// Whose events are still to come.
    var eventsLeft: Int
    private var pending: [[Injection]] = []
    /// What the node itself has sent, for errors about it.
    var heard: [(received: Received, wire: String)] = []
    private var nextPort: UInt16 = 20000
    private var nextIdentification: UInt16 = 1

    init(_ draw: Draw, _ node: StackNode) {
        (self.draw, self.node) = (draw, node)
        eventsLeft = draw.oneIn(2) ? draw.between(1...6) : 0
    }

    /// What no wire would carry is left out: more than its MTU and a tag, or to a device that is down.
    func next() -> [Injection] {
        for _ in 0..<50 {
            let all = withTags(draft()).filter { injection in
                guard let device = injection.device else { return true }
                let isTagged = injection.bytes.count > 14 && injection.bytes[12] == 0x81 && injection.bytes[13] == 0
                return device != down && injection.bytes.count <= node.mtu(device) + (isTagged ? 18 : 14)
            }
            if !all.isEmpty { return all }
        }
        return [arp()].filter { $0.device != down }
    }

    private func draft() -> [Injection] {
        if eventsLeft > 0, draw.oneIn(12) {
            eventsLeft -= 1
            return event()
        }
        if !pending.isEmpty, draw.percent(60) { return pending.removeFirst() }
        switch draw.below(20) {
        case 0, 1: return [arp()]
        case 2, 3: return [discovery()]
        case 4, 5: return local()
        case 6: return odd()
        case 7 where !heard.isEmpty: return [error()]
        case 8 where node.kind == .bridge, 9 where node.kind == .bridge: return [bridged()]
        case 8 where node.kind == .overlay, 9 where node.kind == .overlay, 10 where node.kind == .overlay: return [tunnelled()]
        default: return packet()
        }
    }

    // MARK: hearing

    func hear(_ frames: [String: [[UInt8]]]) {
        for wire in frames.keys.sorted() {
            for frame in frames[wire] ?? [] where frame.count >= 34 {
                if frame[12] == 8, frame[13] == 6 {
                    answerARP(frame, wire)
                } else if let received = Received(frame) {
                    if received.isIPv6, received.ipProtocol == 58, received.length >= 24, frame[received.transport] == 135 {
                        answerSolicitation(received, wire)
                    } else if node.own.contains("\(received.source)") || draw.oneIn(6) {
                        heard.append((received, wire))
                        if heard.count > 10 { heard.removeFirst() }
                    }
                }
            }
        }
    }

    private func answerARP(_ frame: [UInt8], _ wire: String) {
        guard frame.count >= 42, frame[21] == 1, let target = IPAddress(bytes: frame[38..<42]),
            let host = node.hosts.first(where: { $0.wire == wire && $0.v4 == "\(target)" }), host.answers || draw.oneIn(4)
        else { return }
        let sender = IPAddress(bytes: frame[28..<32]).map { "\($0)" } ?? "0.0.0.0"
        let asker = RawPacket.text(mac: frame[6..<12])
        let mac = draw.oneIn(12) ? "02:00:00:00:0c:01" : host.mac
        let reply = LinkBytes.ARP(operation: 2, senderMAC: mac, sender: host.v4, targetMAC: asker, target: sender)
        let bytes = LinkBytes.frame(reply.bytes, type: 0x0806, from: mac, to: draw.oneIn(8) ? "ff:ff:ff:ff:ff:ff" : asker)
        pending.append([Injection(device: wire, bytes: bytes)])
    }

    private func answerSolicitation(_ received: Received, _ wire: String) {
        let at = received.transport
        guard let target = IPAddress(bytes: received.frame[at + 8..<at + 24]),
            let host = node.hosts.first(where: { $0.wire == wire && $0.v6 == "\(target)" }), host.answers || draw.oneIn(4)
        else { return }
        let asker = RawPacket.text(mac: received.frame[6..<12])
        let mac = draw.oneIn(12) ? "02:00:00:00:0c:01" : host.mac
        let flags: UInt8 = draw.pick([0x60, 0x60, 0x60, 0x40, 0x20, 0xe0, 0])
        let option: (UInt8, String)? = draw.oneIn(8) ? nil : (2, mac)
        var packet = make(
            host.v6, "\(received.source)", 58, LinkBytes.discovery(136, flags: flags, target: host.v6, option: option))
        packet.ttl = 255
        pending.append([Injection(device: wire, bytes: RawPacket.frame(packet.bytes, from: mac, to: asker))])
    }

    // MARK: making

    func port() -> UInt16 {
        nextPort += 1 + UInt16(draw.below(3))
        return nextPort
    }

    func address(_ text: String) -> IPAddress { IPAddress(text) ?? .unspecified(.ipv4) }

    func make(_ source: String, _ destination: String, _ ipProtocol: UInt8, _ transport: [UInt8]) -> RawPacket {
        nextIdentification &+= 1
        var packet = RawPacket(
            source: address(source), destination: address(destination), ipProtocol: ipProtocol, transport: transport)
        packet.identification = nextIdentification
        return packet
    }

    /// The MAC that a host sends to when the packet is for the node.
    func nodeMAC(_ host: StackNode.Host) -> String { node.net(host.device)?.mac ?? "02:00:00:00:01:01" }

    /// Somebody, and sometimes a stranger behind somebody's back.
    func sender() -> StackNode.Host { draw.pick(node.hosts) }

    func destination(_ host: StackNode.Host, _ isIPv6: Bool) -> String {
        func ours(_ texts: [String]) -> [String] { texts.filter { $0.contains(":") == isIPv6 } }
        switch draw.below(20) {
        case 0...4: return draw.pick(ours(node.own))
        case 5...9: return draw.pick(ours(node.targets))
        case 10: return draw.pick(isIPv6 ? ["2001:db8:abcd::1", "fd00::1"] : ["8.8.8.8", "10.1.0.99"])
        case 11: return draw.pick(special(isIPv6))
        default:
            return draw.pick(node.hosts.filter { $0.device != host.device || draw.oneIn(4) || node.nets.count == 1 }).address(
                isIPv6)
        }
    }

    /// Groups, broadcasts, and what no packet should name.
    func special(_ isIPv6: Bool) -> [String] {
        isIPv6
            ? [
                "ff02::1", "ff02::2", "ff02::5", "ff02::1:ff00:1", "ff05::2", "ff0e::1", "ff01::1", "::1", "::", "fe80::1",
                "fe80::ff:fe00:101", "2001:db8:1::", "2001:db8:f::", "::ffff:10.1.0.1", "fec0::1",
            ]
            : [
                "255.255.255.255", "192.0.2.255", "192.0.2.0", "10.1.0.255", "10.3.0.255", "10.3.0.0", "224.0.0.1", "224.0.0.5",
                "239.1.2.3", "0.0.0.0", "0.0.0.7", "127.0.0.1", "127.0.0.2", "240.0.0.1", "169.254.1.1",
            ]
    }
}
