import HawseModel
import HawseWire

extension RuleCompiler {
    /// Compiles the target into the record: its code, and where its payload or chain is.
    mutating func compile(
        _ target: Target, ipProtocol: IPProtocol?, into record: inout RuleRecord
    ) throws(DataplaneError) {
        switch target {
        case .accept: record.target = .accept
        case .drop: record.target = .drop
        case .return: record.target = .return
        case .jump(let name):
            record.target = .jump
            record.argument = try chainNumber(name)
        case .goto(let name):
            record.target = .goto
            record.argument = try chainNumber(name)
        case .mark(let t): set(&record, .mark, MarkAction(t))
        case .connmark(let t):
            require(.conntrack)
            set(&record, .connmark, ConnmarkAction(t))
        case .ct(let t):
            try only(tables: [.raw], "CT")
            if !t.noTrack { require(.conntrack) }
            set(&record, .ct, try CTAction(t, self))
        case .dnat(let t):
            try natTarget([.prerouting, .output], "DNAT")
            set(&record, .dnat, NATAction(t))
        case .snat(let t):
            try natTarget([.postrouting, .input], "SNAT")
            set(&record, .snat, NATAction(t))
        case .masquerade(let t):
            try natTarget([.postrouting], "MASQUERADE")
            set(&record, .masquerade, MasqueradeAction(t))
        case .redirect(let t):
            try natTarget([.prerouting, .output], "REDIRECT")
            set(&record, .redirect, MasqueradeAction(t))
        case .netmap(let t):
            try natTarget([.prerouting, .output, .postrouting, .input], "NETMAP")
            set(&record, .netmap, NetmapAction(t))
        case .reject(let t):
            try only(tables: [.filter], "REJECT")
            only([.input, .forward, .output], "REJECT")
            if t.kind == .tcpReset, ipProtocol != .tcp { throw refusal("REJECT --reject-with tcp-reset needs -p tcp") }
            set(&record, .reject, RejectAction(t))
        default: try compileRest(target, ipProtocol: ipProtocol, into: &record)
        }
    }

    private mutating func natTarget(_ hooks: [Hook], _ what: String) throws(DataplaneError) {
        require(.conntrack)
        try only(tables: [.nat], what)
        only(hooks, what)
    }

    private mutating func set<Action: BitwiseCopyable>(_ record: inout RuleRecord, _ code: TargetCode, _ action: Action) {
        record.target = code
        record.argument = place(action)
    }

    private mutating func compileRest(
        _ target: Target, ipProtocol: IPProtocol?, into record: inout RuleRecord
    ) throws(DataplaneError) {
        switch target {
        case .tcpmss(let t):
            guard ipProtocol == .tcp else { throw refusal("TCPMSS needs -p tcp") }
            if t == .clampToPathMTU { only([.forward, .output, .postrouting], "TCPMSS --clamp-mss-to-pmtu") }
            set(&record, .tcpmss, TCPMSSAction(t))
        case .tcpoptstrip(let t):
            try only(tables: [.mangle], "TCPOPTSTRIP")
            guard ipProtocol == .tcp else { throw refusal("TCPOPTSTRIP needs -p tcp") }
            set(&record, .tcpoptstrip, TCPOptStripAction(t))
        case .ttl(let t):
            try only(.ipv4, "TTL")
            try only(tables: [.mangle], "TTL")
            set(&record, .ttl, TTLAction(t))
        case .hl(let t):
            try only(.ipv6, "HL")
            try only(tables: [.mangle], "HL")
            set(&record, .ttl, TTLAction(t))
        case .dscp(let t):
            try only(tables: [.mangle], "DSCP")
            set(&record, .dscp, DSCPAction(t))
        case .tos(let t):
            try only(tables: [.mangle], "TOS")
            set(&record, .tos, TOSAction(t))
        case .ecn(let t):
            try only(.ipv4, "ECN")
            try only(tables: [.mangle], "ECN")
            set(&record, .ecn, ECNAction(t))
        case .hmark(let t):
            guard t.modulus > 0 else { throw refusal("HMARK needs a modulus above 0") }
            set(&record, .hmark, HMarkAction(t))
        case .classify(let t): set(&record, .classify, ClassifyAction(t))
        case .checksum:
            try only(tables: [.mangle], "CHECKSUM")
            record.target = .noEffect
        case .tee(let t): set(&record, .tee, TeeAction(t, self))
        case .tproxy(let t):
            require(.defragmentation)
            try only(tables: [.mangle], "TPROXY")
            only([.prerouting], "TPROXY")
            guard ipProtocol == .tcp || ipProtocol == .udp else { throw refusal("TPROXY needs -p tcp or udp") }
            set(&record, .tproxy, TProxyAction(t))
        case .snpt(let t):
            try only(.ipv6, "SNPT")
            try only(tables: [.mangle], "SNPT")
            only([.input, .postrouting], "SNPT")
            set(&record, .snpt, try NPTAction(t, self))
        case .dnpt(let t):
            try only(.ipv6, "DNPT")
            try only(tables: [.mangle], "DNPT")
            only([.prerouting, .output], "DNPT")
            set(&record, .dnpt, try NPTAction(t, self))
        default: try compileQuiet(target, into: &record)
        }
    }

    /// Targets that look at packets, or hand them to somebody, without changing them.
    private mutating func compileQuiet(_ target: Target, into record: inout RuleRecord) throws(DataplaneError) {
        switch target {
        case .trace:
            try only(tables: [.raw], "TRACE")
            record.target = .trace
        case .log, .nflog, .ulog, .audit, .idletimer, .led: record.target = .noEffect
        case .secmark:
            try only(tables: [.mangle, .security], "SECMARK")
            record.target = .noEffect
        case .connsecmark:
            require(.conntrack)
            try only(tables: [.mangle, .security], "CONNSECMARK")
            record.target = .noEffect
        case .rateest(let t):
            let index = surroundings.named.pointee.estimatorIndex(t.name)
            surroundings.named.pointee.configureEstimator(index, t)
            record.target = .rateest
            record.argument = index
        case .set(let t): set(&record, .set, try SetAction(t, self))
        case .nfqueue(let t): set(&record, .nfqueue, NFQueueAction(t))
        case .queue:
            set(&record, .nfqueue, NFQueueAction(NFQueueTarget(first: 0, count: 1, bypass: false, cpuFanout: false)))
        case .synproxy(let t):
            require(.conntrack)
            only([.input, .forward], "SYNPROXY")
            set(&record, .synproxy, SynproxyAction(t))
        default: throw refusal("this target is not known to the compiler")
        }
    }
}
