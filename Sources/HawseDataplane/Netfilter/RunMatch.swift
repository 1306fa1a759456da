import HawseModel

/// The switch over all matches. Frequent ones are inlined into it, the others are calls.
@inline(__always)
func runMatch(_ code: MatchCode, _ payload: UnsafeMutableRawPointer, _ context: inout RuleContext) -> Bool {
    @inline(__always)
    func run<Operation: MatchOperation>(_ type: Operation.Type, _ context: inout RuleContext) -> Bool {
        Operation.matches(payload.assumingMemoryBound(to: type), &context)
    }
    switch code {
    case .address: return run(AddressOperation.self, &context)
    case .tcp: return run(TCPOperation.self, &context)
    case .udp: return run(UDPOperation.self, &context)
    case .conntrack: return run(ConntrackOperation.self, &context)
    case .mark: return run(MarkOperation.self, &context)
    case .statistic: return run(StatisticOperation.self, &context)
    default: return runOtherMatch(code, payload, &context)
    }
}

@inline(never)
private func runOtherMatch(
    _ code: MatchCode, _ payload: UnsafeMutableRawPointer, _ context: inout RuleContext
) -> Bool {
    func run<Operation: MatchOperation>(_ type: Operation.Type) -> Bool {
        Operation.matches(payload.assumingMemoryBound(to: type), &context)
    }
    switch code {
    case .addrtype: return run(AddrtypeOperation.self)
    case .ah: return run(AHOperation.self)
    case .bpf: return run(BPFOperation.self)
    case .cgroup: return run(CgroupOperation.self)
    case .cluster: return run(ClusterOperation.self)
    case .connbytes: return run(ConnbytesOperation.self)
    case .connlabel: return run(ConnlabelOperation.self)
    case .connlimit: return run(ConnlimitOperation.self)
    case .connmark: return run(ConnmarkOperation.self)
    case .cpu: return run(CPUOperation.self)
    case .dccp: return run(DCCPOperation.self)
    case .devgroup: return run(DevgroupOperation.self)
    case .dscp: return run(DSCPOperation.self)
    case .ecn: return run(ECNOperation.self)
    case .esp: return run(ESPOperation.self)
    case .eui64: return run(EUI64Operation.self)
    case .frag: return run(FragOperation.self)
    case .hashlimit: return run(HashlimitOperation.self)
    case .helper: return run(HelperOperation.self)
    case .icmp: return run(ICMPOperation.self)
    case .ipcomp: return run(IPCompOperation.self)
    case .iprange: return run(IPRangeOperation.self)
    case .ipv6header: return run(IPv6HeaderOperation.self)
    case .ipv6options: return run(IPv6OptionsOperation.self)
    case .ipvs: return run(IPVSOperation.self)
    case .length: return run(LengthOperation.self)
    case .limit: return run(LimitOperation.self)
    case .mac: return run(MACOperation.self)
    case .mh: return run(MHOperation.self)
    case .multiport: return run(MultiportOperation.self)
    case .nfacct: return run(NFAcctOperation.self)
    case .osf: return run(OSFOperation.self)
    case .owner: return run(OwnerOperation.self)
    case .physdev: return run(PhysdevOperation.self)
    case .pkttype: return run(PkttypeOperation.self)
    case .policy: return run(PolicyOperation.self)
    case .quota: return run(QuotaOperation.self)
    case .rateest: return run(RateestOperation.self)
    case .realm: return run(RealmOperation.self)
    case .recent: return run(RecentOperation.self)
    case .rpfilter: return run(RPFilterOperation.self)
    case .rt: return run(RTOperation.self)
    case .sctp: return run(SCTPOperation.self)
    case .set: return run(SetOperation.self)
    case .socket: return run(SocketOperation.self)
    case .srh: return run(SRHOperation.self)
    case .string: return run(StringOperation.self)
    case .tcpmss: return run(TCPMSSOperation.self)
    case .time: return run(TimeOperation.self)
    case .tos: return run(TOSOperation.self)
    case .ttl: return run(TTLOperation.self)
    case .u32: return run(U32Operation.self)
    case .address, .tcp, .udp, .conntrack, .mark, .statistic: return false
    }
}
