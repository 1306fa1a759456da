import HawseWire

/// What a segment is to the state table: the first of RST, SYN, FIN, ACK that it has (`enum tcp_bit_set`).
enum TCPSegmentKind: UInt8 {
    case syn = 0
    case synAck, fin, ack, rst, none

    @inline(__always)
    init(_ flags: TCPFlags) {
        if flags.contains(.rst) {
            self = .rst
        } else if flags.contains(.syn) {
            self = flags.contains(.ack) ? .synAck : .syn
        } else if flags.contains(.fin) {
            self = .fin
        } else {
            self = flags.contains(.ack) ? .ack : .none
        }
    }
}

/// `tcp_conntracks`: the next state by direction, kind of segment and state. Besides the states there are "invalid"
/// (10, no connection can have this) and "ignore" (11, let it pass and wait for what the peer says).
///
/// One row is a word of nibbles, the next state of state s at bit 4 × s.
enum TCPTransitions {
    static let invalid: UInt8 = 10
    static let ignore: UInt8 = 11

    @inline(__always)
    private static func row(
        _ no: UInt64, _ ss: UInt64, _ sr: UInt64, _ es: UInt64, _ fw: UInt64, _ cw: UInt64, _ la: UInt64,
        _ tw: UInt64, _ cl: UInt64, _ s2: UInt64
    ) -> UInt64 {
        let low = no | ss << 4 | sr << 8 | es << 12 | fw << 16
        return low | cw << 20 | la << 24 | tw << 28 | cl << 32 | s2 << 36
    }

    @inline(__always)
    static func next(_ direction: Direction, _ kind: TCPSegmentKind, _ state: TCPState) -> UInt8 {
        let word = direction == .original ? original(kind) : reply(kind)
        return UInt8(truncatingIfNeeded: word >> (UInt64(state.rawValue) &* 4)) & 15
    }

    // Columns: NONE, SYN_SENT, SYN_RECV, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE, SYN_SENT2.
    @inline(__always)
    private static func original(_ kind: TCPSegmentKind) -> UInt64 {
        switch kind {
        case .syn: row(1, 1, 11, 11, 11, 11, 11, 1, 1, 9)
        case .synAck: row(10, 10, 2, 10, 10, 10, 10, 10, 10, 2)
        case .fin: row(10, 10, 4, 4, 6, 6, 6, 7, 8, 10)
        case .ack: row(3, 10, 3, 3, 5, 5, 7, 7, 8, 10)
        case .rst: row(10, 8, 8, 8, 8, 8, 8, 8, 8, 8)
        case .none: row(10, 10, 10, 10, 10, 10, 10, 10, 10, 10)
        }
    }

    @inline(__always)
    private static func reply(_ kind: TCPSegmentKind) -> UInt64 {
        switch kind {
        case .syn: row(10, 9, 10, 10, 10, 10, 10, 1, 10, 9)
        case .synAck: row(10, 2, 11, 11, 11, 11, 11, 11, 11, 2)
        case .fin: row(10, 10, 4, 4, 6, 6, 6, 7, 8, 10)
        case .ack: row(10, 11, 2, 3, 5, 5, 7, 7, 8, 11)
        case .rst: row(10, 8, 8, 8, 8, 8, 8, 8, 8, 8)
        case .none: row(10, 10, 10, 10, 10, 10, 10, 10, 10, 10)
        }
    }

    /// `tcp_valid_flags`: which combinations of FIN, SYN, RST, ACK and URG exist; PSH, ECE and CWR do not count.
    @inline(__always)
    static func isValid(_ flags: TCPFlags) -> Bool {
        let valid: UInt64 = 1 << 0x02 | 1 << 0x22 | 1 << 0x12 | 1 << 0x04 | 1 << 0x14 | 1 << 0x11 | 1 << 0x31
            | 1 << 0x10 | 1 << 0x30
        return valid >> UInt64(flags.rawValue & 0x37) & 1 != 0
    }
}
