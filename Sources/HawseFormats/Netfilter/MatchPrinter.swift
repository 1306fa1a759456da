import HawseModel
import HawseWire

/// ` -m name` and the match's options in iptables' order.
func writeMatch(_ match: Match, family: AddressFamily, to out: inout OptionText) {
    out.raw(" -m \(match.name)")
    switch match {
    case .comment(let text):
        out.flag("comment")
        out.string(text)
    case .eui64: break
    case .icmp(let match): match.write(option: "icmp-type", to: &out)
    case .icmp6(let match): match.write(option: "icmpv6-type", to: &out)
    case .ttl(let match): match.write(prefix: "ttl", to: &out)
    case .hl(let match): match.write(prefix: "hl", to: &out)
    case .hbh(let match): match.write(prefix: "hbh", to: &out)
    case .dst(let match): match.write(prefix: "dst", to: &out)
    case .recent(let match): match.write(family: family, to: &out)
    case .hashlimit(let match): match.write(family: family, to: &out)
    case .addrtype(let match): match.write(to: &out)
    case .ah(let match): match.write(to: &out)
    case .bpf(let match): match.write(to: &out)
    case .cgroup(let match): match.write(to: &out)
    case .cluster(let match): match.write(to: &out)
    case .connbytes(let match): match.write(to: &out)
    case .connlabel(let match): match.write(to: &out)
    case .connlimit(let match): match.write(to: &out)
    case .connmark(let match): match.write(to: &out)
    case .conntrack(let match): match.write(to: &out)
    case .cpu(let match): match.write(to: &out)
    case .dccp(let match): match.write(to: &out)
    case .devgroup(let match): match.write(to: &out)
    case .dscp(let match): match.write(to: &out)
    case .ecn(let match): match.write(to: &out)
    case .esp(let match): match.write(to: &out)
    case .frag(let match): match.write(to: &out)
    case .helper(let match): match.write(to: &out)
    case .ipcomp(let match): match.write(to: &out)
    case .iprange(let match): match.write(to: &out)
    case .ipv6header(let match): match.write(to: &out)
    case .ipvs(let match): match.write(to: &out)
    case .length(let match): match.write(to: &out)
    case .limit(let match): match.write(to: &out)
    case .mac(let match): match.write(to: &out)
    case .mark(let match): match.write(to: &out)
    case .mh(let match): match.write(to: &out)
    case .multiport(let match): match.write(to: &out)
    case .nfacct(let match): match.write(to: &out)
    case .osf(let match): match.write(to: &out)
    case .owner(let match): match.write(to: &out)
    case .physdev(let match): match.write(to: &out)
    case .pkttype(let match): match.write(to: &out)
    case .policy(let match): match.write(to: &out)
    case .quota(let match): match.write(to: &out)
    case .rateest(let match): match.write(to: &out)
    case .realm(let match): match.write(to: &out)
    case .rpfilter(let match): match.write(to: &out)
    case .rt(let match): match.write(to: &out)
    case .sctp(let match): match.write(to: &out)
    case .set(let match): match.write(to: &out)
    case .socket(let match): match.write(to: &out)
    case .srh(let match): match.write(to: &out)
    case .statistic(let match): match.write(to: &out)
    case .string(let match): match.write(to: &out)
    case .tcp(let match): match.write(to: &out)
    case .tcpmss(let match): match.write(to: &out)
    case .time(let match): match.write(to: &out)
    case .tos(let match): match.write(to: &out)
    case .u32(let match): match.write(to: &out)
    case .udp(let match): match.write(to: &out)
    case .udplite(let match): match.write(to: &out)
    }
}

extension Match {
    /// As after `-m`.
    public var name: String {
        switch self {
        case .conntrack(let match): match.isStateAlias ? "state" : "conntrack"
        case .addrtype: "addrtype"
        case .ah: "ah"
        case .bpf: "bpf"
        case .cgroup: "cgroup"
        case .cluster: "cluster"
        case .comment: "comment"
        case .connbytes: "connbytes"
        case .connlabel: "connlabel"
        case .connlimit: "connlimit"
        case .connmark: "connmark"
        case .cpu: "cpu"
        case .dccp: "dccp"
        case .devgroup: "devgroup"
        case .dscp: "dscp"
        case .dst: "dst"
        case .ecn: "ecn"
        case .esp: "esp"
        case .eui64: "eui64"
        case .frag: "frag"
        case .hashlimit: "hashlimit"
        case .hbh: "hbh"
        case .helper: "helper"
        case .hl: "hl"
        case .icmp: "icmp"
        case .icmp6: "icmp6"
        case .ipcomp: "ipcomp"
        case .iprange: "iprange"
        case .ipv6header: "ipv6header"
        case .ipvs: "ipvs"
        case .length: "length"
        case .limit: "limit"
        case .mac: "mac"
        case .mark: "mark"
        case .mh: "mh"
        case .multiport: "multiport"
        case .nfacct: "nfacct"
        case .osf: "osf"
        case .owner: "owner"
        case .physdev: "physdev"
        case .pkttype: "pkttype"
        case .policy: "policy"
        case .quota: "quota"
        case .rateest: "rateest"
        case .realm: "realm"
        case .recent: "recent"
        case .rpfilter: "rpfilter"
        case .rt: "rt"
        case .sctp: "sctp"
        case .set: "set"
        case .socket: "socket"
        case .srh: "srh"
        case .statistic: "statistic"
        case .string: "string"
        case .tcp: "tcp"
        case .tcpmss: "tcpmss"
        case .time: "time"
        case .tos: "tos"
        case .ttl: "ttl"
        case .u32: "u32"
        case .udp: "udp"
        case .udplite: "udplite"
        }
    }
}
