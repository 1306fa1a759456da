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
