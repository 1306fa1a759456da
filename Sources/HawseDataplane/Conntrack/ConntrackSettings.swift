import HawseModel

/// `net.netfilter.nf_conntrack_*` in the form the walk wants, but for the timeouts (`ConntrackTimeouts`).
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
    /// `nf_conntrack_expect_max`.
    var maximumExpectations: Int

    init(_ sysctls: Sysctls) {
        func name(_ key: String) -> String { "net.netfilter.nf_conntrack_\(key)" }
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
        maximumExpectations = max(sysctls.integer(name("expect_max"), default: 4096), 0)
    }
}
