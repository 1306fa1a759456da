import HawseModel
import HawseWire

/// ` -j NAME` (or ` -g NAME`) and the target's options in iptables' order.
func writeTarget(_ target: Target, family: AddressFamily, to out: inout OptionText) {
    if case .goto(let chain) = target {
        out.raw(" -g \(chain)")
        return
    }
    out.raw(" -j \(target.name)")
    switch target {
    case .accept, .drop, .queue, .return, .jump, .goto, .trace: break
    case .checksum: out.flag("checksum-fill")
    case .dnat(let target): target.write(option: "to-destination", to: &out)
    case .snat(let target): target.write(option: "to-source", to: &out)
    case .ttl(let target): target.write(prefix: "ttl", to: &out)
    case .hl(let target): target.write(prefix: "hl", to: &out)
    case .hmark(let target): target.write(family: family, to: &out)
    case .tproxy(let target): target.write(family: family, to: &out)
    case .audit(let target): target.write(to: &out)
    case .classify(let target): target.write(to: &out)
    case .connmark(let target): target.write(to: &out)
    case .connsecmark(let target): target.write(to: &out)
    case .ct(let target): target.write(to: &out)
    case .dnpt(let target): target.write(to: &out)
    case .dscp(let target): target.write(to: &out)
    case .ecn(let target): target.write(to: &out)
    case .idletimer(let target): target.write(to: &out)
    case .led(let target): target.write(to: &out)
    case .log(let target): target.write(to: &out)
    case .mark(let target): target.write(to: &out)
    case .masquerade(let target): target.write(to: &out)
    case .netmap(let target): target.write(to: &out)
    case .nflog(let target): target.write(to: &out)
    case .nfqueue(let target): target.write(to: &out)
    case .rateest(let target): target.write(to: &out)
    case .redirect(let target): target.write(to: &out)
    case .reject(let target): target.write(to: &out)
    case .secmark(let target): target.write(to: &out)
    case .set(let target): target.write(to: &out)
    case .snpt(let target): target.write(to: &out)
    case .synproxy(let target): target.write(to: &out)
    case .tcpmss(let target): target.write(to: &out)
    case .tcpoptstrip(let target): target.write(to: &out)
    case .tee(let target): target.write(to: &out)
    case .tos(let target): target.write(to: &out)
    case .ulog(let target): target.write(to: &out)
    }
}

extension Target {
    /// As after `-j`; a chain's name for a jump.
    public var name: String {
        switch self {
        case .accept: "ACCEPT"
        case .drop: "DROP"
        case .queue: "QUEUE"
        case .return: "RETURN"
        case .jump(let chain), .goto(let chain): chain
        case .ct(let target): target.isNotrackAlias ? "NOTRACK" : "CT"
        case .audit: "AUDIT"
        case .checksum: "CHECKSUM"
        case .classify: "CLASSIFY"
        case .connmark: "CONNMARK"
        case .connsecmark: "CONNSECMARK"
        case .dnat: "DNAT"
        case .dnpt: "DNPT"
        case .dscp: "DSCP"
        case .ecn: "ECN"
        case .hl: "HL"
        case .hmark: "HMARK"
        case .idletimer: "IDLETIMER"
        case .led: "LED"
        case .log: "LOG"
        case .mark: "MARK"
        case .masquerade: "MASQUERADE"
        case .netmap: "NETMAP"
        case .nflog: "NFLOG"
        case .nfqueue: "NFQUEUE"
        case .rateest: "RATEEST"
        case .redirect: "REDIRECT"
        case .reject: "REJECT"
        case .secmark: "SECMARK"
        case .set: "SET"
        case .snat: "SNAT"
        case .snpt: "SNPT"
        case .synproxy: "SYNPROXY"
        case .tcpmss: "TCPMSS"
        case .tcpoptstrip: "TCPOPTSTRIP"
        case .tee: "TEE"
        case .tos: "TOS"
        case .tproxy: "TPROXY"
        case .trace: "TRACE"
        case .ttl: "TTL"
        case .ulog: "ULOG"
        }
    }
}
