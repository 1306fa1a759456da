import HawseWire

/// What clients of virtual services do, beside answering.
struct DirectorTraffic {
    let director: GeneratedDirector
    let draw: Draw

    /// Something new, or one more packet of an old conversation. `services` as they are now.
    func begin(_ traffic: GeneratedTraffic, _ services: [GeneratedServices.Service]) -> [Injection] {
        switch draw.below(24) {
        case 0: return local(traffic, services)
        case 1...5: return again(traffic, services)
        case 6: return traffic.strange()
        case 7: return unknown(traffic, services)
        case 8: return reuse(traffic, services)
        case 9: return fromServer(traffic, services)
        default: return fresh(traffic, services)
        }
    }

    private func again(_ traffic: GeneratedTraffic, _ services: [GeneratedServices.Service]) -> [Injection] {
        traffic.order.isEmpty ? fresh(traffic, services) : traffic.again()
    }

    private static let numbers: [String: UInt8] = ["tcp": 6, "udp": 17, "sctp": 132]

    /// Where a client of a service sends to.
    private func target(_ services: [GeneratedServices.Service]) -> (address: String, ipProtocol: UInt8, port: UInt16) {
        let anyPort = UInt16(draw.pick([80, 443, 53, 21, 8080, 30080]))
        guard !services.isEmpty, !draw.oneIn(20) else {
            return (draw.pick(director.virtuals + director.locals), draw.pick([6, 17, 132]), anyPort)
        }
        let service = draw.pick(services)
        guard let name = service.ipProtocol else { return (director.marked(draw), draw.pick([6, 6, 17, 17, 132]), anyPort) }
        return (service.address, Self.numbers[name] ?? 6, service.port == 0 ? anyPort : service.port)
    }

    private func conversation(
        _ traffic: GeneratedTraffic, _ host: GeneratedNode.Host, _ target: (address: String, ipProtocol: UInt8, port: UInt16)
    ) -> Conversation {
        let key = Conversation.Key(
            device: host.device, own: traffic.address(host.address), peer: traffic.address(target.address),
            ipProtocol: target.ipProtocol, ownPort: draw.oneIn(40) ? 20 : traffic.port(), peerPort: target.port)
        return Conversation(
            key: key, mac: host.mac, routerMAC: traffic.node.routerMAC[host.device] ?? "", sequence: draw.word())
    }

    private func fresh(_ traffic: GeneratedTraffic, _ services: [GeneratedServices.Service]) -> [Injection] {
        var conversation = conversation(traffic, director.client(draw), target(services))
        let packet = traffic.opening(&conversation)
        traffic.add(conversation)
        if conversation.key.ipProtocol == 17, draw.oneIn(10) { return withoutChecksum(traffic, packet, conversation) }
        return traffic.dressed(packet, conversation)
    }

    /// UDP whose sender did not sum.
    private func withoutChecksum(_ traffic: GeneratedTraffic, _ packet: RawPacket, _ conversation: Conversation)
        -> [Injection]
    {
        var short = packet
        short.transport = Array(packet.transport.prefix(200))
        guard !short.isIPv6, short.transport.count > 8 else { return traffic.dressed(packet, conversation) }
        let length = TransportBytes.word(UInt16(short.transport.count))
        short.transport.replaceSubrange(4..<6, with: length)
        var bytes = short.bytes
        let at = Int(bytes[0] & 15) * 4 + 6
        bytes.replaceSubrange(at..<at + 2, with: [0, 0])
        let frame = RawPacket.frame(bytes, from: conversation.mac, to: conversation.routerMAC)
        return [Injection(device: conversation.key.device, bytes: frame)]
    }

    /// The same client port again, perhaps while the old connection is still known.
    private func reuse(_ traffic: GeneratedTraffic, _ services: [GeneratedServices.Service]) -> [Injection] {
        let keys = traffic.order.filter { $0.device == "eth0" }
        guard !keys.isEmpty else { return fresh(traffic, services) }
        let key = draw.pick(keys)
        guard var conversation = traffic.conversations[key] else { return fresh(traffic, services) }
        conversation.isClosed = false
        conversation.sent = 0
        let packet = traffic.opening(&conversation)
        traffic.conversations[key] = conversation
        return traffic.dressed(packet, conversation)
    }

    /// A real server speaks first, or of what the node has forgotten.
    private func fromServer(_ traffic: GeneratedTraffic, _ services: [GeneratedServices.Service]) -> [Injection] {
        let servers = services.flatMap { service in service.servers.map { (service, $0) } }
        guard !servers.isEmpty else { return again(traffic, services) }
        let (service, server) = draw.pick(servers)
        guard let host = traffic.node.hosts.first(where: { $0.address == server.address }) else { return again(traffic, services) }
        let client = director.client(draw)
        var conversation = conversation(
            traffic, host, (client.address, Self.numbers[service.ipProtocol ?? "tcp"] ?? 6, traffic.port()))
        conversation.key.ownPort = server.port == 0 ? 80 : server.port
        let packet = draw.oneIn(2) ? traffic.opening(&conversation) : traffic.talk(&conversation)
        if packet.ipProtocol == conversation.key.ipProtocol { return traffic.dressed(packet, conversation) }
        return traffic.dressed(traffic.opening(&conversation), conversation)
    }

    /// Packets that begin nothing: segments of no connection, errors about what was never sent, echoes.
    private func unknown(_ traffic: GeneratedTraffic, _ services: [GeneratedServices.Service]) -> [Injection] {
        let target = target(services)
        var conversation = conversation(traffic, director.client(draw), target)
        let key = conversation.key
        switch draw.below(3) {
        case 0:
            guard target.ipProtocol == 6 else { return traffic.dressed(traffic.opening(&conversation), conversation) }
            let flags: UInt8 = draw.pick([0x10, 0x18, 0x11, 0x14, 0x04, 0x12, 0x00, 0x03, 0x06])
            return traffic.dressed(traffic.tcp(&conversation, flags, payload: draw.bytes(draw.below(30))), conversation)
        case 1:
            let isIPv6 = director.isIPv6
            var quoted = RawPacket(
                source: key.peer, destination: key.own, ipProtocol: target.ipProtocol,
                transport: TransportBytes.word(target.port) + TransportBytes.word(key.ownPort) + draw.bytes(20))
            quoted.ttl = 60
            let (type, code): (UInt8, UInt8) = isIPv6 ? draw.pick([(1, 4), (2, 0), (3, 0)]) : draw.pick([(3, 3), (3, 1), (3, 4), (11, 0)])
            let rest: [UInt8] = type == (isIPv6 ? 2 : 3) ? [0, 0, 0x05, 0x78] : [0, 0, 0, 0]
            let packet = traffic.packet(
                key.own, key.peer, isIPv6 ? 58 : 1, [type, code, 0, 0] + rest + quoted.bytes.prefix(draw.pick([28, 48, 68])))
            return traffic.dressed(packet, conversation)
        default:
            conversation.key.ipProtocol = director.isIPv6 ? 58 : 1
            conversation.key.peerPort = conversation.key.ownPort
            let echo = TransportBytes.echo(
                type: director.isIPv6 ? 128 : 8, identifier: conversation.key.ownPort, number: 1, payload: draw.bytes(20))
            return traffic.dressed(traffic.packet(key.own, key.peer, conversation.key.ipProtocol, echo), conversation)
        }
    }

    /// The node's own processes as clients.
    private func local(_ traffic: GeneratedTraffic, _ services: [GeneratedServices.Service]) -> [Injection] {
        let target = target(services)
        let source = traffic.address(draw.oneIn(3) ? target.address : draw.pick(director.locals))
        let destination = traffic.address(target.address)
        let transport: [UInt8]
        switch target.ipProtocol {
        case 6:
            transport = TransportBytes.tcp(
                traffic.port(), target.port, sequence: draw.word(), acknowledgement: 0, flags: 2, options: traffic.synOptions)
        case 17: transport = TransportBytes.udp(draw.pick(GeneratedDirector.localPorts), target.port, payload: draw.bytes(30))
        default:
            transport = TransportBytes.sctp(
                traffic.port(), target.port, tag: 0, chunks: [TransportBytes.chunk(1, draw.bytes(16))])
        }
        var packet = traffic.packet(source, destination, target.ipProtocol, transport)
        packet.extensions = []
        packet.options = []
        packet.hasWrongChecksum = false
        return [Injection(device: nil, bytes: packet.bytes)]
    }

    // MARK: hearing

    /// What hosts hear of a frame that has left: the inside of a tunnel; not all of what a server that answers past the
    /// node gets, since its answers come back from nowhere.
    func heard(_ frame: [UInt8]) -> [UInt8]? {
        if let inner = Self.inside(frame) {
            // What is said about GUE itself would have to name its port, which the kernel draws.
            let isDrawn = frame[12] == 8 ? frame[23] == 17 : frame[20] == 17
            return draw.percent(20) ? (isDrawn || draw.oneIn(2) ? inner : frame) : nil
        }
        guard let received = Received(frame) else { return frame }
        let isDirect = director.virtuals.contains("\(received.destination)") && frame[5] != 0xfe
        return isDirect && draw.percent(80) ? nil : frame
    }

    /// The packet inside ipip, GUE or GRE, behind the same Ethernet addresses.
    private static func inside(_ frame: [UInt8]) -> [UInt8]? {
        guard let received = Received(frame), !received.isFragment else { return nil }
        var at = received.transport
        switch received.ipProtocol {
        case 4, 41: break
        case 47:
            guard received.length > 8 else { return nil }
            at += frame[at] & 0x80 != 0 ? 8 : 4
        case 17:
            guard received.length > 12, received.word(at + 2) == 6080 else { return nil }
            at += 8 + 4 + Int(frame[at + 8] & 31) * 4
        default: return nil
        }
        guard at < received.end else { return nil }
        let type: [UInt8] = frame[at] >> 4 == 6 ? [0x86, 0xdd] : [0x08, 0x00]
        return frame[..<12] + type + frame[at..<received.end]
    }
}
