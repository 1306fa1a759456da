import HawseModel
import HawseWire

/// `enum ip_vs_sctp_states`, as seen at the real server.
enum IPVSSCTPState: UInt8 {
    case none = 0, init1, initiation, cookieSent, cookieReplied, cookieWait, cookie, cookieEchoed, established
    case shutdownSent, shutdownReceived, shutdownAckSent, rejected, closed

    static let count = 14

    var name: String {
        switch self {
        case .none: "NONE"
        case .init1: "INIT1"
        case .initiation: "INIT"
        case .cookieSent: "C-SENT"
        case .cookieReplied: "C-REPLIED"
        case .cookieWait: "C-WAIT"
        case .cookie: "COOKIE"
        case .cookieEchoed: "C-ECHOED"
        case .established: "ESTABLISHED"
        case .shutdownSent: "S-SENT"
        case .shutdownReceived: "S-RECEIVED"
        case .shutdownAckSent: "S-ACK-SENT"
        case .rejected: "REJECTED"
        case .closed: "CLOSED"
        }
    }
}

/// The SCTP state tables (`sctp_states`).
enum IPVSSCTPTable {
    /// For input, output and input only each: DATA, INIT, INIT ACK, COOKIE ECHO, COOKIE ACK, SHUTDOWN, SHUTDOWN ACK,
    /// SHUTDOWN COMPLETE, ERROR, ABORT; a letter says the next state for the state at its place.
    private static let rows = StateRows(
        letters: "n1isrwoeESRAjc",
        rows: [
            "E1isrwoeESRAjc", "1iisrwoeESRAii", "wwwsrooeESRAjc", "riirrwoeESRAjc", "E1isrwoEESRAjc",
            "R1isrwoeRSRAjc", "ciisrwoeEcRcjc", "cccsrwoeESRcjc", "c1isrwocESRAjc", "cccccjcccccccc",

            "E1isrwoeESRAjc", "wwwwwwwwEwwwww", "ssssrwoeESRAjc", "eeeeeeeeESRAjc", "EEEEEEEEESRAjc",
            "SSSSSSSSSSRAjc", "AAAAAwoeEAAAjc", "c1isrwoeESRAjc", "cccccwoeESRAjc", "cjcccccccccccc",

            "E1isrEoeESRAjc", "1iiiiioeESRAii", "eeeeeeoeESRAjc", "EEEEEEoeESRAjc", "E1iEEwEEESRAjc",
            "R1isrwoeRSRAjc", "ciisrwoeccRcjc", "cccccwoeESccjc", "c1isrwoeESRAjc", "cccccjcccccccc",
        ])

    /// `sctp_events`: which row a chunk type reads.
    @inline(__always)
    private static func event(_ chunk: UInt8) -> Int {
        switch chunk {
        case SCTPChunks.Kind.initiation: 1
        case SCTPChunks.Kind.initiationAck: 2
        case SCTPChunks.Kind.cookieEcho: 3
        case SCTPChunks.Kind.cookieAck: 4
        case SCTPChunks.Kind.shutdown: 5
        case SCTPChunks.Kind.shutdownAck: 6
        case SCTPChunks.Kind.shutdownComplete: 7
        case SCTPChunks.Kind.error: 8
        case SCTPChunks.Kind.abort: 9
        default: 0
        }
    }

    @inline(__always)
    static func next(_ state: UInt8, chunk: UInt8, _ direction: IPVSDirection) -> UInt8 {
        rows.next(Int(direction.rawValue) &* 10 &+ event(chunk), min(state, 13))
    }
}
