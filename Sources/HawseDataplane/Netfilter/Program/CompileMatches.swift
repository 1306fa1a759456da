import HawseModel
import HawseWire

extension RuleCompiler {
    /// Compiles one match; a comment needs no code.
    mutating func compile(_ match: Match, ipProtocol: IPProtocol?) throws(DataplaneError) {
        switch match {
        case .comment: break
        case .tcp(let m):
            try need(.tcp, ipProtocol, "tcp")
            append(.tcp, TCPOperation(m))
        case .udp(let m):
            try need(.udp, ipProtocol, "udp")
            append(.udp, UDPOperation(m))
        case .udplite(let m):
            try need(.udplite, ipProtocol, "udplite")
            append(.udp, UDPOperation(m))
        case .sctp(let m):
            try need(.sctp, ipProtocol, "sctp")
            append(.sctp, SCTPOperation(m), trailer: SCTPOperation.trailer(m))
        case .dccp(let m):
            try need(.dccp, ipProtocol, "dccp")
            append(.dccp, DCCPOperation(m))
        case .icmp(let m):
            try only(.ipv4, "icmp")
            try need(.icmp, ipProtocol, "icmp")
            append(.icmp, ICMPOperation(m, family: family))
        case .icmp6(let m):
            try only(.ipv6, "icmp6")
            try need(.icmpv6, ipProtocol, "icmp6")
            append(.icmp, ICMPOperation(m, family: family))
        case .multiport(let m):
            guard let ipProtocol, [.tcp, .udp, .dccp, .sctp, .udplite].contains(ipProtocol) else {
                throw refusal("multiport needs -p tcp, udp, udplite, sctp or dccp")
            }
            guard m.ports.count <= 15 else { throw refusal("multiport: at most 15 ports") }
            append(.multiport, MultiportOperation(m), trailer: MultiportOperation.trailer(m))
        case .mark(let m): append(.mark, MarkOperation(m))
        case .connmark(let m):
            require(.conntrack)
            append(.connmark, ConnmarkOperation(m))
        case .conntrack(let m):
            require(.conntrack)
            append(.conntrack, ConntrackOperation(m))
        case .connlabel(let m):
            require(.conntrack)
            guard m.bit < 128 else { throw refusal("connlabel: bit \(m.bit) of 128") }
            append(.connlabel, ConnlabelOperation(m))
        case .connbytes(let m):
            require([.conntrack, .accounting])
            append(.connbytes, ConnbytesOperation(m))
        case .connlimit(let m): compile(m)
        case .helper(let m):
            require(.conntrack)
            append(.helper, HelperOperation(m))
        case .cluster(let m):
            require(.conntrack)
            guard m.totalNodes >= 1, m.totalNodes <= 32 else { throw refusal("cluster: 1 to 32 nodes") }
            append(.cluster, ClusterOperation(m))
        case .statistic(let m): append(.statistic, StatisticOperation(m))
        case .limit(let m):
            append(.limit, try LimitOperation(m, now: surroundings.named.pointee.now, self))
        case .hashlimit(let m): compile(m)
        case .recent(let m): compile(m)
        case .set(let m): append(.set, try SetOperation(m, self))
        case .addrtype(let m):
            if m.limitToInInterface { only([.prerouting, .input, .forward], "addrtype --limit-iface-in") }
            if m.limitToOutInterface { only([.postrouting, .output, .forward], "addrtype --limit-iface-out") }
            append(.addrtype, AddrtypeOperation(m))
        default: try compileRest(match, ipProtocol: ipProtocol)
        }
    }

    /// The matches that look at headers and devices.
    private mutating func compileRest(_ match: Match, ipProtocol: IPProtocol?) throws(DataplaneError) {
        switch match {
        case .length(let m): append(.length, LengthOperation(m))
        case .mac(let m):
            only([.prerouting, .input, .forward], "mac")
            append(.mac, MACOperation(m))
        case .pkttype(let m): append(.pkttype, PkttypeOperation(m))
        case .physdev(let m): append(.physdev, PhysdevOperation(m, &self))
        case .iprange(let m): append(.iprange, IPRangeOperation(m))
        case .ttl(let m):
            try only(.ipv4, "ttl")
            append(.ttl, TTLOperation(m))
        case .hl(let m):
            try only(.ipv6, "hl")
            append(.ttl, TTLOperation(m))
        case .dscp(let m): append(.dscp, DSCPOperation(m))
        case .tos(let m): append(.tos, TOSOperation(m))
        case .ecn(let m):
            if m.cwr != nil || m.ece != nil { try need(.tcp, ipProtocol, "ecn with TCP flags") }
            append(.ecn, ECNOperation(m))
        case .tcpmss(let m):
            try need(.tcp, ipProtocol, "tcpmss")
            append(.tcpmss, TCPMSSOperation(m))
        case .esp(let m):
            try need(.esp, ipProtocol, "esp")
            append(.esp, ESPOperation(m))
        case .ah(let m):
            if family == .ipv4 { try need(.ah, ipProtocol, "ah") }
            append(.ah, AHOperation(m))
        case .ipcomp(let m):
            try need(.ipcomp, ipProtocol, "ipcomp")
            append(.ipcomp, IPCompOperation(m))
        case .string(let m):
            guard !m.pattern.isEmpty, m.pattern.count <= 128 else { throw refusal("string: a pattern has 1 to 128 bytes") }
            guard m.from <= m.to else { throw refusal("string: --from lies behind --to") }
            append(.string, StringOperation(m), trailer: StringOperation.trailer(m))
        case .u32(let m): append(.u32, U32Operation(m), trailer: U32Operation.trailer(m))
        case .bpf(let m): append(.bpf, try BPFOperation(m, self), trailer: BPFOperation.trailer(m))
        case .time(let m): append(.time, TimeOperation(m))
        case .quota(let m): append(.quota, QuotaOperation(m))
        case .cpu(let m): append(.cpu, CPUOperation(m))
        case .devgroup(let m):
            if m.source != nil { only([.prerouting, .input, .forward], "devgroup --src-group") }
            if m.destination != nil { only([.postrouting, .output, .forward], "devgroup --dst-group") }
            append(.devgroup, DevgroupOperation(m))
        case .realm(let m):
            only([.postrouting, .forward, .output, .input], "realm")
            append(.realm, RealmOperation(m))
        case .owner(let m):
            only([.output, .postrouting], "owner")
            append(.owner, OwnerOperation(m))
        case .cgroup(let m):
            only([.output, .postrouting, .input], "cgroup")
            append(.cgroup, CgroupOperation(m))
        case .socket(let m):
            require(.defragmentation)
            only([.prerouting, .input], "socket")
            append(.socket, SocketOperation(m))
        case .rpfilter(let m):
            only([.prerouting], "rpfilter")
            try only(tables: [.raw, .mangle], "rpfilter")
            append(.rpfilter, RPFilterOperation(m))
        default: try compileRare(match)
        }
    }

    private mutating func compileRare(_ match: Match) throws(DataplaneError) {
        switch match {
        case .frag(let m):
            try only(.ipv6, "frag")
            append(.frag, FragOperation(m))
        case .rt(let m):
            try only(.ipv6, "rt")
            append(.rt, RTOperation(m), trailer: RTOperation.trailer(m))
        case .hbh(let m):
            try only(.ipv6, "hbh")
            append(
                .ipv6options, IPv6OptionsOperation(m, header: .hopByHop), trailer: IPv6OptionsOperation.trailer(m))
        case .dst(let m):
            try only(.ipv6, "dst")
            append(
                .ipv6options, IPv6OptionsOperation(m, header: .destinationOptions),
                trailer: IPv6OptionsOperation.trailer(m))
        case .ipv6header(let m):
            try only(.ipv6, "ipv6header")
            append(.ipv6header, IPv6HeaderOperation(m))
        case .mh(let m):
            try only(.ipv6, "mh")
            append(.mh, MHOperation(m))
        case .srh(let m):
            try only(.ipv6, "srh")
            append(.srh, SRHOperation(m))
        case .eui64:
            try only(.ipv6, "eui64")
            only([.prerouting, .input, .forward], "eui64")
            append(.eui64, EUI64Operation())
        case .policy(let m): append(.policy, PolicyOperation(m))
        case .osf: append(.osf, OSFOperation())
        case .nfacct(let m): append(.nfacct, NFAcctOperation(m, self))
        case .rateest(let m): append(.rateest, RateestOperation(m, self))
        case .ipvs(let m): append(.ipvs, IPVSOperation(m))
        default: throw refusal("this match is not known to the compiler")
        }
    }

    private mutating func compile(_ match: ConnlimitMatch) {
        require(.conntrack)
        let table = UnsafeMutablePointer<ConnlimitTable>.allocate(capacity: 1)
        table.initialize(to: ConnlimitTable())
        resources.connlimit.append(table)
        append(.connlimit, ConnlimitOperation(match, table, family: family))
    }

    private mutating func compile(_ match: HashlimitMatch) {
        let table = surroundings.named.pointee.hashlimit(match, family: family)
        resources.hashlimit.append(table)
        append(.hashlimit, HashlimitOperation(match, table, family: family))
    }

    private mutating func compile(_ match: RecentMatch) {
        let table = surroundings.named.pointee.recent(match)
        resources.recent.append(table)
        append(.recent, RecentOperation(match, table))
    }

    private func need(_ wanted: IPProtocol, _ given: IPProtocol?, _ what: String) throws(DataplaneError) {
        guard given == wanted else { throw refusal("\(what) needs -p with the protocol \(wanted.rawValue)") }
    }
}
