import HawseModel

/// `net.netfilter.nf_conntrack_*`, in the form the walk wants. Timeouts are nanoseconds.
struct ConntrackSettings {
    /// `nf_conntrack_buckets`.
    var buckets: Int
    /// `nf_conntrack_max`; 0: no bound but the table's own.
    var maximum: Int
    var checksum: Bool
    var accounting: Bool
    /// `nf_conntrack_tcp_loose`: how many packets each way a picked-up connection needs; 0: none is picked up.
    var tcpLoose: Bool
    var tcpBeLiberal: Bool
    var tcpIgnoreInvalidRST: Bool
    var tcpMaximumRetransmissions: UInt8
    var tcpTimeouts: TCPTimeouts
    var udpTimeout: Int64
    var udpStreamTimeout: Int64
    var icmpTimeout: Int64
    var icmpv6Timeout: Int64
    var greTimeout: Int64
    var greStreamTimeout: Int64
    var genericTimeout: Int64
    /// By SCTP state, as `sctp_timeouts`.
    var sctpTimeouts: SCTPTimeouts
    /// `nf_conntrack_expect_max`.
    var maximumExpectations: Int

    struct TCPTimeouts {
        var synSent, synRecv, established, finWait, closeWait, lastAck, timeWait, close: Int64
        var retransmissions, unacknowledged: Int64

        @inline(__always)
        subscript(state: TCPState) -> Int64 {
            switch state {
            case .none: 0
            case .synSent, .synSent2: synSent
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

    struct SCTPTimeouts {
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
        func name(_ key: String) -> String { "net.netfilter.nf_conntrack_\(key)" }
        func seconds(_ key: String, _ fallback: Int) -> Int64 {
            let value = sysctls.integer(name(key), default: fallback)
            return .seconds(Int64(clamping: min(max(value, 0), 1 << 31)))
        }
        maximum = max(
            sysctls.integer(name("max"), default: sysctls.integer("net.nf_conntrack_max", default: 262_144)), 0)
        // What the kernel takes on machines of 4 GB or more.
        buckets = min(max(sysctls.integer(name("buckets"), default: 262_144), 512), 1 << 28)
        checksum = sysctls.isOn(name("checksum"), default: true)
        accounting = sysctls.isOn(name("acct"), default: false)
        tcpLoose = sysctls.isOn(name("tcp_loose"), default: true)
        tcpBeLiberal = sysctls.isOn(name("tcp_be_liberal"), default: false)
        tcpIgnoreInvalidRST = sysctls.isOn(name("tcp_ignore_invalid_rst"), default: false)
        tcpMaximumRetransmissions = UInt8(clamping: sysctls.integer(name("tcp_max_retrans"), default: 3))
        tcpTimeouts = TCPTimeouts(
            synSent: seconds("tcp_timeout_syn_sent", 120), synRecv: seconds("tcp_timeout_syn_recv", 60),
            established: seconds("tcp_timeout_established", 432_000), finWait: seconds("tcp_timeout_fin_wait", 120),
            closeWait: seconds("tcp_timeout_close_wait", 60), lastAck: seconds("tcp_timeout_last_ack", 30),
            timeWait: seconds("tcp_timeout_time_wait", 120), close: seconds("tcp_timeout_close", 10),
            retransmissions: seconds("tcp_timeout_max_retrans", 300),
            unacknowledged: seconds("tcp_timeout_unacknowledged", 300))
        udpTimeout = seconds("udp_timeout", 30)
        udpStreamTimeout = seconds("udp_timeout_stream", 120)
        icmpTimeout = seconds("icmp_timeout", 30)
        icmpv6Timeout = seconds("icmpv6_timeout", 30)
        greTimeout = seconds("gre_timeout", 30)
        greStreamTimeout = seconds("gre_timeout_stream", 180)
        genericTimeout = seconds("generic_timeout", 600)
        sctpTimeouts = SCTPTimeouts(
            closed: seconds("sctp_timeout_closed", 10), cookieWait: seconds("sctp_timeout_cookie_wait", 3),
            cookieEchoed: seconds("sctp_timeout_cookie_echoed", 3),
            established: seconds("sctp_timeout_established", 210),
            shutdownSent: seconds("sctp_timeout_shutdown_sent", 3),
            shutdownReceived: seconds("sctp_timeout_shutdown_recd", 3),
            shutdownAckSent: seconds("sctp_timeout_shutdown_ack_sent", 3),
            heartbeatSent: seconds("sctp_timeout_heartbeat_sent", 30))
        maximumExpectations = max(sysctls.integer(name("expect_max"), default: 4096), 0)
    }
}
