import HawseModel
import HawseWire

extension RulePlace {
    func objection(to target: Target) -> String? {
        switch target {
        case .checksum, .dscp, .tos, .ttl, .hl: only(in: .mangle)
        case .classify: only([.output, .forward, .postrouting])
        case .connsecmark, .secmark: only(in: .mangle, .security)
        case .trace: only(in: .raw)
        case .ct(let target): only(in: .raw) ?? objection(to: target)
        case .dnat, .redirect: only(in: .nat) ?? only([.prerouting, .output])
        case .snat: only(in: .nat) ?? only([.postrouting, .input])
        case .masquerade: only(in: .nat) ?? only(.postrouting)
        case .netmap: only(in: .nat) ?? only([.prerouting, .postrouting, .output, .input])
        case .snpt: only(in: .mangle) ?? only([.input, .postrouting])
        case .dnpt: only(in: .mangle) ?? only([.prerouting, .output])
        case .ecn(let target): only(in: .mangle) ?? (target.changesTCP ? need(.tcp) : nil)
        case .tcpoptstrip: only(in: .mangle) ?? need(.tcp)
        case .tproxy:
            only(in: .mangle) ?? only(.prerouting)
                ?? (has(.tcp) || has(.udp) ? nil : "needs `-p tcp' or `-p udp'")
        case .reject(let target):
            only(in: .filter) ?? only([.input, .forward, .output])
                ?? (target.kind == .tcpReset ? need(.tcp) : nil)
        case .synproxy: only([.input, .forward]) ?? need(.tcp)
        case .tcpmss(let target): need(.tcp) ?? objection(to: target)
        case .set(let target): objection(to: target)
        default: nil
        }
    }

    /// `tcpmss_tg4_check`: clamping needs a route out, and the rule must be about SYN packets.
    private func objection(to target: TCPMSSTarget) -> String? {
        if target == .clampToPathMTU, let objection = only([.forward, .output, .postrouting]) {
            return objection
        }
        let looksForSYN = rule.matches.contains { match in
            guard case .tcp(let tcp) = match, let flags = tcp.flags else { return false }
            return flags.comparison & 0x02 != 0 && !flags.inverted
        }
        return looksForSYN ? nil : "only works on TCP SYN packets: match them with `--tcp-flags SYN,RST SYN'"
    }

    /// `xt_ct_set_helper`, `xt_ct_set_timeout`
    private func objection(to target: CTTarget) -> String? {
        if target.noTrack { return nil }
        if target.helper != nil || target.timeout != nil {
            guard let ipProtocol = rule.ipProtocol, !ipProtocol.inverted else {
                return "needs a protocol (`-p', not inverted) for its helper or timeout"
            }
            let helpers: [String: [IPProtocol]] = [
                "ftp": [.tcp], "tftp": [.udp], "sip": [.tcp, .udp], "irc": [.tcp], "amanda": [.udp], "netbios-ns": [.udp],
                "snmp": [.udp], "pptp": [.tcp], "sane": [.tcp], "RAS": [.udp], "Q.931": [.tcp], "H.245": [.tcp],
            ]
            if let helper = target.helper, helpers[helper]?.contains(ipProtocol.number) != true {
                return "has no helper `\(helper)' for this protocol"
            }
        }
        return target.timeout.flatMap(objection(toTimeout:))
    }

    /// `nf_ct_set_timeout`
    private func objection(toTimeout name: String) -> String? {
        guard let timeouts, let ipProtocol = rule.ipProtocol else { return nil }
        guard let policy = timeouts.first(where: { $0.name == name }) else {
            let near = nearestWord(name, among: timeouts.map(\.name).sorted()).map { "; there is `\($0)'" } ?? ""
            return "names the timeout policy `\(name)', which doesn't exist\(near)"
        }
        if policy.family != family { return "names the timeout policy `\(name)' of the other protocol family" }
        if policy.ipProtocol == TimeoutPolicy.tracker(of: ipProtocol.number) { return nil }
        return "names the timeout policy `\(name)', which is for the protocol \(policy.ipProtocol.text)"
    }

    private func objection(to target: SetTarget) -> String? {
        for reference in [target.add, target.delete, target.map] {
            if let reference, let objection = set(reference) { return objection }
        }
        guard target.map != nil else { return nil }
        if let objection = only(in: .mangle) { return objection }
        return target.mapsPriority || target.mapsQueue ? only([.forward, .output, .postrouting]) : nil
    }
}

extension ECNTarget {
    var changesTCP: Bool { removesTCP || cwr != nil || ece != nil }
}
