import HawseModel

/// The state timeouts, in jiffies (`tcp_timeouts`, `udp_timeouts`, `sctp_timeouts`).
struct IPVSTimeouts {
    private let tcp: UnsafeMutablePointer<Int64>
    private let sctp: UnsafeMutablePointer<Int64>
    var udp: Int64 = 300 * Jiffies.perSecond

    init() {
        tcp = .allocate(capacity: 16)
        sctp = .allocate(capacity: 16)
        tcp.initialize(repeating: 2 * Jiffies.perSecond, count: 16)
        sctp.initialize(repeating: 61 * Jiffies.perSecond, count: 16)
        let seconds: [(IPVSTCPState, Int64)] = [
            (.none, 2), (.established, 900), (.synSent, 120), (.synRecv, 60), (.finWait, 120), (.timeWait, 120),
            (.close, 10), (.closeWait, 60), (.lastAck, 30), (.listen, 120), (.synAck, 120),
        ]
        for (state, value) in seconds { tcp[Int(state.rawValue)] = value * Jiffies.perSecond }
        sctp[Int(IPVSSCTPState.none.rawValue)] = 2 * Jiffies.perSecond
        sctp[Int(IPVSSCTPState.init1.rawValue)] = 4 * Jiffies.perSecond
        sctp[Int(IPVSSCTPState.rejected.rawValue)] = 4 * Jiffies.perSecond
        sctp[Int(IPVSSCTPState.established.rawValue)] = 900 * Jiffies.perSecond
    }

    func deallocate() {
        tcp.deallocate()
        sctp.deallocate()
    }

    @inline(__always)
    func tcp(_ state: UInt8) -> Int64 { tcp[Int(state & 15)] }
    @inline(__always)
    func sctp(_ state: UInt8) -> Int64 { sctp[Int(state & 15)] }

    /// `ipvsadm --set`: ESTABLISHED, FIN_WAIT and UDP; 0 leaves one as it is.
    mutating func set(_ timeouts: IPVSSpec.Timeouts) {
        if timeouts.tcp != 0 { tcp[Int(IPVSTCPState.established.rawValue)] = Int64(timeouts.tcp) * Jiffies.perSecond }
        if timeouts.tcpFin != 0 { tcp[Int(IPVSTCPState.finWait.rawValue)] = Int64(timeouts.tcpFin) * Jiffies.perSecond }
        if timeouts.udp != 0 { udp = Int64(timeouts.udp) * Jiffies.perSecond }
    }

    var model: IPVSSpec.Timeouts {
        IPVSSpec.Timeouts(
            tcp: UInt32(clamping: tcp[Int(IPVSTCPState.established.rawValue)] / Jiffies.perSecond),
            tcpFin: UInt32(clamping: tcp[Int(IPVSTCPState.finWait.rawValue)] / Jiffies.perSecond),
            udp: UInt32(clamping: udp / Jiffies.perSecond))
    }
}
