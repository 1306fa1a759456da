import HawseWire

/// Hosts that start conversations by chance and answer what comes to them.
final class GeneratedTraffic: LiveTraffic {
    let draw: Draw
    let node: GeneratedNode
    /// Otherwise a packet in fifty has a wrong checksum.
    var sumsAreRight = false
    /// Kernels with mobile IPv6 drop routing headers of its type.
    var hasRoutingHeaders = true
    /// Headers that few stacks send.
    var hasOddities = false
    var conversations: [Conversation.Key: Conversation] = [:]
    /// Keys in the order in which they came up, for choices that repeat.
    var order: [Conversation.Key] = []
    /// What else than `stimulus` begins something new.
    var beginning: ((GeneratedTraffic) -> [Injection])?
    private var pending: [[Injection]] = []
    private var nextPort: UInt16 = 20000
    private var nextIdentification: UInt16 = 1

    init(_ draw: Draw, _ node: GeneratedNode) {
        (self.draw, self.node) = (draw, node)
    }

    /// What to send next: an answer that is due, or something new.
    func next() -> [Injection] {
        if !pending.isEmpty, draw.percent(68) {
            return pending.remove(at: draw.percent(80) ? 0 : draw.below(min(4, pending.count)))
        }
        return beginning?(self) ?? stimulus()
    }

    // MARK: hearing

    /// Takes what has left the node.
    func hear(_ frames: [String: [[UInt8]]]) {
        for device in frames.keys.sorted() {
            for frame in frames[device] ?? [] { hear(frame, on: device) }
        }
    }

    private func hear(_ frame: [UInt8], on device: String) {
        guard frame.count > 14, frame[0] & 1 == 0, let received = Received(frame), let key = received.key(on: device) else {
            return
        }
        if draw.percent(5), !node.hasSynproxy, let error = errorMessage(about: received, on: device) { pending.append([error]) }
        if conversations[key] == nil { begin(key, received) }
        guard var conversation = conversations[key] else { return }
        let answers = self.answers(to: received, &conversation)
        conversations[key] = conversation
        for answer in answers { pending.append(dressed(answer, conversation)) }
        if pending.count > 40 { pending.removeFirst(20) }
    }

    /// A host hears of a conversation that another has begun.
    private func begin(_ key: Conversation.Key, _ received: Received) {
        let isRequest: Bool
        switch key.ipProtocol {
        case 6: isRequest = received.length >= 20 && received.frame[received.transport + 13] & 0x12 == 0x02
        case 1: isRequest = received.isEcho && received.frame[received.transport] == 8
        case 58: isRequest = received.isEcho && received.frame[received.transport] == 128
        default: isRequest = true
        }
        guard isRequest else { return }
        add(
            Conversation(
                key: key, mac: RawPacket.text(mac: received.frame[0..<6]), routerMAC: RawPacket.text(mac: received.frame[6..<12]),
                sequence: draw.word(), front: received.front))
    }

    func add(_ conversation: Conversation) {
        if conversations[conversation.key] == nil { order.append(conversation.key) }
        conversations[conversation.key] = conversation
    }

    // MARK: packets

    func port() -> UInt16 {
        nextPort += 1 + UInt16(draw.below(3))
        return nextPort
    }

    func packet(_ source: IPAddress, _ destination: IPAddress, _ ipProtocol: UInt8, _ transport: [UInt8]) -> RawPacket {
        nextIdentification &+= 1
        var packet = RawPacket(source: source, destination: destination, ipProtocol: ipProtocol, transport: transport)
        packet.identification = nextIdentification
        packet.isDF = draw.oneIn(3)
        packet.ttl = UInt8(draw.pick([64, 64, 64, 64, 63, 128, 255, 3, 2, 1]))
        // What quotes a proxied segment shows numbers of the kernel's own choice.
        if node.hasSynproxy { packet.ttl = 64 }
        packet.tos = draw.percent(70) ? 0 : UInt8(draw.pick([0x10, 0x08, 0xb8, 0x28, 0x01, 0x02, 0x03, 0x20]))
        packet.hasWrongChecksum = draw.percent(2) && !sumsAreRight
        if hasOddities, draw.percent(9) {
            addOddity(&packet)
        } else if packet.isIPv6 {
            addExtensions(&packet)
        } else if draw.percent(3) {
            packet.options = draw.pick([[1, 1, 1, 0], [0x94, 4, 0, 0], [7, 7, 4, 0, 0, 0, 0, 0]])
        }
        return packet
    }

    private func addExtensions(_ packet: inout RawPacket) {
        guard draw.percent(8) else { return }
        switch draw.below(hasRoutingHeaders ? 4 : 3) {
        case 0: packet.extensions = [(0, draw.pick([[0, 0, 1, 4, 0, 0, 0, 0], [0, 0, 5, 2, 0, 0, 1, 0]]))]
        case 1: packet.extensions = [(60, [0, 0, 1, 4, 0, 0, 0, 0])]
        case 2: packet.extensions = [(0, [0, 0, 5, 2, 0, 1, 1, 0]), (60, [0, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])]
        default: packet.extensions = [(43, [0, 2, 2, 0, 0, 0, 0, 0] + packet.destination.bytes)]
        }
    }

    /// As frames from a host: whole, in fragments, twice, cut short.
    func dressed(_ packet: RawPacket, _ conversation: Conversation) -> [Injection] {
        let size = packet.transport.count
        var packets: [[UInt8]]
        if size > 1400 || (size > 40 && draw.percent(4)) {
            var sizes: [Int] = []
            let step = size > 1400 ? draw.pick([1400, 1000, 608]) : 8 * (1 + draw.below(size / 16))
            for _ in 0..<(size - 1) / step { sizes.append(step) }
            var whole = packet
            if !draw.oneIn(6) { whole.isDF = false }
            packets = whole.packets(sizes: Array(sizes.prefix(5)))
            if packets.contains(where: { $0.count > 1500 }) {
                packets = whole.packets(sizes: Array(repeating: 1400, count: size / 1400))
            }
            switch draw.below(6) {
            case 0: packets = draw.shuffled(packets)
            case 1: packets.insert(packets[0], at: draw.below(packets.count + 1))
            case 2: packets.remove(at: draw.below(packets.count))
            default: break
            }
        } else {
            packets = [packet.bytes]
            if draw.percent(2) { packets.append(packet.bytes) }
        }
        return packets.map {
            Injection(
                device: conversation.key.device,
                bytes: RawPacket.frame($0, from: conversation.mac, to: conversation.routerMAC, behind: conversation.front))
        }
    }

    func address(_ text: String) -> IPAddress { IPAddress(text) ?? .unspecified(node.isIPv6 ? .ipv6 : .ipv4) }

    /// An ICMP error about a packet that has come, from the host or from a router before it.
    private func errorMessage(about received: Received, on device: String) -> Injection? {
        guard ![1, 58].contains(received.ipProtocol) || received.isEcho else { return nil }
        let quoted = Array(received.frame[14..<min(received.end, 14 + draw.pick([28, 48, 64, 100, 24, 548]))])
        let source =
            draw.oneIn(3)
            ? address(draw.pick(node.hosts.filter { $0.device == device || node.hasBridge }).address) : received.destination
        var kinds: [(UInt8, UInt8)] = [(3, 0), (3, 1), (3, 3), (3, 13), (11, 0), (3, 4), (12, 0), (4, 0)]
        if node.isIPv6 { kinds = [(1, 0), (1, 4), (1, 3), (2, 0), (3, 0), (4, 1), (100, 0)] }
        let (type, code) = draw.pick(kinds)
        let rest: [UInt8] = type == (node.isIPv6 ? 2 : 3) && (node.isIPv6 || code == 4) ? [0, 0, 0x05, 0x78] : [0, 0, 0, 0]
        let message = packet(
            source, draw.percent(4) ? address(draw.pick(node.hosts).address) : received.source, node.isIPv6 ? 58 : 1,
            [type, code, 0, 0] + rest + quoted)
        let (host, router) = (RawPacket.text(mac: received.frame[0..<6]), RawPacket.text(mac: received.frame[6..<12]))
        return Injection(device: device, bytes: RawPacket.frame(message.bytes, from: host, to: router, behind: received.front))
    }
}
