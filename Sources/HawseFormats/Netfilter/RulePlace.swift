import HawseModel
import HawseWire

/// Where a rule stands, for the kernel's checks (`xt_check_match`, `xt_check_target` and the modules' own).
struct RulePlace {
    let table: TableName
    let hooks: HookSet
    let family: AddressFamily
    let rule: Rule
    let sets: [IPSet]?
    let accounts: Set<String>?
    let timeouts: [TimeoutPolicy]?

    /// The rule matches exactly this protocol.
    func has(_ ipProtocol: IPProtocol) -> Bool { rule.ipProtocol == ProtocolMatch(ipProtocol) }

    func need(_ ipProtocol: IPProtocol) -> String? { has(ipProtocol) ? nil : "needs `-p \(ipProtocol.text)'" }

    /// An objection when a packet can come here from another hook.
    func only(_ allowed: HookSet) -> String? {
        hooks.subtracting(allowed).isEmpty ? nil : "is illegal here: only from \(allowed.names)"
    }

    func only(in tables: TableName...) -> String? {
        tables.contains(table)
            ? nil : "is illegal in this table: only in \(tables.map(\.rawValue).joined(separator: ", "))"
    }

    /// Looked up by `get_set_byname` of libxt_set when a rule is made. Too few sides are no error: such a rule never
    /// matches.
    func set(_ reference: SetReference) -> String? {
        guard let sets else { return nil }
        guard let set = sets.first(where: { $0.name == reference.name }) else {
            return "names the set `\(reference.name)', which doesn't exist"
        }
        let isIPv4Only = set.kind == .bitmapIP || set.kind == .bitmapIPMac
        guard set.kind.hasFamily || isIPv4Only, set.options.family != family else { return nil }
        return "names the set `\(set.name)' of the other protocol family, which is not applicable"
    }

    /// `nfacct_mt_checkentry`
    func account(_ name: String) -> String? {
        guard let accounts, !accounts.contains(name) else { return nil }
        let near = nearestWord(name, among: accounts.sorted()).map { "; there is `\($0)'" } ?? ""
        return "names the accounting object `\(name)', which does not exist\(near)"
    }
}

extension RulePlace {
    func objection(to match: Match) -> String? {
        switch match {
        case .tcp: need(.tcp)
        case .udp: need(.udp)
        case .udplite: need(.udplite)
        case .sctp: need(.sctp)
        case .dccp: need(.dccp)
        case .icmp: need(.icmp)
        case .icmp6: need(.icmpv6)
        case .esp: need(.esp)
        case .ah: family == .ipv4 ? need(.ah) : nil
        case .ipcomp: need(.ipcomp)
        case .mh: need(.mobility)
        case .tcpmss: need(.tcp)
        case .osf: need(.tcp) ?? only([.input, .prerouting, .forward])
        case .ecn(let match): match.cwr != nil || match.ece != nil ? need(.tcp) : nil
        case .mac, .eui64: only([.prerouting, .input, .forward])
        case .owner: only([.output, .postrouting])
        case .cgroup: only([.output, .postrouting, .input])
        case .socket: only([.prerouting, .input])
        case .realm: only([.postrouting, .forward, .output, .input])
        case .rpfilter: only(in: .raw, .mangle) ?? only(.prerouting)
        case .devgroup(let match): objection(to: match)
        case .policy(let match):
            match.isOutgoing ? hooksExclude([.prerouting, .input]) : hooksExclude([.postrouting, .output])
        case .physdev(let match): objection(to: match)
        case .addrtype(let match): objection(to: match)
        case .limit(let match): overflows(match) ? "overflows: try a lower rate or burst" : nil
        case .hashlimit(let match): overflows(match) ? "overflows: try a lower rate or burst" : nil
        case .recent(let match): match.hitCount > 65535 ? "has a hitcount above 65535" : nil
        case .string(let match): match.algorithm == .fsm ? "cannot use the algorithm fsm" : nil
        case .set(let match): set(match.set)
        case .nfacct(let match): account(match.name)
        case .bpf(let match): objection(to: match)
        default: nil
        }
    }

    private func hooksExclude(_ forbidden: HookSet) -> String? {
        hooks.isDisjoint(with: forbidden)
            ? nil : "with this direction is illegal at \(hooks.intersection(forbidden).names)"
    }

    private func objection(to match: DevgroupMatch) -> String? {
        if match.source != nil, let objection = only([.prerouting, .input, .forward]) { return objection }
        return match.destination == nil ? nil : only([.forward, .output, .postrouting])
    }

    /// `physdev_mt_check`
    private func objection(to match: PhysdevMatch) -> String? {
        let looksOut = match.outPort != nil || match.isOut != nil
        guard looksOut, match.isBridged != true, hooks.contains(.output) else { return nil }
        return "can look at outgoing ports only from FORWARD and POSTROUTING, and of bridged packets"
    }

    /// `addrtype_mt_checkentry_v1`
    private func objection(to match: AddrtypeMatch) -> String? {
        if match.limitToInInterface, !hooks.isDisjoint(with: [.postrouting, .output]) {
            return "limits to the incoming interface, which is not known at POSTROUTING and OUTPUT"
        }
        if match.limitToOutInterface, !hooks.isDisjoint(with: [.prerouting, .input]) {
            return "limits to the outgoing interface, which is not known at PREROUTING and INPUT"
        }
        guard family == .ipv6 else { return nil }
        let types = match.source.union(match.destination)
        if types.contains(.blackhole) { return "cannot match BLACKHOLE for IPv6" }
        if types.rawValue >= AddrtypeMatch.Types.prohibit.rawValue {
            return "cannot match PROHIBIT and higher types for IPv6"
        }
        return types.contains(.broadcast) ? "cannot match BROADCAST for IPv6" : nil
    }

    /// The kernel's 32-bit credits wrap (`limit_mt_check`, HZ × CREDITS_PER_JIFFY = 32,000).
    private func overflows(_ match: LimitMatch) -> Bool {
        func credits(_ user: UInt32) -> UInt32 {
            user > UInt32.max / 32000 ? (user / 10_000) &* 32000 : user * 32000 / 10_000
        }
        return match.burst == 0 || credits(match.average &* match.burst) < credits(match.average)
    }

    /// The same with 64 bits (`hashlimit_mt_check_common`).
    private func overflows(_ match: HashlimitMatch) -> Bool {
        guard !match.mode.contains(.rateMatch), !match.mode.contains(.bytes) else { return false }
        // HZ × CREDITS_PER_JIFFY over the scale of a million.
        func credits(_ user: UInt64) -> UInt64 { user &* ((1000 << 37) / 1_000_000) }
        return match.burst == 0 || credits(match.average &* match.burst) < credits(match.average)
    }

    /// What `bpf_check_classic` asks at least: jumps stay inside and the last instruction returns.
    private func objection(to match: BPFMatch) -> String? {
        guard case .bytecode(let program) = match.program else { return nil }
        for (i, instruction) in program.enumerated() where instruction.code & 7 == 5 {
            let isAlways = instruction.code & 0xf0 == 0
            let reach =
                isAlways
                ? UInt64(instruction.operand) : UInt64(max(instruction.jumpTrue, instruction.jumpFalse))
            guard UInt64(i) + reach + 1 < UInt64(program.count) else { return "jumps out of its program" }
        }
        return program.last.map { $0.code & 7 == 6 } == true
            ? nil : "has a program that does not end with a return"
    }
}
