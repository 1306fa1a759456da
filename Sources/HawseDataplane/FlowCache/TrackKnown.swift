import HawseModel
import HawseWire

extension Walk {
    /// The tracker's answer for a packet of a known flow: the usual segment of an established TCP connection at once, all
    /// others by the trackers themselves. The outcome, and what the connection learns, is the same.
    @inline(__always)
    func trackKnown(_ frame: KnownFrame, _ connection: ConnectionRef, _ direction: Direction) -> TrackVerdict {
        guard frame.ipProtocol == .tcp else { return trackDatagram(frame, connection, direction) }
        if node.pointee.connections.settings.checksum, !frame.isIntact { return .invalid }
        if acceptUsual(frame, connection, direction) { return .accept }
        return trackUnusual(frame, connection, direction)
    }

    /// `trackUDP`
    @inline(__always)
    private func trackDatagram(_ frame: KnownFrame, _ connection: ConnectionRef, _ direction: Direction) -> TrackVerdict {
        let claimed = Int(frame.transport.loadBE16(at: 4))
        guard claimed <= frame.transportLength, claimed >= 8 else { return .invalid }
        if node.pointee.connections.settings.checksum, frame.transport.loadBE16(at: 6) != 0, !frame.isIntact {
            return .invalid
        }
        renewUDP(connection, direction, length: frame.length)
        return .accept
    }

    @inline(never)
    private func trackUnusual(_ frame: KnownFrame, _ connection: ConnectionRef, _ direction: Direction) -> TrackVerdict {
        trackTCP(frame.headers, connection, direction, .prerouting)
    }

    /// An acknowledgement with or without data, in the window, of a connection that has seen both sides. False, and
    /// nothing has changed: the tracker must look.
    @inline(__always)
    private func acceptUsual(_ frame: KnownFrame, _ connection: ConnectionRef, _ direction: Direction) -> Bool {
        let ct = connection
        let tcp = frame.transport
        let numbers = tcp.loadBE64(at: 4)
        let control = tcp.loadBE32(at: 12)
        // ACK without SYN, FIN, RST and URG.
        guard control >> 16 & 0x37 == 0x10, ct.pointee.state == TCPState.established.rawValue,
            ct.pointee.status.contains(.seenReply), !ct.pointee.status.contains(.fixedTimeout)
        else { return false }
        let headerLength = Int(control >> 28) &* 4
        // Without options, or with timestamps alone: no SACK to look for.
        guard headerLength == 20 || (headerLength == 32 && tcp.loadBE32(at: 20) == 0x0101_080a),
            frame.transportLength >= headerLength
        else { return false }
        let raw = UnsafeMutableRawPointer(ct)
        let side = Int(direction.rawValue)
        let place = ConnectionLayout.seenOriginal &+ side &* 16
        let sender = (raw + place).assumingMemoryBound(to: Connection.TCPEnd.self)
        let receiver = (raw + (ConnectionLayout.seenOriginal + ConnectionLayout.seenReply - place))
            .assumingMemoryBound(to: Connection.TCPEnd.self)
        let sequence = UInt32(truncatingIfNeeded: numbers >> 32)
        let acknowledgement = UInt32(truncatingIfNeeded: numbers)
        let end = sequence &+ UInt32(truncatingIfNeeded: frame.transportLength &- headerLength)
        let from = sender.pointee
        let to = receiver.pointee
        // The four bounds of `TCPWindow.outside`.
        guard from.maximumWindow != 0, Self.isBefore(sequence, from.maximumEnd &+ 1),
            Self.isBefore(acknowledgement, to.end &+ 1),
            to.maximumWindow == 0 || Self.isBefore(from.end &- to.maximumWindow &- 1, end),
            Self.isBefore(to.end &- max(from.maximumWindow, TCPWindow.maximumAckWindow) &- 1, acknowledgement)
        else { return false }
        updateUsual(
            ct, side, sender, receiver, sequence, acknowledgement, end, UInt16(truncatingIfNeeded: control))
        ct.pointee.status.insert(.assured)
        refresh(ct, direction, length: frame.length, tcpTimeout(ct, .ack, .established))
        return true
    }

    @inline(__always)
    private static func isBefore(_ a: UInt32, _ b: UInt32) -> Bool { Int32(bitPattern: a &- b) < 0 }

    /// `TCPWindow.update` and what accepting a segment leaves in the record, for an acknowledgement.
    @inline(__always)
    private func updateUsual(
        _ ct: ConnectionRef, _ side: Int, _ sender: UnsafeMutablePointer<Connection.TCPEnd>,
        _ receiver: UnsafeMutablePointer<Connection.TCPEnd>, _ sequence: UInt32, _ acknowledgement: UInt32,
        _ end: UInt32, _ sent: UInt16
    ) {
        let window = UInt32(sent) &<< UInt32(ct.pointee.scales >> UInt8(truncatingIfNeeded: side &* 4) & 15)
        let flags = (UnsafeMutableRawPointer(ct) + ConnectionLayout.flagsOriginal).assumingMemoryBound(to: UInt8.self)
        var from = sender.pointee
        var to = receiver.pointee
        var senderFlags = flags[side]
        var receiverFlags = flags[1 &- side]
        if from.maximumWindow < window { from.maximumWindow = window }
        if Self.isBefore(from.end, end) {
            from.end = end
            senderFlags |= TCPEndFlag.dataUnacknowledged
        }
        if senderFlags & TCPEndFlag.maximumAckSet == 0 || Self.isBefore(from.maximumAcknowledgement, acknowledgement) {
            from.maximumAcknowledgement = acknowledgement
            senderFlags |= TCPEndFlag.maximumAckSet
        }
        if to.maximumWindow != 0, Self.isBefore(from.maximumEnd, end) {
            to.maximumWindow = to.maximumWindow &+ (end &- from.maximumEnd)
        }
        if Self.isBefore(to.maximumEnd &- 1, acknowledgement &+ window) {
            to.maximumEnd = acknowledgement &+ window &+ (window == 0 ? 1 : 0)
        }
        if acknowledgement == to.end { receiverFlags &= ~TCPEndFlag.dataUnacknowledged }
        sender.pointee = from
        receiver.pointee = to
        flags[side] = senderFlags
        flags[1 &- side] = receiverFlags
        // The same segment again and again shortens the timeout.
        let from80 = UInt8(truncatingIfNeeded: side &* 0x80)
        if ct.pointee.lastPacket & 0x80 == from80, ct.pointee.lastSequence == sequence,
            ct.pointee.lastAcknowledgement == acknowledgement, ct.pointee.lastEnd == end, ct.pointee.lastWindow == sent
        {
            ct.pointee.retransmissions &+= 1
        } else {
            ct.pointee.lastSequence = sequence
            ct.pointee.lastAcknowledgement = acknowledgement
            ct.pointee.lastEnd = end
            ct.pointee.lastWindow = sent
            ct.pointee.retransmissions = 0
        }
        ct.pointee.lastPacket = ct.pointee.lastPacket & 0x78 | from80 | TCPSegmentKind.ack.rawValue
    }
}
