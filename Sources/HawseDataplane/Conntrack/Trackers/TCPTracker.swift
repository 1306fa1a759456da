import HawseModel
import HawseWire

extension Walk {
    /// `nf_conntrack_tcp_packet`: state machine, window, timeout.
    @inline(__always)
    func trackTCP(
        _ packet: TrackedHeaders, _ connection: ConnectionRef, _ direction: Direction, _ hook: Hook
    ) -> TrackVerdict {
        let length = packet.transportLength
        guard length >= 20 else { return .invalid }
        let tcp = TCPHeader(packet.transport)
        guard tcp.headerLength >= 20, length >= tcp.headerLength else { return .invalid }
        if isChecksumWrong(packet, hook, .tcp) { return .invalid }
        let segment = TCPSegment(tcp, length: length)
        guard TCPTransitions.isValid(segment.flags) else { return .invalid }
        if !connection.pointee.isConfirmed, !beginTCP(connection, segment) { return .invalid }

        let old = connection.pointee.tcpState
        let step = TCPTransitions.next(direction, segment.kind, old)
        // The usual case first: data and acknowledgements of an established connection.
        if step == TCPState.established.rawValue, old == .established {
            return checkWindow(packet, connection, direction, segment, old, .established)
        }
        return changeTCP(packet, connection, direction, segment, old, step)
    }

    /// `tcp_new`: what the first segment tells. False: no connection begins with it.
    private func beginTCP(_ connection: ConnectionRef, _ segment: TCPSegment) -> Bool {
        let first = TCPTransitions.next(.original, segment.kind, .none)
        guard first < TCPTransitions.invalid else { return false }
        let isSyn = first == TCPState.synSent.rawValue
        guard isSyn || node.pointee.connections.settings.tcpLoose else { return false }
        connection.pointee.clearTCP()
        let side = connection.side(.original)
        let window = max(UInt32(segment.window), 1)
        side.end.pointee.end = segment.end
        side.end.pointee.maximumWindow = window
        side.end.pointee.maximumEnd = isSyn ? segment.end : segment.end &+ window
        if isSyn {
            side.readOptions(segment)
        } else {
            // Whether the window is scaled is not known any more.
            connection.pointee.flagsOriginal = TCPEndFlag.sackPermitted | TCPEndFlag.beLiberal
            connection.pointee.flagsReply = TCPEndFlag.sackPermitted | TCPEndFlag.beLiberal
        }
        connection.pointee.lastKind = .none
        return true
    }

    /// The cases of the state table that need more than the next state.
    @inline(never)
    private func changeTCP(
        _ packet: TrackedHeaders, _ connection: ConnectionRef, _ direction: Direction, _ segment: TCPSegment,
        _ old: TCPState, _ step: UInt8
    ) -> TrackVerdict {
        guard var next = TCPState(rawValue: step) else {
            return step == TCPTransitions.ignore
                ? ignoreTCP(packet, connection, direction, segment, old) : .invalid
        }
        let ct = connection
        switch next {
        case .synSent where old.rawValue >= TCPState.timeWait.rawValue:
            // A new SYN on a connection that one side has closed or reset starts a new one.
            let closed = (ct.pointee.flagsOriginal | ct.pointee.flagsReply) & TCPEndFlag.closeInitiator != 0
            if closed || (ct.pointee.lastDirection == direction && ct.pointee.lastKind == .rst) {
                node.pointee.connections.remove(connection)
                return .again
            }
            return ignoreTCP(packet, connection, direction, segment, old)
        case .timeWait:
            if old == .lastAck, segment.kind == .ack, ct.pointee.lastDirection != direction,
                ct.pointee.lastKind == .syn, ct.pointee.lastFlags & TCPEndFlag.expectChallengeAck != 0
            {
                ct.pointee.lastFlags &= ~TCPEndFlag.expectChallengeAck
                return .accept
            }
        case .synSent2:
            ct.pointee.lastFlags |= TCPEndFlag.simultaneousOpen
        case .synRecv:
            if direction == .reply, segment.kind == .ack,
                ct.pointee.lastFlags & TCPEndFlag.simultaneousOpen != 0
            {
                next = .established
            }
        case .close where segment.kind == .rst:
            switch checkReset(connection, direction, segment, old) {
            case .invalid: return .invalid
            case .closeWithoutWindow: return acceptTCP(packet, connection, direction, segment, old, .close)
            case .closeAfterWindow: break
            case .keepAfterWindow: next = old
            case .keepWithoutWindow:
                return acceptTCP(packet, connection, direction, segment, old, old)
            }
        default:
            break
        }
        return checkWindow(packet, connection, direction, segment, old, next)
    }

    /// A segment that may be right though it does not fit the state: it passes, and what it says is kept, since the
    /// answer tells who was in sync.
    private func ignoreTCP(
        _ packet: TrackedHeaders, _ connection: ConnectionRef, _ direction: Direction, _ segment: TCPSegment,
        _ old: TCPState
    ) -> TrackVerdict {
        let ct = connection
        if segment.kind == .synAck, ct.pointee.lastKind == .syn, ct.pointee.lastDirection != direction,
            segment.acknowledgement == ct.pointee.lastEnd
        {
            // The SYN that was let through was good: go on from its numbers.
            let peer = connection.side(ct.pointee.lastDirection)
            peer.end.pointee.end = ct.pointee.lastEnd
            peer.end.pointee.maximumEnd = ct.pointee.lastEnd
            peer.end.pointee.maximumWindow = max(UInt32(ct.pointee.lastWindow), 1)
            peer.scale = ct.pointee.lastScale
            ct.pointee.lastFlags &= ~TCPEndFlag.expectChallengeAck
            peer.flags.pointee = ct.pointee.lastFlags
            connection.side(direction).reset()
            return checkWindow(packet, connection, direction, segment, .synSent, .synRecv)
        }
        ct.pointee.lastKind = segment.kind
        ct.pointee.lastDirection = direction
        ct.pointee.lastSequence = segment.sequence
        ct.pointee.lastEnd = segment.end
        ct.pointee.lastWindow = segment.window
        if segment.kind == .syn, direction == .original { noteSyn(connection, segment, old) }
        if old == .synSent, segment.kind == .ack, direction == .reply {
            ct.pointee.lastAcknowledgement = segment.acknowledgement
        }
        return .accept
    }

    private func noteSyn(_ connection: ConnectionRef, _ segment: TCPSegment, _ old: TCPState) {
        connection.pointee.lastFlags = 0
        connection.pointee.lastScale = 0
        if segment.headerLength > 20 {
            for option in segment.options {
                if option.isSACKPermitted {
                    connection.pointee.lastFlags |= TCPEndFlag.sackPermitted
                } else if let shift = option.windowScale {
                    connection.pointee.lastFlags |= TCPEndFlag.windowScale
                    connection.pointee.lastScale = min(shift, 14)
                }
            }
        }
        if old == .lastAck { connection.pointee.lastFlags |= TCPEndFlag.expectChallengeAck }
    }

    /// What a reset does.
    private enum ResetVerdict {
        case invalid, closeWithoutWindow, closeAfterWindow, keepAfterWindow, keepWithoutWindow
    }

    /// A reset must lie at or behind what the receiver has acknowledged; one that is not exactly there leaves the
    /// state alone, since the peer may send a challenge ACK (RFC 5961).
    private func checkReset(
        _ connection: ConnectionRef, _ direction: Direction, _ segment: TCPSegment, _ old: TCPState
    ) -> ResetVerdict {
        let ct = connection
        switch old {
        case .finWait, .lastAck, .timeWait, .close, .closeWait: return .closeWithoutWindow
        default: break
        }
        let peer = connection.side(direction.opposite)
        let isEstablished = old == .established && ct.pointee.isAssured
        var keeps = false
        if peer.flags.pointee & TCPEndFlag.maximumAckSet != 0, ct.pointee.lastKind != .syn {
            let expected = peer.end.pointee.maximumAcknowledgement
            if segment.sequence == 0, !isEstablished { return .closeAfterWindow }
            if Int32(bitPattern: segment.sequence &- expected) < 0,
                !node.pointee.connections.settings.tcpIgnoreInvalidRST
            {
                return .invalid
            }
            if !isEstablished || segment.sequence == expected { return .closeAfterWindow }
            if ct.pointee.lastKind == .ack, ct.pointee.lastDirection == direction,
                segment.sequence == ct.pointee.lastEnd
            {
                return .closeAfterWindow
            }
            keeps = true
        }
        // The answer to a SYN or ACK that was let through though it did not fit: it comes from the other side.
        let status = ct.pointee.status
        if (status.contains(.seenReply) && ct.pointee.lastKind == .syn)
            || (!status.contains(.assured) && ct.pointee.lastKind == .ack),
            ct.pointee.lastDirection != direction, segment.acknowledgement == ct.pointee.lastEnd
        {
            return keeps ? .keepWithoutWindow : .closeWithoutWindow
        }
        if old == .synSent, ct.pointee.lastKind == .ack, ct.pointee.lastDirection == .reply,
            segment.sequence == ct.pointee.lastAcknowledgement
        {
            return keeps ? .keepWithoutWindow : .closeWithoutWindow
        }
        return keeps ? .keepAfterWindow : .closeAfterWindow
    }

    @inline(__always)
    private func checkWindow(
        _ packet: TrackedHeaders, _ connection: ConnectionRef, _ direction: Direction, _ segment: TCPSegment,
        _ old: TCPState, _ next: TCPState
    ) -> TrackVerdict {
        var offset: Int32 = 0
        if connection.pointee.status.contains(.sequenceAdjust) {
            offset = withUnsafePointer(to: &node.pointee.connections) {
                connection.sequenceOffset(direction.opposite, segment.acknowledgement &- 1, $0)
            }
        }
        let window = TCPWindow(
            connection: connection, direction: direction, sender: connection.side(direction),
            receiver: connection.side(direction.opposite),
            isLiberal: node.pointee.connections.settings.tcpBeLiberal)
        switch window.check(segment, receiverOffset: offset) {
        case .accept: return acceptTCP(packet, connection, direction, segment, old, next)
        case .ignore: return .accept
        case .invalid:
            shortenAfterInvalid(connection, direction, segment)
            return .invalid
        }
    }

    /// `nf_tcp_handle_invalid`: closing segments in both directions that do not fit are a sign that the peers have
    /// closed and only the tracker has not.
    @inline(never)
    private func shortenAfterInvalid(_ connection: ConnectionRef, _ direction: Direction, _ segment: TCPSegment) {
        let ct = connection
        guard ct.pointee.isAssured, !ct.pointee.status.contains(.fixedTimeout),
            segment.kind == .rst || segment.kind == .fin
        else { return }
        if ct.pointee.lastDirection != direction, ct.pointee.lastKind == .fin || ct.pointee.lastKind == .rst {
            let left = ct.pointee.remaining(at: node.pointee.now)
            let timeout = node.pointee.connections.timeouts(of: ct).pointee.tcp.unacknowledged
            if left >= .seconds(120), left > timeout { ct.pointee.timeout = node.pointee.now + timeout }
        } else {
            ct.pointee.lastKind = segment.kind
            ct.pointee.lastDirection = direction
        }
    }

    /// The segment counts: new state, new timeout.
    @inline(__always)
    private func acceptTCP(
        _ packet: TrackedHeaders, _ connection: ConnectionRef, _ direction: Direction, _ segment: TCPSegment,
        _ old: TCPState, _ next: TCPState
    ) -> TrackVerdict {
        let ct = connection
        ct.pointee.lastKind = segment.kind
        ct.pointee.lastDirection = direction
        ct.pointee.state = next.rawValue
        if old != next, next == .finWait { connection.side(direction).flags.pointee |= TCPEndFlag.closeInitiator }
        var timeout = tcpTimeout(connection, segment.kind, next)
        if !ct.pointee.status.contains(.seenReply) {
            if segment.isRst {
                // The only answer is a reset: there is no connection.
                account(connection, direction, length: packet.length)
                node.pointee.connections.remove(connection)
                return .accept
            }
            // A retransmitted SYN does not keep a mapping alive for ever.
            if segment.kind == .syn, old == .synSent { return .accept }
            if next == .established {
                timeout = min(timeout, node.pointee.connections.timeouts(of: ct).pointee.tcp.unacknowledged)
            }
        } else if next == .established, old == .synRecv || old == .established {
            ct.pointee.status.insert(.assured)
        }
        refresh(connection, direction, length: packet.length, timeout)
        return .accept
    }

    @inline(__always)
    func tcpTimeout(_ connection: ConnectionRef, _ kind: TCPSegmentKind, _ next: TCPState) -> Int64 {
        let all = node.pointee.connections.timeouts(of: connection)
        let timeouts = all.pointee.tcp
        let usual = timeouts[next]
        let ct = connection.pointee
        if ct.retransmissions >= node.pointee.connections.settings.tcpMaximumRetransmissions, usual > timeouts.retransmissions {
            return timeouts.retransmissions
        }
        if kind == .rst { return timeouts.close }
        if (ct.flagsOriginal | ct.flagsReply) & TCPEndFlag.dataUnacknowledged != 0, usual > timeouts.unacknowledged {
            return timeouts.unacknowledged
        }
        if ct.lastWindow == 0, usual > timeouts.retransmissions { return timeouts.retransmissions }
        return usual
    }
}

extension Connection {
    /// Everything of `struct ip_ct_tcp` to zero.
    mutating func clearTCP() {
        state = TCPState.none.rawValue
        lastPacket = 0
        retransmissions = 0
        seenOriginal = TCPEnd()
        seenReply = TCPEnd()
        lastSequence = 0
        lastAcknowledgement = 0
        lastEnd = 0
        lastWindow = 0
        lastFlags = 0
        lastScale = 0
        scales = 0
        flagsOriginal = 0
        flagsReply = 0
    }
}
