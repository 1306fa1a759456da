import HawseModel

/// One end of a TCP connection: segments and time in, segments and bytes out. No clock of its own.
struct TCPConnection {
    enum State: String, Hashable, Sendable {
        case synSent, synReceived, established, finWait1, finWait2, closing, closeWait, lastAck, timeWait, closed
    }

    enum End: String, Hashable, Sendable {
        case finished, reset, refused, timedOut = "timed out"
    }

    private(set) var state: State
    private(set) var end: End?
    /// Segments to be sent, in order.
    private(set) var output: [TCPSegment] = []
    /// Bytes that have arrived in order and were not taken yet.
    private(set) var received: [UInt8] = []
    /// The peer has sent its FIN.
    private(set) var isPeerDone = false
    private(set) var retransmissions = 0
    /// When `advance` has to be called next.
    private(set) var nextTimer = Instant.distantFuture

    private var sendBase: UInt32
    private var sendNext: UInt32
    private var receiveNext: UInt32 = 0
    private var peerWindow = 64240
    private var segment: Int
    /// Bytes from `sendBase` on, sent or not; without SYN and FIN.
    private var buffer: [UInt8] = []
    private var isSynAcknowledged = false
    private var wantsClose = false
    private var isFinSent = false
    private var timeout: Int64
    private var tries = 0
    private var duplicates = 0
    /// While what was sent up to here is being repaired, each partial acknowledgement asks for the next hole (NewReno).
    private var repairEnd: UInt32?
    /// Segments that came before their turn.
    private var early: [TCPSegment] = []

    /// Linux gives up a SYN after six retries (`tcp_syn_retries`), data after fifteen.
    static let synRetries = 6
    static let dataRetries = 15
    static let firstTimeout: Int64 = .seconds(1)
    static let leastTimeout: Int64 = .milliseconds(200)
    /// Segments in flight at most.
    static let flight = 10

    /// A client's end; its SYN is in `output`.
    init(connecting initial: UInt32, maximumSegment: Int, at now: Instant) {
        state = .synSent
        segment = maximumSegment
        sendBase = initial
        sendNext = initial &+ 1
        timeout = Self.firstTimeout
        output = [TCPSegment(sequence: initial, flags: .syn, maximumSegment: UInt16(clamping: maximumSegment))]
        nextTimer = now + timeout
    }

    /// A server's end, made by a SYN; its SYN-ACK is in `output`.
    init(accepting syn: TCPSegment, initial: UInt32, maximumSegment: Int, at now: Instant) {
        state = .synReceived
        segment = min(maximumSegment, syn.maximumSegment > 0 ? Int(syn.maximumSegment) : 536)
        sendBase = initial
        sendNext = initial &+ 1
        receiveNext = syn.sequence &+ 1
        timeout = Self.firstTimeout
        output = [
            TCPSegment(
                sequence: initial, acknowledgement: receiveNext, flags: [.syn, .ack],
                maximumSegment: UInt16(clamping: maximumSegment))
        ]
        nextTimer = now + timeout
    }

    mutating func takeOutput() -> [TCPSegment] {
        defer { output.removeAll() }
        return output
    }

    mutating func takeReceived() -> [UInt8] {
        defer { received.removeAll() }
        return received
    }

    /// Everything sent has been acknowledged.
    var isDrained: Bool { buffer.isEmpty }
    var isOpen: Bool { state != .closed && state != .timeWait }

    mutating func send(_ bytes: [UInt8], at now: Instant) {
        guard !wantsClose, isOpen else { return }
        buffer += bytes
        push(now)
    }

    /// FIN behind everything that is to be sent.
    mutating func close(at now: Instant) {
        guard !wantsClose, isOpen else { return }
        wantsClose = true
        push(now)
    }

    /// Gives up at once.
    mutating func abort() {
        guard isOpen else { return }
        output.append(TCPSegment(sequence: sendNext, acknowledgement: receiveNext, flags: [.rst, .ack]))
        finish(.reset)
    }

    /// An ICMP error about this connection.
    mutating func unreachable() {
        if state == .synSent { finish(.refused) }
    }

    /// The path takes only so much (`frag needed`, `packet too big`).
    mutating func lower(maximumSegment: Int, at now: Instant) {
        guard maximumSegment >= 88, maximumSegment < segment else { return }
        segment = maximumSegment
        if isSynAcknowledged { retransmit(now) }
    }

    private mutating func finish(_ reason: End) {
        state = .closed
        end = end ?? reason
        nextTimer = .distantFuture
    }

    private var finTakes: UInt32 { isFinSent ? 1 : 0 }

    /// Sends what the windows let through.
    private mutating func push(_ now: Instant) {
        guard isSynAcknowledged else { return }
        let limit = min(Self.flight * segment, max(peerWindow, 1))
        while !isFinSent {
            let sent = Int(sendNext &- sendBase)
            let count = min(segment, buffer.count - sent, limit - sent)
            if count <= 0 { break }
            let isLast = sent + count == buffer.count
            output.append(
                TCPSegment(
                    sequence: sendNext, acknowledgement: receiveNext, flags: isLast ? [.ack, .psh] : .ack,
                    payload: Array(buffer[sent..<(sent + count)])))
            sendNext &+= UInt32(count)
            arm(now)
        }
        if wantsClose, !isFinSent, Int(sendNext &- sendBase) == buffer.count {
            output.append(TCPSegment(sequence: sendNext, acknowledgement: receiveNext, flags: [.fin, .ack]))
            sendNext &+= 1
            isFinSent = true
            state = state == .closeWait ? .lastAck : .finWait1
            arm(now)
        }
    }

    private mutating func arm(_ now: Instant) {
        if nextTimer == .distantFuture { nextTimer = now + timeout }
    }

    /// Time has passed: what was not acknowledged goes out again, the first of it.
    mutating func advance(to now: Instant) {
        guard nextTimer <= now else { return }
        if state == .timeWait { return finish(.finished) }
        tries += 1
        if tries > (isSynAcknowledged ? Self.dataRetries : Self.synRetries) { return finish(.timedOut) }
        timeout = min(timeout * 2, .seconds(120))
        if isSynAcknowledged { repairEnd = sendNext }
        retransmit(now)
    }

    private mutating func retransmit(_ now: Instant) {
        retransmissions += 1
        nextTimer = now + timeout
        if !isSynAcknowledged {
            output.append(
                TCPSegment(
                    sequence: sendBase, acknowledgement: receiveNext, flags: state == .synSent ? .syn : [.syn, .ack],
                    maximumSegment: UInt16(clamping: segment)))
            return
        }
        let count = min(segment, buffer.count, Int(sendNext &- sendBase &- finTakes))
        if count > 0 {
            output.append(
                TCPSegment(
                    sequence: sendBase, acknowledgement: receiveNext, flags: [.ack, .psh],
                    payload: Array(buffer[0..<count])))
        } else if isFinSent {
            output.append(TCPSegment(sequence: sendBase, acknowledgement: receiveNext, flags: [.fin, .ack]))
        } else {
            nextTimer = .distantFuture
        }
    }

    /// A segment has arrived.
    mutating func receive(_ arrived: TCPSegment, at now: Instant) {
        guard state != .closed else { return }
        if arrived.flags.contains(.rst) { return receiveReset(arrived) }
        if state == .synSent {
            guard arrived.flags.contains([.syn, .ack]), arrived.acknowledgement == sendNext else { return }
            receiveNext = arrived.sequence &+ 1
            if arrived.maximumSegment > 0 { segment = min(segment, Int(arrived.maximumSegment)) }
            synAcknowledged(now)
            output.append(TCPSegment(sequence: sendNext, acknowledgement: receiveNext, flags: .ack))
            return push(now)
        }
        if arrived.flags.contains(.syn) {
            // The peer has not heard our answer: say it again.
            if state == .synReceived { retransmit(now) } else { acknowledge() }
            return
        }
        if arrived.flags.contains(.ack) { receiveAcknowledgement(arrived, now) }
        guard state != .closed else { return }
        receiveData(arrived, now)
    }

    private mutating func receiveReset(_ arrived: TCPSegment) {
        // A blind reset outside of what is expected is none (RFC 5961).
        if state == .synSent {
            if arrived.flags.contains(.ack), arrived.acknowledgement == sendNext { finish(.refused) }
        } else if arrived.sequence == receiveNext {
            finish(.reset)
        } else if Int32(bitPattern: arrived.sequence &- receiveNext) > 0, arrived.sequence &- receiveNext < 65535 {
            acknowledge()
        }
    }

    private mutating func synAcknowledged(_ now: Instant) {
        isSynAcknowledged = true
        sendBase &+= 1
        state = .established
        timeout = Self.leastTimeout
        tries = 0
        nextTimer = .distantFuture
    }

    private mutating func acknowledge() {
        output.append(TCPSegment(sequence: sendNext, acknowledgement: receiveNext, flags: .ack))
    }

    private mutating func receiveAcknowledgement(_ arrived: TCPSegment, _ now: Instant) {
        if state == .synReceived {
            guard arrived.acknowledgement == sendNext else { return }
            synAcknowledged(now)
        }
        peerWindow = Int(arrived.window)
        let advance = Int32(bitPattern: arrived.acknowledgement &- sendBase)
        let inFlight = Int32(bitPattern: sendNext &- sendBase)
        if advance > 0, advance <= inFlight {
            let isFinAcknowledged = isFinSent && advance == inFlight
            let bytes = min(buffer.count, Int(advance) - (isFinAcknowledged ? 1 : 0))
            buffer.removeFirst(bytes)
            sendBase = arrived.acknowledgement
            timeout = Self.leastTimeout
            tries = 0
            duplicates = 0
            nextTimer = sendBase == sendNext ? .distantFuture : now + timeout
            if isFinAcknowledged { finAcknowledged(now) }
            if let end = repairEnd {
                if Int32(bitPattern: end &- sendBase) > 0 { retransmit(now) } else { repairEnd = nil }
            }
        } else if advance == 0, inFlight > 0, arrived.length == 0 {
            duplicates += 1
            if duplicates == 3, repairEnd == nil {
                repairEnd = sendNext
                retransmit(now)
            }
        }
        push(now)
    }

    private mutating func finAcknowledged(_ now: Instant) {
        switch state {
        case .finWait1: state = .finWait2
        case .closing: wait(now)
        case .lastAck: finish(.finished)
        default: break
        }
    }

    private mutating func wait(_ now: Instant) {
        state = .timeWait
        end = end ?? .finished
        nextTimer = now + .seconds(60)
    }

    /// In order it is taken; what comes early is kept, and answered like what comes twice with what is expected.
    private mutating func receiveData(_ arrived: TCPSegment, _ now: Instant) {
        guard arrived.length > 0 else { return }
        let ahead = Int32(bitPattern: receiveNext &- arrived.sequence)
        if ahead < 0, ahead > -65536, early.count < 64, !early.contains(where: { $0.sequence == arrived.sequence }) {
            early.append(arrived)
        }
        guard take(arrived, now) else { return acknowledge() }
        while let index = early.firstIndex(where: { Int32(bitPattern: receiveNext &- $0.sequence) >= 0 }) {
            _ = take(early.remove(at: index), now)
        }
        acknowledge()
    }

    /// Takes what is new of a segment; false when it has nothing that is due.
    private mutating func take(_ arrived: TCPSegment, _ now: Instant) -> Bool {
        let ahead = Int32(bitPattern: receiveNext &- arrived.sequence)
        guard ahead >= 0, UInt32(bitPattern: ahead) < arrived.length else { return false }
        let fresh = arrived.payload.dropFirst(Int(ahead))
        if !isPeerDone { received += fresh }
        receiveNext &+= UInt32(fresh.count)
        guard arrived.flags.contains(.fin), !isPeerDone else { return true }
        receiveNext &+= 1
        isPeerDone = true
        switch state {
        case .established, .synReceived: state = .closeWait
        case .finWait1: state = .closing
        case .finWait2: wait(now)
        default: break
        }
        return true
    }
}
