import HawseModel
import HawseWire

/// How long connections are remembered, in nanoseconds: as `net.netfilter.nf_conntrack_*_timeout*` says, or a timeout policy
/// (`nf_ct_timeout_lookup`).
struct ConntrackTimeouts: BitwiseCopyable {
    var tcp: TCPTimeouts
    var udp: Int64
    var udpStream: Int64
    var udplite: Int64
    var udpliteStream: Int64
    var icmp: Int64
    var icmpv6: Int64
    var gre: Int64
    var greStream: Int64
    var generic: Int64
    /// By SCTP state, as `sctp_timeouts`.
    var sctp: SCTPTimeouts

    struct TCPTimeouts: BitwiseCopyable {
        var synSent, synRecv, established, finWait, closeWait, lastAck, timeWait, close: Int64
        /// No sysctl sets it.
        var synSent2: Int64
        var retransmissions, unacknowledged: Int64

        @inline(__always)
        subscript(state: TCPState) -> Int64 {
            switch state {
            case .none: 0
            case .synSent: synSent
            case .synSent2: synSent2
            case .synRecv: synRecv
            case .established: established
            case .finWait: finWait
            case .closeWait: closeWait
            case .lastAck: lastAck
            case .timeWait: timeWait
            case .close: close
            }
        }
    }

    struct SCTPTimeouts: BitwiseCopyable {
        var closed, cookieWait, cookieEchoed, established, shutdownSent, shutdownReceived: Int64
        var shutdownAckSent, heartbeatSent: Int64

        subscript(state: SCTPState) -> Int64 {
            switch state {
            case .none, .closed: closed
            case .cookieWait: cookieWait
            case .cookieEchoed: cookieEchoed
            case .established: established
            case .shutdownSent: shutdownSent
            case .shutdownReceived: shutdownReceived
            case .shutdownAckSent: shutdownAckSent
            case .heartbeatSent: heartbeatSent
            }
        }
    }

    init(_ sysctls: Sysctls) {
        func seconds(_ key: String, _ fallback: Int) -> Int64 {
            let value = sysctls.integer("net.netfilter.nf_conntrack_\(key)", default: fallback)
            return .seconds(Int64(clamping: min(max(value, 0), 1 << 31)))
        }
        tcp = TCPTimeouts(
            synSent: seconds("tcp_timeout_syn_sent", 120), synRecv: seconds("tcp_timeout_syn_recv", 60),
            established: seconds("tcp_timeout_established", 432_000), finWait: seconds("tcp_timeout_fin_wait", 120),
            closeWait: seconds("tcp_timeout_close_wait", 60), lastAck: seconds("tcp_timeout_last_ack", 30),
            timeWait: seconds("tcp_timeout_time_wait", 120), close: seconds("tcp_timeout_close", 10),
            synSent2: .seconds(120), retransmissions: seconds("tcp_timeout_max_retrans", 300),
            unacknowledged: seconds("tcp_timeout_unacknowledged", 300))
        udp = seconds("udp_timeout", 30)
        udpStream = seconds("udp_timeout_stream", 120)
        (udplite, udpliteStream) = (udp, udpStream)
        icmp = seconds("icmp_timeout", 30)
        icmpv6 = seconds("icmpv6_timeout", 30)
        gre = seconds("gre_timeout", 30)
        greStream = seconds("gre_timeout_stream", 180)
        generic = seconds("generic_timeout", 600)
        sctp = SCTPTimeouts(
            closed: seconds("sctp_timeout_closed", 10), cookieWait: seconds("sctp_timeout_cookie_wait", 3),
            cookieEchoed: seconds("sctp_timeout_cookie_echoed", 3), established: seconds("sctp_timeout_established", 210),
            shutdownSent: seconds("sctp_timeout_shutdown_sent", 3), shutdownReceived: seconds("sctp_timeout_shutdown_recd", 3),
            shutdownAckSent: seconds("sctp_timeout_shutdown_ack_sent", 3),
            heartbeatSent: seconds("sctp_timeout_heartbeat_sent", 30))
    }

    /// What the policy does not set (`nfct` does not list SCTP's heartbeat) is as the settings say.
    init(_ policy: TimeoutPolicy, _ sysctls: Sysctls) {
        self.init(sysctls)
        func value(_ state: Int) -> Int64 { state < policy.seconds.count ? .seconds(Int64(policy.seconds[state])) : 0 }
        switch policy.ipProtocol {
        case .tcp:
            tcp = TCPTimeouts(
                synSent: value(0), synRecv: value(1), established: value(2), finWait: value(3), closeWait: value(4),
                lastAck: value(5), timeWait: value(6), close: value(7), synSent2: value(8), retransmissions: value(9),
                unacknowledged: value(10))
        case .udp: (udp, udpStream) = (value(0), value(1))
        case .udplite: (udplite, udpliteStream) = (value(0), value(1))
        case .gre: (gre, greStream) = (value(0), value(1))
        case .icmp: icmp = value(0)
        case .icmpv6: icmpv6 = value(0)
        case .sctp:
            sctp = SCTPTimeouts(
                closed: value(0), cookieWait: value(1), cookieEchoed: value(2), established: value(3), shutdownSent: value(4),
                shutdownReceived: value(5), shutdownAckSent: value(6), heartbeatSent: sctp.heartbeatSent)
        default: generic = value(0)
        }
    }
}
