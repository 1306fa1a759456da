import HawseWire

/// A match or target by its name; some are for one family only.
private struct Entry<Options: Sendable>: Sendable {
    var name: String
    var options: Options
    var family: AddressFamily?

    init(_ name: String, _ options: Options, family: AddressFamily? = nil) {
        self.name = name
        self.options = options
        self.family = family
    }
}

private typealias MatchEntry = Entry<any MatchOptions.Type>
private typealias TargetEntry = Entry<any TargetOptions.Type>

private let matchTable: [MatchEntry] = [
    MatchEntry("addrtype", AddrtypeOptions.self),
    MatchEntry("ah", AHOptions.self),
    MatchEntry("bpf", BPFOptions.self),
    MatchEntry("cgroup", CgroupOptions.self),
    MatchEntry("cluster", ClusterOptions.self),
    MatchEntry("comment", CommentOptions.self),
    MatchEntry("connbytes", ConnbytesOptions.self),
    MatchEntry("connlabel", ConnlabelOptions.self),
    MatchEntry("connlimit", ConnlimitOptions.self),
    MatchEntry("connmark", ConnmarkOptions.self),
    MatchEntry("conntrack", ConntrackOptions.self),
    MatchEntry("cpu", CPUOptions.self),
    MatchEntry("dccp", DCCPOptions.self),
    MatchEntry("devgroup", DevgroupOptions.self),
    MatchEntry("dscp", DSCPOptions.self),
    MatchEntry("dst", DSTOptions.self, family: .ipv6),
    MatchEntry("ecn", ECNOptions.self),
    MatchEntry("esp", ESPOptions.self),
    MatchEntry("eui64", EUI64Options.self, family: .ipv6),
    MatchEntry("frag", FragOptions.self, family: .ipv6),
    MatchEntry("hashlimit", HashlimitOptions.self),
    MatchEntry("hbh", HBHOptions.self, family: .ipv6),
    MatchEntry("helper", HelperOptions.self),
    MatchEntry("hl", HLOptions.self, family: .ipv6),
    MatchEntry("icmp", ICMPOptions.self, family: .ipv4),
    MatchEntry("icmp6", ICMPv6Options.self, family: .ipv6),
    MatchEntry("ipcomp", IPCompOptions.self),
    MatchEntry("iprange", IPRangeOptions.self),
    MatchEntry("ipv6header", IPv6HeaderOptions.self, family: .ipv6),
    MatchEntry("ipvs", IPVSOptions.self),
    MatchEntry("length", LengthOptions.self),
    MatchEntry("limit", LimitOptions.self),
    MatchEntry("mac", MACOptions.self),
    MatchEntry("mark", MarkOptions.self),
    MatchEntry("mh", MHOptions.self, family: .ipv6),
    MatchEntry("multiport", MultiportOptions.self),
    MatchEntry("nfacct", NFAcctOptions.self),
    MatchEntry("osf", OSFOptions.self),
    MatchEntry("owner", OwnerOptions.self),
    MatchEntry("physdev", PhysdevOptions.self),
    MatchEntry("pkttype", PkttypeOptions.self),
    MatchEntry("policy", PolicyOptions.self),
    MatchEntry("quota", QuotaOptions.self),
    MatchEntry("rateest", RateestOptions.self),
    MatchEntry("realm", RealmOptions.self, family: .ipv4),
    MatchEntry("recent", RecentOptions.self),
    MatchEntry("rpfilter", RPFilterOptions.self),
    MatchEntry("rt", RTOptions.self, family: .ipv6),
    MatchEntry("sctp", SCTPOptions.self),
    MatchEntry("set", SetOptions.self),
    MatchEntry("socket", SocketOptions.self),
    MatchEntry("srh", SRHOptions.self, family: .ipv6),
    MatchEntry("state", StateOptions.self),
    MatchEntry("statistic", StatisticOptions.self),
    MatchEntry("string", StringOptions.self),
    MatchEntry("tcp", TCPOptions.self),
    MatchEntry("tcpmss", TCPMSSOptions.self),
    MatchEntry("time", TimeOptions.self),
    MatchEntry("tos", TOSOptions.self),
    MatchEntry("ttl", TTLOptions.self, family: .ipv4),
    MatchEntry("u32", U32Options.self),
    MatchEntry("udp", UDPOptions.self),
    MatchEntry("udplite", UDPLiteOptions.self),
]

private let targetTable: [TargetEntry] = [
    TargetEntry("AUDIT", AuditOptions.self),
    TargetEntry("CHECKSUM", ChecksumOptions.self),
    TargetEntry("CLASSIFY", ClassifyOptions.self),
    TargetEntry("CONNMARK", ConnmarkTargetOptions.self),
    TargetEntry("CONNSECMARK", ConnsecmarkOptions.self),
    TargetEntry("CT", CTOptions.self),
    TargetEntry("DNAT", DNATOptions.self),
    TargetEntry("DNPT", DNPTOptions.self, family: .ipv6),
    TargetEntry("DSCP", DSCPTargetOptions.self),
    TargetEntry("ECN", ECNTargetOptions.self, family: .ipv4),
    TargetEntry("HL", HLTargetOptions.self, family: .ipv6),
    TargetEntry("HMARK", HMarkOptions.self),
    TargetEntry("IDLETIMER", IdletimerOptions.self),
    TargetEntry("LED", LEDOptions.self),
    TargetEntry("LOG", LogOptions.self),
    TargetEntry("MARK", MarkTargetOptions.self),
    TargetEntry("MASQUERADE", MasqueradeOptions.self),
    TargetEntry("NETMAP", NetmapOptions.self),
    TargetEntry("NFLOG", NFLogOptions.self),
    TargetEntry("NFQUEUE", NFQueueOptions.self),
    TargetEntry("NOTRACK", NotrackOptions.self),
    TargetEntry("RATEEST", RateestTargetOptions.self),
    TargetEntry("REDIRECT", RedirectOptions.self),
    TargetEntry("REJECT", RejectOptions.self),
    TargetEntry("SECMARK", SecmarkOptions.self),
    TargetEntry("SET", SetTargetOptions.self),
    TargetEntry("SNAT", SNATOptions.self),
    TargetEntry("SNPT", SNPTOptions.self, family: .ipv6),
    TargetEntry("SYNPROXY", SynproxyOptions.self),
    TargetEntry("TCPMSS", TCPMSSTargetOptions.self),
    TargetEntry("TCPOPTSTRIP", TCPOptStripOptions.self),
    TargetEntry("TEE", TeeOptions.self),
    TargetEntry("TOS", TOSTargetOptions.self),
    TargetEntry("TPROXY", TProxyOptions.self),
    TargetEntry("TRACE", TraceOptions.self),
    TargetEntry("TTL", TTLTargetOptions.self, family: .ipv4),
    TargetEntry("ULOG", ULogOptions.self, family: .ipv4),
]

/// The match of this name, and the name under which it is kept: `icmpv6` and `ipv6-icmp` are `icmp6`.
func matchOptions(named name: String, family: AddressFamily) -> (String, any MatchOptions.Type)? {
    let key = name == "icmpv6" || name == "ipv6-icmp" ? "icmp6" : name
    guard let entry = matchTable.first(where: { $0.name == key && ($0.family ?? family) == family }) else {
        return nil
    }
    return (entry.name, entry.options)
}

func targetOptions(named name: String, family: AddressFamily) -> (any TargetOptions.Type)? {
    targetTable.first { $0.name == name && ($0.family ?? family) == family }?.options
}

func matchNames(family: AddressFamily) -> [String] {
    matchTable.filter { ($0.family ?? family) == family }.map(\.name)
}

func targetNames(family: AddressFamily) -> [String] {
    ["ACCEPT", "DROP", "RETURN", "QUEUE"] + targetTable.filter { ($0.family ?? family) == family }.map(\.name)
}
