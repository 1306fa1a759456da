import HawseModel
import HawseWire

/// SYNPROXY (`synproxy_tg4`, `synproxy_tg6`): answers clients on a server's behalf until they have shown that they exist.
struct SynproxyAction: BitwiseCopyable {
    var kinds: SynproxySegmentOptions.Kinds
    var windowScale: UInt8
    var mss: UInt16

    init(_ target: SynproxyTarget) {
        kinds = []
        if target.mss != nil { kinds.insert(.mss) }
        if target.windowScale != nil { kinds.insert(.windowScale) }
        if target.sackPermitted { kinds.insert(.sackPermitted) }
        if target.timestamp { kinds.insert(.timestamp) }
        if target.ecn { kinds.insert(.ecn) }
        windowScale = target.windowScale ?? 0
        mss = target.mss ?? 0
    }
}

extension Walk {
    func synproxy(_ action: SynproxyAction, _ context: RuleContext) -> TargetResult {
        let packet = context.packet
        voidRecording()
        packet.pointee.disposition = .dropped(.rejected)
        guard packet.transportLength >= TCPHeader.length, !isSpoiltByOptions(packet),
            TransportChecksum.isValid(
                packet.transportPointer, length: packet.transportLength, protocolNumber: .tcp, family: packet.family,
                source: packet.sourceBits, destination: packet.destinationBits)
        else { return .drop }
        let tcp = packet.tcp
        guard tcp.headerLength >= TCPHeader.length, tcp.headerLength <= packet.transportLength else { return .drop }
        var options = SynproxySegmentOptions(tcp, available: packet.transportLength)
        let way = tcp.flags.intersection([.syn, .ack, .fin, .rst])
        if way == .syn {
            if tcp.flags.isSuperset(of: [.ece, .cwr]) { options.kinds.insert(.ecn) }
            answerClient(packet, &options, action)
            packet.pointee.disposition = .consumed
            return .drop
        }
        if way == .ack {
            guard receiveClientACK(packet, &options, sequence: tcp.sequence) else { return .drop }
            packet.pointee.disposition = .consumed
            return .drop
        }
        packet.pointee.disposition = .pending
        return .continue
    }

    /// The first SYN: the answer's number carries what has to be remembered.
    private func answerClient(_ packet: PacketRef, _ options: inout SynproxySegmentOptions, _ action: SynproxyAction) {
        let cookie = synproxyCookie.make(packet, mss: options.mss)
        options.kinds.formIntersection(action.kinds)
        options.mss = action.mss
        if options.kinds.contains(.timestamp) {
            let clock = UInt32(truncatingIfNeeded: node.pointee.now.nanoseconds / 1_000_000)
            options.hide(in: clock, ownScale: action.windowScale)
        } else {
            options.kinds.subtract([.windowScale, .sackPermitted, .ecn])
        }
        var segment = SynproxySegment(packet, isAnswer: true)
        segment.sequence = cookie
        segment.acknowledgement = packet.tcp.sequence &+ 1
        segment.flags = options.kinds.contains(.ecn) ? [.syn, .ack, .ece] : [.syn, .ack]
        send(segment, options, about: packet, keepsConnection: true, asTemplate: false)
    }

    /// `synproxy_recv_client_ack`: with the right number the server hears of the client.
    func receiveClientACK(_ packet: PacketRef, _ options: inout SynproxySegmentOptions, sequence: UInt32) -> Bool {
        guard let mss = synproxyCookie.check(packet) else { return false }
        options.mss = mss
        options.kinds.insert(.mss)
        if options.kinds.contains(.timestamp) { options.recover() }
        var segment = SynproxySegment(packet, isAnswer: false)
        segment.sequence = sequence &- 1
        // Our own first number travels here to the hook, which knows the connection.
        segment.acknowledgement = packet.tcp.acknowledgement &- 1
        segment.flags = options.kinds.contains(.ecn) ? [.syn, .ece, .cwr] : .syn
        segment.window = packet.tcp.window
        send(segment, options, about: packet, keepsConnection: false, asTemplate: true)
        return true
    }

    private var synproxyCookie: SynproxyCookie { SynproxyCookie(node.pointee.cookieKey, now: node.pointee.now, node.pointee.cookieShifts) }
}
