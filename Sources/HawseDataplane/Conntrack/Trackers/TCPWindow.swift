import HawseModel
import HawseWire

/// What the window check says (`enum nf_ct_tcp_action`).
enum TCPWindowVerdict: UInt8 {
    case accept
    /// Passes, but teaches the tracker nothing.
    case ignore
    case invalid
}

/// `IP_CT_TCP_FLAG_*`.
enum TCPEndFlag {
    static let windowScale: UInt8 = 0x01
    static let sackPermitted: UInt8 = 0x02
    /// This side sent the first FIN.
    static let closeInitiator: UInt8 = 0x04
    static let beLiberal: UInt8 = 0x08
    static let dataUnacknowledged: UInt8 = 0x10
    static let maximumAckSet: UInt8 = 0x20
    /// Only in `lastFlags`: an ACK may answer a SYN that was let through (RFC 5961).
    static let expectChallengeAck: UInt8 = 0x40
    static let simultaneousOpen: UInt8 = 0x80
}

@inline(__always) private func isBefore(_ a: UInt32, _ b: UInt32) -> Bool { Int32(bitPattern: a &- b) < 0 }
@inline(__always) private func isAfter(_ a: UInt32, _ b: UInt32) -> Bool { Int32(bitPattern: b &- a) < 0 }

/// A TCP segment as the tracker reads it. Sequence numbers are host-order.
struct TCPSegment {
    var header: UnsafeMutableRawPointer
    var sequence: UInt32
    var acknowledgement: UInt32
    /// Sequence number behind the payload, SYN and FIN counted.
    var end: UInt32
    /// As sent.
    var window: UInt16
    var flags: TCPFlags
    var kind: TCPSegmentKind

    @inline(__always)
    init(_ tcp: TCPHeader, length: Int) {
        header = tcp.base
        sequence = tcp.sequence
        acknowledgement = tcp.acknowledgement
        window = tcp.window
        flags = tcp.flags
        kind = TCPSegmentKind(flags)
        let payload = UInt32(truncatingIfNeeded: length &- tcp.headerLength)
        end = sequence &+ payload &+ (flags.contains(.syn) ? 1 : 0) &+ (flags.contains(.fin) ? 1 : 0)
    }

    @inline(__always) var isSyn: Bool { flags.contains(.syn) }
    @inline(__always) var isAck: Bool { flags.contains(.ack) }
    @inline(__always) var isRst: Bool { flags.contains(.rst) }
    @inline(__always) var headerLength: Int { TCPHeader(header).headerLength }
    @inline(__always)
    var options: TCPOptions { TCPHeader(header).options(available: headerLength) }
}

/// One side's window state, wherever its parts lie in the record.
struct TCPSide {
    let end: UnsafeMutablePointer<Connection.TCPEnd>
    let flags: UnsafeMutablePointer<UInt8>
    let scales: UnsafeMutablePointer<UInt8>
    let isOriginal: Bool

    /// `td_scale`, 0…14.
    var scale: UInt8 {
        @inline(__always) get { isOriginal ? scales.pointee & 15 : scales.pointee >> 4 }
        @inline(__always)
        nonmutating set {
            scales.pointee = isOriginal ? scales.pointee & 0xf0 | newValue & 15 : scales.pointee & 15 | newValue << 4
        }
    }

    /// Takes over what the options of a SYN say (`tcp_options`).
    func readOptions(_ segment: TCPSegment) {
        guard segment.headerLength > 20 else { return }
        scale = 0
        flags.pointee &= TCPEndFlag.beLiberal
        for option in segment.options {
            if option.isSACKPermitted {
                flags.pointee |= TCPEndFlag.sackPermitted
            } else if let shift = option.windowScale {
                scale = min(shift, 14)
                flags.pointee |= TCPEndFlag.windowScale
            }
        }
    }

    /// `nf_ct_tcp_state_reset`.
    func reset() {
        end.pointee = Connection.TCPEnd()
        scale = 0
        flags.pointee &= TCPEndFlag.beLiberal
    }
}

/// Byte offsets in `Connection`, for pointers into a record.
enum ConnectionLayout {
    static let ports = 32
    /// Eight bytes from here on: status, zone, uses, protocol, bits.
    static let status = 52
    static let seenOriginal = 64
    static let seenReply = 80
    static let scales = 112
    static let flagsOriginal = 113
    static let flagsReply = 114
}

extension UnsafeMutablePointer where Pointee == Connection {
    @inline(__always)
    func side(_ direction: Direction) -> TCPSide {
        let raw = UnsafeMutableRawPointer(self)
        let isOriginal = direction == .original
        return TCPSide(
            end: (raw + (isOriginal ? ConnectionLayout.seenOriginal : ConnectionLayout.seenReply))
                .assumingMemoryBound(to: Connection.TCPEnd.self),
            flags: (raw + (isOriginal ? ConnectionLayout.flagsOriginal : ConnectionLayout.flagsReply))
                .assumingMemoryBound(to: UInt8.self),
            scales: (raw + ConnectionLayout.scales).assumingMemoryBound(to: UInt8.self), isOriginal: isOriginal)
    }

    /// `nf_ct_seq_offset`: by how much payload mangling has shifted a direction's numbers after `sequence`.
    @inline(__always)
    func sequenceOffset(_ direction: Direction, _ sequence: UInt32, _ table: UnsafePointer<ConnectionTable>) -> Int32 {
        guard pointee.status.contains(.sequenceAdjust), let cold = table.pointee.cold(self) else { return 0 }
        let adjust = direction == .original ? cold.pointee.adjustOriginal : cold.pointee.adjustReply
        return isAfter(sequence, adjust.correctionPosition) ? adjust.offsetAfter : adjust.offsetBefore
    }
}

/// The window check of `tcp_in_window`: is the segment within what the receiver can accept, and does it acknowledge
/// only what was sent? On the way both sides' state is brought up to date.
struct TCPWindow {
    let connection: ConnectionRef
    let direction: Direction
    let sender: TCPSide
    let receiver: TCPSide
    /// `nf_conntrack_tcp_be_liberal`.
    let isLiberal: Bool

    /// What an acknowledgement may lag behind, at least (`MAXACKWINCONST`).
    static let maximumAckWindow: UInt32 = 66_000

    @inline(__always)
    private var ackWindow: UInt32 { max(sender.end.pointee.maximumWindow, Self.maximumAckWindow) }

    /// Out of the window: accepted all the same by a liberal tracker.
    @inline(__always)
    private func refuse(_ verdict: TCPWindowVerdict) -> TCPWindowVerdict {
        isLiberal || sender.flags.pointee & TCPEndFlag.beLiberal != 0 ? .accept : verdict
    }

    /// `receiverOffset`: `nf_ct_seq_offset` of the other direction.
    @inline(__always)
    func check(_ segment: TCPSegment, receiverOffset: Int32) -> TCPWindowVerdict {
        let state = connection.pointee.tcpState
        var sequence = segment.sequence
        var end = segment.end
        var ack = segment.acknowledgement
        var sack = ack
        if receiver.flags.pointee & TCPEndFlag.sackPermitted != 0, segment.headerLength > 20 {
            sack = highestSack(segment, ack)
        }
        ack = ack &- UInt32(bitPattern: receiverOffset)
        sack = sack &- UInt32(bitPattern: receiverOffset)

        if sender.end.pointee.maximumWindow == 0 {
            if segment.isSyn {
                beginSender(segment)
                if !segment.isAck { return .accept }
            } else {
                pickUp(segment, sack)
            }
        } else if segment.isSyn, isAfter(end, sender.end.pointee.end), state == .synSent || state == .synRecv {
            // A peer that starts over with higher numbers (RFC 793).
            beginSender(segment)
            if direction == .reply, !segment.isAck { return .accept }
        }
        if !segment.isAck || (segment.isRst && ack == 0) {
            ack = receiver.end.pointee.end
            sack = ack
        }
        if segment.isRst, sequence == 0, state == .synSent {
            sequence = sender.end.pointee.end
            end = sequence
        }
        if let verdict = outside(sequence, end, sack) { return verdict }
        update(segment, sequence, end, ack, sack)
        return .accept
    }

    /// The four bounds; `nil` when the segment is within all of them.
    @inline(__always)
    private func outside(_ sequence: UInt32, _ end: UInt32, _ sack: UInt32) -> TCPWindowVerdict? {
        let from = sender.end
        let to = receiver.end
        if !isBefore(sequence, from.pointee.maximumEnd &+ 1) {
            let overshoot = end &- from.pointee.maximumEnd &+ 1
            let window = to.pointee.maximumWindow
            // Some stacks send more than the window allows; if the peer acknowledges it, we must know of it.
            if window != 0, isAfter(end, from.pointee.end &- window &- 1),
                isAfter(sack, to.pointee.end &- ackWindow &- 1), overshoot <= window,
                isBefore(sack, to.pointee.end &+ 1)
            {
                from.pointee.end = end
                sender.flags.pointee |= TCPEndFlag.dataUnacknowledged
                return refuse(.ignore)
            }
            return refuse(.invalid)
        }
        if !isBefore(sack, to.pointee.end &+ 1) { return refuse(.invalid) }
        let window = to.pointee.maximumWindow
        if window != 0, !isAfter(end, from.pointee.end &- window &- 1) { return refuse(.ignore) }
        if !isAfter(sack, to.pointee.end &- ackWindow &- 1) { return refuse(.ignore) }
        return nil
    }

    @inline(__always)
    private func update(_ segment: TCPSegment, _ sequence: UInt32, _ end: UInt32, _ ack: UInt32, _ sack: UInt32) {
        let from = sender.end
        let to = receiver.end
        let window = segment.isSyn ? UInt32(segment.window) : UInt32(segment.window) << UInt32(sender.scale)
        let sent = window &+ (sack &- ack)
        if from.pointee.maximumWindow < sent { from.pointee.maximumWindow = sent }
        if isAfter(end, from.pointee.end) {
            from.pointee.end = end
            sender.flags.pointee |= TCPEndFlag.dataUnacknowledged
        }
        if segment.isAck {
            if sender.flags.pointee & TCPEndFlag.maximumAckSet == 0 {
                from.pointee.maximumAcknowledgement = ack
                sender.flags.pointee |= TCPEndFlag.maximumAckSet
            } else if isAfter(ack, from.pointee.maximumAcknowledgement) {
                from.pointee.maximumAcknowledgement = ack
            }
        }
        if to.pointee.maximumWindow != 0, isAfter(end, from.pointee.maximumEnd) {
            to.pointee.maximumWindow = to.pointee.maximumWindow &+ (end &- from.pointee.maximumEnd)
        }
        if isAfter(sack &+ window, to.pointee.maximumEnd &- 1) {
            to.pointee.maximumEnd = sack &+ window &+ (window == 0 ? 1 : 0)
        }
        if ack == to.pointee.end { receiver.flags.pointee &= ~TCPEndFlag.dataUnacknowledged }
        if segment.kind == .ack { countRetransmission(segment, sequence, end, ack) }
    }

    /// The same segment again and again shortens the timeout.
    @inline(__always)
    private func countRetransmission(_ segment: TCPSegment, _ sequence: UInt32, _ end: UInt32, _ ack: UInt32) {
        let ct = connection
        if ct.pointee.lastDirection == direction, ct.pointee.lastSequence == sequence,
            ct.pointee.lastAcknowledgement == ack, ct.pointee.lastEnd == end,
            ct.pointee.lastWindow == segment.window
        {
            ct.pointee.retransmissions &+= 1
        } else {
            ct.pointee.lastDirection = direction
            ct.pointee.lastSequence = sequence
            ct.pointee.lastAcknowledgement = ack
            ct.pointee.lastEnd = end
            ct.pointee.lastWindow = segment.window
            ct.pointee.retransmissions = 0
        }
    }

    /// `tcp_init_sender`: the SYN's own numbers. Scaling holds only when both sides offer it (RFC 7323).
    private func beginSender(_ segment: TCPSegment) {
        sender.end.pointee.end = segment.end
        sender.end.pointee.maximumEnd = segment.end
        sender.end.pointee.maximumWindow = max(UInt32(segment.window), 1)
        sender.readOptions(segment)
        if direction == .reply, sender.flags.pointee & receiver.flags.pointee & TCPEndFlag.windowScale == 0 {
            sender.scale = 0
            receiver.scale = 0
        }
    }

    /// In the middle of a connection whose start was not seen.
    private func pickUp(_ segment: TCPSegment, _ sack: UInt32) {
        let from = sender.end
        let to = receiver.end
        from.pointee.end = segment.end
        from.pointee.maximumWindow = max(UInt32(segment.window) << UInt32(sender.scale), 1)
        from.pointee.maximumEnd = segment.end &+ from.pointee.maximumWindow
        if to.pointee.maximumWindow == 0 {
            to.pointee.end = sack
            to.pointee.maximumEnd = sack
        } else if sack == to.pointee.end &+ 1 {
            // Likely the answer to a keepalive.
            to.pointee.end = sack
        }
    }

    /// The highest right edge of a SACK block, or the acknowledgement (`tcp_sack`).
    private func highestSack(_ segment: TCPSegment, _ ack: UInt32) -> UInt32 {
        var highest = ack
        for option in segment.options {
            let blocks = option.sackBlockCount
            guard blocks > 0 else { continue }
            for i in 0..<blocks {
                let right = option.sackBlock(i).right
                if isAfter(right, highest) { highest = right }
            }
            break
        }
        return highest
    }
}

extension Connection {
    /// TCP: direction of the last segment taken note of (`last_dir`).
    var lastDirection: Direction {
        @inline(__always) get { lastPacket & 0x80 == 0 ? .original : .reply }
        @inline(__always)
        set { lastPacket = lastPacket & 0x7f | (newValue == .reply ? 0x80 : 0) }
    }

    /// TCP: its kind (`last_index`).
    var lastKind: TCPSegmentKind {
        @inline(__always) get { TCPSegmentKind(rawValue: lastPacket & 7) ?? .none }
        @inline(__always) set { lastPacket = lastPacket & 0xf8 | newValue.rawValue }
    }
}
