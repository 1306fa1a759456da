import HawseModel
import HawseWire

/// `enum sctp_conntrack`.
enum SCTPState: UInt8 {
    case none = 0
    case closed, cookieWait, cookieEchoed, established, shutdownSent, shutdownReceived, shutdownAckSent
    case heartbeatSent
}

/// `sctp_conntracks`: the next state by direction, chunk and state; a row is a word of nibbles as in
/// `TCPTransitions`. 9 is invalid.
enum SCTPTransitions {
    static let invalid: UInt8 = 9

    /// Columns: NONE, CLOSED, COOKIE_WAIT, COOKIE_ECHOED, ESTABLISHED, SHUTDOWN_SENT, SHUTDOWN_RECD,
    /// SHUTDOWN_ACK_SENT, HEARTBEAT_SENT.
    private static func row(
        _ no: UInt64, _ cl: UInt64, _ cw: UInt64, _ ce: UInt64, _ es: UInt64, _ ss: UInt64, _ sr: UInt64,
        _ sa: UInt64, _ hs: UInt64
    ) -> UInt64 {
        let low = no | cl << 4 | cw << 8 | ce << 12 | es << 16
        return low | ss << 20 | sr << 24 | sa << 28 | hs << 32
    }

    static func next(_ direction: Direction, _ state: SCTPState, chunk: UInt8) -> UInt8 {
        guard let word = direction == .original ? original(chunk) : reply(chunk) else { return state.rawValue }
        return UInt8(truncatingIfNeeded: word >> (UInt64(state.rawValue) &* 4)) & 15
    }

    private static func original(_ chunk: UInt8) -> UInt64? {
        switch chunk {
        case SCTPChunks.Kind.initiation: row(1, 1, 2, 3, 4, 1, 1, 7, 2)
        case SCTPChunks.Kind.initiationAck: row(1, 1, 2, 3, 4, 5, 6, 7, 1)
        case SCTPChunks.Kind.abort: row(1, 1, 1, 1, 1, 1, 1, 1, 1)
        case SCTPChunks.Kind.shutdown: row(1, 1, 2, 3, 5, 5, 6, 7, 1)
        case SCTPChunks.Kind.shutdownAck: row(7, 1, 2, 3, 4, 7, 7, 7, 7)
        case SCTPChunks.Kind.error: row(1, 1, 2, 3, 4, 5, 6, 7, 1)
        case SCTPChunks.Kind.cookieEcho: row(1, 1, 3, 3, 4, 5, 6, 7, 1)
        case SCTPChunks.Kind.cookieAck: row(1, 1, 2, 4, 4, 5, 6, 7, 1)
        case SCTPChunks.Kind.shutdownComplete: row(1, 1, 2, 3, 4, 5, 6, 1, 1)
        case SCTPChunks.Kind.heartbeat: row(8, 1, 2, 3, 4, 5, 6, 7, 8)
        case SCTPChunks.Kind.heartbeatAck: row(1, 1, 2, 3, 4, 5, 6, 7, 8)
        default: nil
        }
    }

    private static func reply(_ chunk: UInt8) -> UInt64? {
        switch chunk {
        case SCTPChunks.Kind.initiation: row(9, 1, 2, 3, 4, 5, 6, 7, 9)
        case SCTPChunks.Kind.initiationAck: row(9, 2, 2, 3, 4, 5, 6, 7, 9)
        case SCTPChunks.Kind.abort: row(9, 1, 1, 1, 1, 1, 1, 1, 9)
        case SCTPChunks.Kind.shutdown: row(9, 1, 2, 3, 6, 5, 6, 7, 9)
        case SCTPChunks.Kind.shutdownAck: row(9, 1, 2, 3, 4, 7, 7, 7, 9)
        case SCTPChunks.Kind.error: row(9, 1, 2, 1, 4, 5, 6, 7, 9)
        case SCTPChunks.Kind.cookieEcho: row(9, 1, 3, 3, 4, 5, 6, 7, 9)
        case SCTPChunks.Kind.cookieAck: row(9, 1, 2, 4, 4, 5, 6, 7, 9)
        case SCTPChunks.Kind.shutdownComplete: row(9, 1, 2, 3, 4, 5, 6, 1, 9)
        case SCTPChunks.Kind.heartbeat: row(9, 1, 2, 3, 4, 5, 6, 7, 8)
        case SCTPChunks.Kind.heartbeatAck: row(9, 1, 2, 3, 4, 5, 6, 7, 4)
        default: nil
        }
    }
}

/// Which chunk types a packet has: one bit per type.
struct SCTPChunkSet {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    mutating func insert(_ type: UInt8) {
        let bit: UInt64 = 1 << UInt64(type & 63)
        switch type >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    /// Types below 64 only: all that the tracker asks for.
    func contains(_ type: UInt8) -> Bool { words.0 >> UInt64(type & 63) & 1 != 0 }
}

extension Connection {
    /// SCTP's verification tag that a direction's packets must carry (`vtag`).
    func verificationTag(_ direction: Direction) -> UInt32 {
        direction == .original ? seenOriginal.end : seenOriginal.maximumEnd
    }

    mutating func setVerificationTag(_ direction: Direction, _ tag: UInt32) {
        if direction == .original { seenOriginal.end = tag } else { seenOriginal.maximumEnd = tag }
    }

    /// An INIT was seen in this direction (`init`).
    func sawInit(_ direction: Direction) -> Bool { lastPacket & (1 << direction.rawValue) != 0 }

    mutating func setSawInit(_ direction: Direction, _ value: Bool) {
        let bit: UInt8 = 1 << direction.rawValue
        lastPacket = value ? lastPacket | bit : lastPacket & ~bit
    }

    /// A HEARTBEAT had the wrong tag (`SCTP_FLAG_HEARTBEAT_VTAG_FAILED`), in direction `heartbeatDirection`.
    var heartbeatTagFailed: Bool {
        get { lastPacket & 4 != 0 }
        set { lastPacket = newValue ? lastPacket | 4 : lastPacket & ~4 }
    }

    var heartbeatDirection: Direction {
        get { lastPacket & 8 != 0 ? .reply : .original }
        set { lastPacket = newValue == .reply ? lastPacket | 8 : lastPacket & ~8 }
    }
}

extension Walk {
    private typealias Kind = SCTPChunks.Kind

    /// `nf_conntrack_sctp_packet`: state by chunks, verification tags.
    func trackSCTP(
        _ packet: PacketRef, _ connection: ConnectionRef, _ direction: Direction, _ hook: Hook
    ) -> TrackVerdict {
        let length = packet.transportLength
        guard length >= 12 else { return .invalid }
        let base = UnsafeRawPointer(packet.transportPointer)
        if hook == .prerouting, node.pointee.connections.settings.checksum,
            CRC32C.sctpChecksum(base, length: length) != base.loadLE32(at: 8)
        {
            return .invalid
        }
        guard let present = chunkSet(base, length) else { return .invalid }
        let tag = base.loadBE32(at: 4)
        if !connection.pointee.isConfirmed {
            if present.contains(Kind.abort) || present.contains(Kind.shutdownComplete)
                || present.contains(Kind.cookieAck) || !beginSCTP(connection, base, length, tag)
            {
                return .invalid
            }
        }
        let exempt = [
            Kind.initiation, Kind.shutdownComplete, Kind.cookieEcho, Kind.abort, Kind.shutdownAck, Kind.heartbeat,
            Kind.heartbeatAck,
        ].contains { present.contains($0) }
        if !exempt, tag != connection.pointee.verificationTag(direction) { return .invalid }

        var ignores = false
        var next = SCTPState.none
        for chunk in SCTPChunks(base, count: length) {
            switch checkTag(connection, direction, chunk, tag, present, ignores) {
            case .invalid: return .invalid
            case .skip:
                ignores = true
                continue
            case .ok: break
            }
            let old = SCTPState(rawValue: connection.pointee.state) ?? .none
            guard let state = SCTPState(rawValue: SCTPTransitions.next(direction, old, chunk: chunk.type)) else {
                return .invalid
            }
            next = state
            if chunk.type == Kind.initiation || chunk.type == Kind.initiationAck {
                guard chunk.offset + 20 <= length else { return .invalid }
                let peerTag = base.loadBE32(at: chunk.offset + 4)
                guard noteInit(connection, direction, chunk.type, peerTag, isFirst: old == .none) else { return .invalid }
                if chunk.type == Kind.initiation, next == .closed, old == .closed, connection.pointee.isConfirmed {
                    ignores = true
                }
            }
            connection.pointee.state = next.rawValue
            if old != next, next == .established { connection.pointee.status.insert(.assured) }
        }
        if ignores { return .accept }
        refresh(packet, connection, direction, node.pointee.connections.timeouts(of: connection).pointee.sctp[next])
        return .accept
    }

    /// `do_basic_checks`: at least one chunk, none of length 0, and no stray ones beside those that must stand alone
    /// or first.
    private func chunkSet(_ base: UnsafeRawPointer, _ length: Int) -> SCTPChunkSet? {
        var present = SCTPChunkSet()
        var count = 0
        var alone = false
        var offset = 12
        while length - offset >= 4 {
            let type = base.load8(at: offset)
            let size = Int(base.loadBE16(at: offset + 2))
            if type == Kind.initiation || type == Kind.initiationAck || type == Kind.shutdownComplete { alone = true }
            if (type == Kind.cookieAck || type == Kind.cookieEcho || alone) && count != 0 || size == 0 { return nil }
            present.insert(type)
            count += 1
            offset += (size + 3) & ~3
        }
        return count == 0 ? nil : present
    }

    /// `sctp_new`.
    private func beginSCTP(_ connection: ConnectionRef, _ base: UnsafeRawPointer, _ length: Int, _ tag: UInt32) -> Bool {
        connection.pointee.state = SCTPState.none.rawValue
        connection.pointee.lastPacket = 0
        connection.pointee.setVerificationTag(.original, 0)
        connection.pointee.setVerificationTag(.reply, 0)
        for chunk in SCTPChunks(base, count: length) {
            let state = SCTPTransitions.next(.original, .none, chunk: chunk.type)
            if state == SCTPState.none.rawValue || state == SCTPTransitions.invalid { return false }
            switch chunk.type {
            case Kind.initiation:
                guard tag == 0, chunk.offset + 20 <= length else { return false }
                connection.pointee.setVerificationTag(.reply, base.loadBE32(at: chunk.offset + 4))
            case Kind.heartbeat: connection.pointee.setVerificationTag(.original, tag)
            case Kind.shutdownAck: connection.pointee.setVerificationTag(.reply, tag)
            default: break
            }
        }
        return true
    }

    private enum TagVerdict { case ok, skip, invalid }

    /// RFC 9260 section 8.5.1 for the chunks with rules of their own.
    private func checkTag(
        _ connection: ConnectionRef, _ direction: Direction, _ chunk: SCTPChunks.Chunk, _ tag: UInt32,
        _ present: SCTPChunkSet, _ ignores: Bool
    ) -> TagVerdict {
        let ct = connection
        let own = ct.pointee.verificationTag(direction)
        switch chunk.type {
        case Kind.initiation: return tag == 0 ? .ok : .invalid
        case Kind.abort, Kind.shutdownComplete:
            let wanted = chunk.flags & 1 == 0 ? own : ct.pointee.verificationTag(direction.opposite)
            return tag == wanted ? .ok : .invalid
        case Kind.cookieEcho: return tag == own ? .ok : .invalid
        case Kind.cookieAck:
            ct.pointee.setSawInit(.original, false)
            ct.pointee.setSawInit(.reply, false)
            return .ok
        case Kind.heartbeat, Kind.heartbeatAck:
            if own == 0 {
                ct.pointee.setVerificationTag(direction, tag)
                return .ok
            }
            if tag == own {
                ct.pointee.heartbeatTagFailed = false
                return .ok
            }
            if present.contains(Kind.data) || ignores { return .invalid }
            if chunk.type == Kind.heartbeat {
                ct.pointee.heartbeatTagFailed = true
                ct.pointee.heartbeatDirection = direction
                return .skip
            }
            guard ct.pointee.heartbeatTagFailed, ct.pointee.heartbeatDirection != direction else { return .invalid }
            ct.pointee.heartbeatTagFailed = false
            ct.pointee.setVerificationTag(direction, tag)
            ct.pointee.setVerificationTag(direction.opposite, 0)
            return .ok
        default: return .ok
        }
    }

    /// The tag that INIT or INIT ACK asks of the other side's packets. False: it contradicts what is known.
    private func noteInit(
        _ connection: ConnectionRef, _ direction: Direction, _ type: UInt8, _ tag: UInt32, isFirst: Bool
    ) -> Bool {
        let ct = connection
        let other = direction.opposite
        if type == Kind.initiation {
            // One that asks for the tag that is known is late, or sent again: it begins nothing.
            if isFirst || ct.pointee.verificationTag(other) != tag {
                if ct.pointee.sawInit(direction), ct.pointee.sawInit(other) { ct.pointee.setSawInit(other, false) }
                ct.pointee.setSawInit(direction, true)
            }
        } else {
            let known = ct.pointee.verificationTag(other)
            if !ct.pointee.sawInit(other), known != 0, known != tag { return false }
            if ct.pointee.sawInit(direction), ct.pointee.sawInit(other), known != tag { return false }
        }
        ct.pointee.setVerificationTag(other, tag)
        return true
    }
}
