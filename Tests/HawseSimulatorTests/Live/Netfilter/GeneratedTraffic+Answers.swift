import HawseWire

extension GeneratedTraffic {
    /// What a host says to a packet of its conversation.
    func answers(to received: Received, _ conversation: inout Conversation) -> [RawPacket] {
        switch received.ipProtocol {
        case 6: return segments(after: received, &conversation)
        case 17: return datagram(after: received, &conversation, limit: 4)
        case 1, 58: return echo(after: received, conversation)
        case 132: return chunks(after: received, &conversation)
        case 33: return request(after: received, &conversation)
        default:
            guard conversation.sent < 2, draw.percent(50), received.length > 0 else { return [] }
            conversation.sent += 1
            var body = Array(received.frame[received.transport..<received.end])
            if received.hasPorts { body.replaceSubrange(0..<4, with: body[2..<4] + body[0..<2]) }
            return [reply(conversation, received.ipProtocol, body)]
        }
    }

    func reply(_ conversation: Conversation, _ ipProtocol: UInt8, _ transport: [UInt8]) -> RawPacket {
        packet(conversation.key.own, conversation.key.peer, ipProtocol, transport)
    }

    func tcp(
        _ conversation: inout Conversation, _ flags: UInt8, options: [UInt8] = [], payload: [UInt8] = [], shift: UInt32 = 0
    ) -> RawPacket {
        let segment = TransportBytes.tcp(
            conversation.key.ownPort, conversation.key.peerPort, sequence: conversation.sequence &+ shift,
            acknowledgement: flags & 0x10 != 0 ? conversation.acknowledgement : 0, flags: flags,
            window: UInt16(draw.pick([20000, 65535, 512, 8192])), options: options, payload: payload)
        if shift == 0 { conversation.sequence &+= UInt32(payload.count) + (flags & 3 != 0 ? 1 : 0) }
        return reply(conversation, 6, segment)
    }

    var synOptions: [UInt8] {
        draw.pick([
            [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7], [2, 4, 5, 0xb4], [2, 4, 4, 0], [],
            [1, 1, 4, 2, 2, 4, 5, 0x78, 3, 3, 2],
        ])
    }

    private func segments(after received: Received, _ conversation: inout Conversation) -> [RawPacket] {
        guard received.length >= 20 else { return [] }
        let at = received.transport
        let flags = received.frame[at + 13]
        let payload = max(0, received.length - Int(received.frame[at + 12] >> 4) * 4)
        if flags & 4 != 0 {
            conversation.isClosed = true
            return []
        }
        conversation.acknowledgement = received.long(at + 4) &+ UInt32(payload) &+ (flags & 3 != 0 ? 1 : 0)
        guard !conversation.isClosed else { return draw.oneIn(4) ? [tcp(&conversation, 0x04)] : [] }
        if flags & 0x12 == 0x02 { return handshake(&conversation) }
        if flags & 0x12 == 0x12 { return established(&conversation) }
        if flags & 1 != 0 {
            conversation.isClosed = true
            return [tcp(&conversation, draw.oneIn(3) ? 0x10 : 0x11)]
        }
        if payload > 0 { return draw.percent(85) ? [talk(&conversation)] : [tcp(&conversation, 0x10)] }
        return draw.percent(45) ? [talk(&conversation)] : []
    }

    private func handshake(_ conversation: inout Conversation) -> [RawPacket] {
        switch draw.below(16) {
        case 0: return [tcp(&conversation, 0x14)]
        case 1: return []
        case 2:
            conversation.acknowledgement &+= 7
            return [tcp(&conversation, 0x12)]
        case 3:
            let first = tcp(&conversation, 0x12, options: synOptions)
            return [first, first]
        default: return [tcp(&conversation, 0x12, options: synOptions)]
        }
    }

    private func established(_ conversation: inout Conversation) -> [RawPacket] {
        switch draw.below(12) {
        case 0: return [tcp(&conversation, 0x04)]
        case 1: return []
        default: return draw.oneIn(2) ? [tcp(&conversation, 0x10), talk(&conversation)] : [tcp(&conversation, 0x10)]
        }
    }

    /// Data, a close, or something that does not belong.
    func talk(_ conversation: inout Conversation) -> RawPacket {
        switch draw.below(24) {
        case 0: return tcp(&conversation, 0x04)
        case 1: return tcp(&conversation, 0x14, shift: 5)
        case 2: return tcp(&conversation, 0x10, payload: draw.bytes(20), shift: 100_000)
        case 3: return tcp(&conversation, 0x18, payload: draw.bytes(10), shift: UInt32(bitPattern: -40))
        case 4: return tcp(&conversation, draw.pick([0x00, 0x29, 0x3f, 0x03, 0x06, 0x02, 0x12]))
        case 5:
            let before = conversation.acknowledgement
            conversation.acknowledgement &+= 5000
            let packet = tcp(&conversation, 0x10)
            conversation.acknowledgement = before
            return packet
        case 6, 7, 8:
            conversation.isClosed = draw.oneIn(2)
            return tcp(&conversation, 0x11)
        case 9: return tcp(&conversation, 0xd8, payload: draw.bytes(10))
        case 10: return tcp(&conversation, 0x18, payload: draw.bytes(1460))
        case 11: return tcp(&conversation, 0x18, payload: draw.bytes(2000))
        default: return tcp(&conversation, 0x18, payload: Array("abcd GET / xyz".utf8.prefix(1 + draw.below(14))))
        }
    }

    private func datagram(after received: Received, _ conversation: inout Conversation, limit: Int) -> [RawPacket] {
        guard conversation.sent < limit, draw.percent(70) else { return [] }
        conversation.sent += 1
        return [
            reply(conversation, 17, TransportBytes.udp(conversation.key.ownPort, conversation.key.peerPort, payload: payload()))
        ]
    }

    func payload() -> [UInt8] {
        draw.percent(6) ? draw.bytes(draw.pick([1473, 2500, 3000])) : Array("abcdefgh xyz".utf8) + draw.bytes(draw.below(40))
    }

    private func echo(after received: Received, _ conversation: Conversation) -> [RawPacket] {
        guard received.length > 0 else { return [] }
        let type = received.frame[received.transport]
        guard type == 8 || type == 128, draw.percent(80) else { return [] }
        var body = Array(received.frame[received.transport..<received.end])
        body[0] = type == 8 ? 0 : 129
        return [reply(conversation, received.ipProtocol, body)]
    }

    private func chunks(after received: Received, _ conversation: inout Conversation) -> [RawPacket] {
        guard received.length >= 16, conversation.sent < 5 else { return [] }
        let at = received.transport
        conversation.sent += 1
        let type = received.frame[at + 12]
        if type == 1 || type == 2, received.length >= 32 { conversation.tag = received.long(at + 16) }
        let chunk: [UInt8]
        switch type {
        case 1:
            chunk = TransportBytes.chunk(
                2,
                TransportBytes.long(conversation.sequence) + [0, 0, 0xff, 0xff, 0, 1, 0, 1, 0, 0, 0, 1, 0, 7, 0, 8, 1, 2, 3, 4])
        case 2: chunk = TransportBytes.chunk(10, [1, 2, 3, 4])
        case 10: chunk = TransportBytes.chunk(11, [])
        case 11, 3: chunk = TransportBytes.chunk(0, flags: 3, [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x61, 0x62, 0x63, 0x64])
        case 0:
            chunk =
                draw.oneIn(3)
                ? TransportBytes.chunk(7, [0, 0, 0, 1]) : TransportBytes.chunk(3, [0, 0, 0, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 0])
        case 4: chunk = TransportBytes.chunk(5, [0, 1, 0, 8, 1, 2, 3, 4])
        case 7: chunk = TransportBytes.chunk(8, [])
        case 8: chunk = TransportBytes.chunk(14, [])
        default: return []
        }
        let key = conversation.key
        return [reply(conversation, 132, TransportBytes.sctp(key.ownPort, key.peerPort, tag: conversation.tag, chunks: [chunk]))]
    }

    private func request(after received: Received, _ conversation: inout Conversation) -> [RawPacket] {
        guard received.length >= 16, conversation.sent < 4 else { return [] }
        conversation.sent += 1
        let type = received.frame[received.transport + 8] >> 1 & 15
        let answer: UInt8
        switch type {
        case 0: answer = 1
        case 1: answer = 3
        case 2, 3, 4: answer = draw.pick([4, 3, 6, 5])
        case 5: answer = 6
        case 6: answer = 7
        default: return []
        }
        let at = received.transport + 10
        let theirs = UInt64(received.word(at)) << 32 | UInt64(received.long(at + 2))
        conversation.acknowledgement &+= 1
        return [
            reply(
                conversation, 33,
                TransportBytes.dccp(
                    conversation.key.ownPort, conversation.key.peerPort, type: answer,
                    sequence: UInt64(conversation.sequence) + UInt64(conversation.acknowledgement), acknowledgement: theirs))
        ]
    }
}
