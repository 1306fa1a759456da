import HawseModel
import HawseWire

/// A segment of the proxy's own.
struct SynproxySegment {
    var source: AddressBits
    var destination: AddressBits
    var sourcePort: UInt16
    var destinationPort: UInt16
    var sequence: UInt32 = 0
    var acknowledgement: UInt32 = 0
    var flags: TCPFlags = []
    var window: UInt16 = 0

    /// With the ends of `packet`, crossed for an answer.
    init(_ packet: PacketRef, isAnswer: Bool) {
        let tcp = packet.tcp
        source = isAnswer ? packet.destinationBits : packet.sourceBits
        destination = isAnswer ? packet.sourceBits : packet.destinationBits
        sourcePort = isAnswer ? tcp.destinationPort : tcp.sourcePort
        destinationPort = isAnswer ? tcp.sourcePort : tcp.destinationPort
    }
}

extension Walk {
    /// `ipv4_synproxy_hook`, `ipv6_synproxy_hook`: at INPUT and POSTROUTING, just before a connection is confirmed.
    @inline(never)
    func synproxyHook(_ packet: PacketRef, _ connection: ConnectionRef) -> Verdict {
        guard packet.pointee.ipProtocol == .tcp, packet.transportLength >= TCPHeader.length,
            !packet.pointee.flags.contains(.loopback), let cold = node.pointee.connections.cold(connection)
        else { return .accept }
        let tcp = packet.tcp
        let isOriginal = !packet.pointee.connectionInfo.isReply
        var options = SynproxySegmentOptions(tcp, available: packet.transportLength)
        var isOpening = connection.pointee.tcpState == .synSent
        if connection.pointee.tcpState == .close {
            if tcp.flags.contains(.rst), !isOriginal {
                shift(connection, isReply: true, by: cold.pointee.proxySequence &- tcp.sequence &+ 1)
            } else if tcp.flags.contains(.syn), !tcp.flags.contains(.ack), isOriginal {
                // Opened again: both shifts are found anew.
                cold.pointee.proxyTimestampOffset = 0
                isOpening = true
            }
        }
        if isOpening {
            if !tcp.flags.contains(.syn), tcp.flags.contains(.ack), isOriginal {
                packet.pointee.disposition = .dropped(.rejected)
                // A keep-alive has the number before the next.
                if receiveClientACK(packet, &options, sequence: tcp.sequence &+ 1) { packet.pointee.disposition = .consumed }
                return .drop
            }
            cold.pointee.proxySequence = tcp.acknowledgement
            if options.kinds.contains(.timestamp) { cold.pointee.proxyTimestamp = options.timestampEcho }
        } else if connection.pointee.tcpState == .synRecv, tcp.flags.isSuperset(of: [.syn, .ack]) {
            welcome(packet, connection, cold, &options)
            packet.pointee.disposition = .consumed
            return .drop
        }
        adjustTimestamp(packet, cold.pointee.proxyTimestampOffset, isOriginal: isOriginal)
        return .accept
    }

    /// The server's SYN-ACK: it gets its ACK, the client an opened window, and the numbers are shifted from here on.
    private func welcome(
        _ packet: PacketRef, _ connection: ConnectionRef, _ cold: UnsafeMutablePointer<ConnectionExtension>,
        _ options: inout SynproxySegmentOptions
    ) {
        let tcp = packet.tcp
        if options.kinds.contains(.timestamp) {
            cold.pointee.proxyTimestampOffset = options.timestampValue &- cold.pointee.proxyTimestamp
        }
        options.kinds.subtract([.mss, .windowScale, .sackPermitted])
        swap(&options.timestampValue, &options.timestampEcho)
        var toServer = SynproxySegment(packet, isAnswer: true)
        toServer.sequence = tcp.acknowledgement
        toServer.acknowledgement = tcp.sequence &+ 1
        toServer.flags = .ack
        toServer.window = UInt16(truncatingIfNeeded: connection.pointee.seenOriginal.maximumWindow)
        send(toServer, options, about: packet, keepsConnection: false, asTemplate: false)
        shift(connection, isReply: packet.pointee.connectionInfo.isReply, by: cold.pointee.proxySequence &- tcp.sequence)
        swap(&options.timestampValue, &options.timestampEcho)
        var toClient = SynproxySegment(packet, isAnswer: false)
        toClient.sequence = tcp.sequence &+ 1
        toClient.acknowledgement = tcp.acknowledgement
        toClient.flags = .ack
        toClient.window = options.windowScale < 16 ? tcp.window >> UInt16(options.windowScale) : 0
        send(toClient, options, about: packet, keepsConnection: true, asTemplate: false)
    }

    /// `nf_ct_seqadj_init`
    private func shift(_ connection: ConnectionRef, isReply: Bool, by offset: UInt32) {
        guard offset != 0, let cold = node.pointee.connections.cold(connection) else { return }
        connection.pointee.status.insert(.sequenceAdjust)
        var adjustment = isReply ? cold.pointee.adjustReply : cold.pointee.adjustOriginal
        adjustment.offsetBefore = Int32(bitPattern: offset)
        adjustment.offsetAfter = adjustment.offsetBefore
        if isReply { cold.pointee.adjustReply = adjustment } else { cold.pointee.adjustOriginal = adjustment }
    }

    /// `synproxy_tstamp_adjust`
    private func adjustTimestamp(_ packet: PacketRef, _ offset: UInt32, isOriginal: Bool) {
        guard offset != 0 else { return }
        let tcp = packet.tcp
        for option in tcp.options(available: packet.transportLength) where option.timestamps != nil {
            let at = 20 + option.offset + (isOriginal ? 6 : 2)
            let old = tcp.base.loadBE32(at: at)
            let new = isOriginal ? old &+ offset : old &- offset
            // An odd place would need its bytes crossed over; the sum is the same either way when taken as 16-bit words.
            if at & 1 == 0 {
                tcp.checksum = ChecksumUpdate.replace32(tcp.checksum, from: old, to: new)
            } else {
                tcp.checksum = ChecksumUpdate.replace32(
                    tcp.checksum, from: old.byteSwapped >> 16 | old.byteSwapped << 16,
                    to: new.byteSwapped >> 16 | new.byteSwapped << 16)
            }
            tcp.base.storeBE32(new, at: at)
            return
        }
    }

    /// `synproxy_send_tcp`: out through OUTPUT, as the connection of `packet`, a new one of the proxy's, or as it comes.
    func send(
        _ segment: SynproxySegment, _ options: SynproxySegmentOptions, about packet: PacketRef, keepsConnection: Bool,
        asTemplate: Bool
    ) {
        let isIPv4 = packet.isIPv4
        let headerLength = isIPv4 ? 20 : 40
        let length = TCPHeader.length + options.byteCount
        guard let answer = newPacket(bytes: headerLength + length) else { return }
        if isIPv4 {
            writeIPv4(
                answer, protocolNumber: .tcp, source: segment.source.ipv4, destination: segment.destination.ipv4, tos: 0,
                ttl: node.pointee.settings.defaultTTL, dontFragment: true, identification: 0)
        } else {
            writeIPv6(
                answer, protocolNumber: .tcp, source: segment.source, destination: segment.destination, trafficClass: 0,
                flowLabel: 0, hopLimit: node.pointee.settings.hopLimit)
        }
        let tcp = answer.tcp
        tcp.sourcePort = segment.sourcePort
        tcp.destinationPort = segment.destinationPort
        tcp.sequence = segment.sequence
        tcp.acknowledgement = segment.acknowledgement
        tcp.headerLength = length
        tcp.flags = segment.flags
        tcp.window = segment.window
        options.write(to: tcp.base + TCPHeader.length)
        TransportChecksum.store(
            tcp.base, length: length, protocolNumber: .tcp, family: answer.family, source: segment.source,
            destination: segment.destination)
        answer.pointee.flags.insert(.checksumPartial)
        answer.pointee.uid = -1
        if keepsConnection, packet.pointee.connection != 0 {
            attach(answer, node.pointee.connections[packet.pointee.connection], .establishedReply)
        }
        if asTemplate { answer.pointee.connectionTemplate = .synproxy }
        guard routeAgain(answer) else {
            finish(answer)
            return
        }
        note(packet, .answered("SYNPROXY segment"))
        sendNow(answer, causedBy: packet, stage: .output)
    }
}
