import HawseModel
import HawseWire

/// `enum ip_vs_tcp_states`.
enum IPVSTCPState: UInt8 {
    case none = 0, established, synSent, synRecv, finWait, timeWait, close, closeWait, lastAck, listen, synAck

    static let count = 11

    /// `tcp_state_active_table`: what counts as an active connection.
    @inline(__always) var isActive: Bool {
        self == .established || self == .synSent || self == .synRecv || self == .synAck
    }

    var name: String {
        switch self {
        case .none: "NONE"
        case .established: "ESTABLISHED"
        case .synSent: "SYN_SENT"
        case .synRecv: "SYN_RECV"
        case .finWait: "FIN_WAIT"
        case .timeWait: "TIME_WAIT"
        case .close: "CLOSE"
        case .closeWait: "CLOSE_WAIT"
        case .lastAck: "LAST_ACK"
        case .listen: "LISTEN"
        case .synAck: "SYNACK"
        }
    }
}

/// Which side's packets a state table is for (`IP_VS_DIR_*`).
enum IPVSDirection: UInt8 {
    case input = 0
    case output = 1
    /// The director sees the client's packets only (DR, tunnels).
    case inputOnly = 2
}

/// State tables packed to a word a row: the nibble at a state's place is the next state.
struct StateRows: @unchecked Sendable {
    private let words: UnsafePointer<UInt64>

    /// `letters` names the states in their order; each row has a letter per state.
    init(letters: String, rows: [String]) {
        let order = Array(letters.utf8)
        let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: rows.count)
        for (i, row) in rows.enumerated() {
            var word: UInt64 = 0
            for (state, letter) in row.utf8.enumerated() {
                word |= UInt64(order.firstIndex(of: letter) ?? 0) << UInt64(4 * state)
            }
            (memory + i).initialize(to: word)
        }
        words = UnsafePointer(memory)
    }

    @inline(__always)
    func next(_ row: Int, _ state: UInt8) -> UInt8 {
        UInt8(truncatingIfNeeded: words[row] >> UInt64(state &* 4)) & 15
    }
}

/// The TCP state tables, normal (`tcp_states`) and under `secure_tcp` (`tcp_states_dos`).
enum IPVSTCPTable {
    /// For input, output and input only each: SYN, FIN, ACK, RST; a letter says the next state for the state at its
    /// place. The second half is that of `secure_tcp`.
    private static let rows = StateRows(
        letters: "nEsrftcwlLa",
        rows: [
            "rEErrrrrrrr", "cwstttcwlLt", "EEsEftcwcLE", "cccrcccclLr",
            "sEsrsssssLr", "tfstftctlLt", "EEsEftcwlEE", "ccscctccccc",
            "rEErrrrrrrr", "cfstftcwlLt", "EEsEftcwcLE", "cccrcccclLc",

            "rEErrrrrrra", "cwstttcwlLa", "EEsrftcwcLa", "cccrcccclLc",
            "sEsasssssLa", "tfstftctlLt", "EEsEftcwlEE", "ccscctccccc",
            "aEEraaaaaaa", "cfstftcwlLt", "EEsEftcwcLE", "cccrcccclLc",
        ])

    /// The next state; only the strongest of RST, SYN, FIN and ACK counts, and none of them means CLOSE.
    @inline(__always)
    static func next(
        _ state: UInt8, _ flags: TCPFlags, _ direction: IPVSDirection, secure: Bool
    ) -> UInt8 {
        let row: Int
        if flags.contains(.rst) {
            row = 3
        } else if flags.contains(.syn) {
            row = 0
        } else if flags.contains(.fin) {
            row = 1
        } else if flags.contains(.ack) {
            row = 2
        } else {
            return IPVSTCPState.close.rawValue
        }
        return rows.next((secure ? 12 : 0) &+ Int(direction.rawValue) &* 4 &+ row, min(state, 10))
    }
}
