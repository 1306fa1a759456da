import HawseModel
import HawseWire

/// The iptables rules beside IPVS: they ask ipsets, so their number does not grow with the Services.
struct IPVSRuleWriter {
    private typealias Words = IPTablesVocabulary

    let settings: ProxySettings
    /// Sets that have a member; rules for empty ones are left out.
    let filled: Set<IPVSSetName>
    let outFilter: [Rule]

    /// A set asked in a chain: (set, chain, target, sides, protocol), in the order of writing.
    private struct Question {
        var set: IPVSSetName
        var chain: String
        var target: Target
        var sides: [SetReference.Side]
        var ipProtocol: IPProtocol?
    }

    private func questions(filter: Bool) -> [Question] {
        let both: [SetReference.Side] = [.destination, .destination]
        let three: [SetReference.Side] = [.destination, .destination, .source]
        let one: [SetReference.Side] = [.destination]
        let mark = Target.jump("KUBE-MARK-MASQ")
        if filter {
            let ranges = "KUBE-SOURCE-RANGES-FIREWALL"
            return [
                Question(set: .loadBalancerFirewall, chain: "KUBE-PROXY-FIREWALL", target: .jump(ranges), sides: both),
                Question(set: .loadBalancerSourceRange, chain: ranges, target: .return, sides: three),
                Question(set: .loadBalancerSourceIP, chain: ranges, target: .return, sides: three),
            ]
        }
        let nodePort = "KUBE-NODE-PORT"
        return [
            Question(
                set: .loopBack, chain: "KUBE-POSTROUTING", target: .masquerade(MasqueradeTarget()), sides: three),
            Question(set: .loadBalancer, chain: "KUBE-SERVICES", target: .jump("KUBE-LOAD-BALANCER"), sides: both),
            Question(set: .loadBalancerLocal, chain: "KUBE-LOAD-BALANCER", target: .return, sides: both),
            Question(set: .nodePortLocalTCP, chain: nodePort, target: .return, sides: one, ipProtocol: .tcp),
            Question(set: .nodePortTCP, chain: nodePort, target: mark, sides: one, ipProtocol: .tcp),
            Question(set: .nodePortLocalUDP, chain: nodePort, target: .return, sides: one, ipProtocol: .udp),
            Question(set: .nodePortUDP, chain: nodePort, target: mark, sides: one, ipProtocol: .udp),
            Question(set: .nodePortLocalSCTP, chain: nodePort, target: .return, sides: both, ipProtocol: .sctp),
            Question(set: .nodePortSCTP, chain: nodePort, target: mark, sides: both, ipProtocol: .sctp),
        ]
    }

    private func match(_ set: IPVSSetName, _ sides: [SetReference.Side]) -> Match {
        .set(SetMatch(set: SetReference(name: set.name(settings.family), sides: sides)))
    }

    private func ask(_ questions: [Question], _ rules: inout [String: [Rule]]) {
        for question in questions where filled.contains(question.set) {
            rules[question.chain, default: []].append(
                Rule(
                    ipProtocol: question.ipProtocol.map { ProtocolMatch($0) },
                    matches: [.comment(question.set.comment), match(question.set, question.sides)],
                    target: question.target))
        }
    }

    private let both: [SetReference.Side] = [.destination, .destination]

    func ruleSet() -> RuleSet {
        RuleSet(
            family: settings.family,
            tables: [Table(name: .filter, chains: filter()).sorted(), Table(name: .nat, chains: nat()).sorted()])
    }

    private func jump(_ target: String, _ comment: String) -> Rule {
        Rule(matches: [.comment(comment)], target: .jump(target))
    }

    // MARK: nat

    private func nat() -> [Chain] {
        var rules: [String: [Rule]] = [:]
        rules["KUBE-SERVICES"] = [
            Rule(source: AddressMatch(Words.loopback(settings.family)), target: .return)
        ]
        ask(questions(filter: false), &rules)
        rules["KUBE-SERVICES", default: []] += serviceRules()
        rules["KUBE-LOAD-BALANCER", default: []].append(Rule(target: .jump("KUBE-MARK-MASQ")))
        rules["KUBE-POSTROUTING", default: []] += IPTablesBaseChains.postrouting(settings)
        rules["KUBE-MARK-MASQ"] = [IPTablesBaseChains.markRule(settings)]
        let services = jump("KUBE-SERVICES", "kubernetes service portals")
        let own = ["KUBE-SERVICES", "KUBE-POSTROUTING", "KUBE-NODE-PORT", "KUBE-LOAD-BALANCER", "KUBE-MARK-MASQ"]
        return [
            Chain(name: "PREROUTING", policy: .accept, rules: [services]),
            Chain(name: "INPUT", policy: .accept),
            Chain(name: "OUTPUT", policy: .accept, rules: [services]),
            Chain(
                name: "POSTROUTING", policy: .accept,
                rules: [jump("KUBE-POSTROUTING", "kubernetes postrouting rules")]),
        ] + own.map { Chain(name: $0, rules: rules[$0] ?? []) }
    }

    private func serviceRules() -> [Rule] {
        var rules: [Rule] = []
        if filled.contains(.clusterIP) { rules.append(clusterIPRule()) }
        if filled.contains(.externalIP) {
            rules.append(
                Rule(
                    matches: [.comment(IPVSSetName.externalIP.comment), match(.externalIP, both)],
                    target: .jump("KUBE-MARK-MASQ")))
            rules += externalRules(.externalIP)
        }
        if filled.contains(.externalIPLocal) { rules += externalRules(.externalIPLocal) }
        rules.append(Rule(matches: [Words.destinationLocal], target: .jump("KUBE-NODE-PORT")))
        // Traffic for virtual servers must get through whatever other rules follow.
        for set in [IPVSSetName.clusterIP, .loadBalancer] where filled.contains(set) {
            rules.append(Rule(matches: [match(set, both)], target: .accept))
        }
        return rules
    }

    private func clusterIPRule() -> Rule {
        var rule = Rule(target: .jump("KUBE-MARK-MASQ"))
        var sides = both
        if !settings.masqueradesAll {
            if settings.detector.isImplemented {
                settings.detector.restrict(&rule, toLocal: false)
            } else {
                // The node asks a VIP of kube-ipvs0 from that VIP.
                sides = [.source, .destination]
            }
        }
        rule.matches = [.comment(IPVSSetName.clusterIP.comment), match(.clusterIP, sides)]
        return rule
    }

    private func externalRules(_ set: IPVSSetName) -> [Rule] {
        let asks: [Match] = [.comment(set.comment), match(set, both)]
        let notLocal = AddrtypeMatch(source: .local, sourceInverted: true)
        return [
            Rule(matches: asks + [.physdev(PhysdevMatch(isIn: false)), .addrtype(notLocal)], target: .accept),
            Rule(matches: asks + [Words.destinationLocal], target: .accept),
        ]
    }

    // MARK: filter

    private func filter() -> [Chain] {
        let rules = filterRules()
        let access = "kubernetes ipvs access filter"
        let firewall = jump("KUBE-PROXY-FIREWALL", "kube-proxy firewall rules")
        let own = [
            "KUBE-FORWARD", "KUBE-NODE-PORT", "KUBE-PROXY-FIREWALL", "KUBE-SOURCE-RANGES-FIREWALL",
            "KUBE-IPVS-FILTER", "KUBE-IPVS-OUT-FILTER",
        ]
        return [
            Chain(
                name: "INPUT", policy: .accept,
                rules: [
                    jump("KUBE-IPVS-FILTER", access), firewall,
                    jump("KUBE-NODE-PORT", "kubernetes health check rules"),
                ]),
            Chain(
                name: "FORWARD", policy: .accept,
                rules: [firewall, jump("KUBE-FORWARD", "kubernetes forwarding rules")]),
            Chain(name: "OUTPUT", policy: .accept, rules: [jump("KUBE-IPVS-OUT-FILTER", access)]),
        ] + own.map { Chain(name: $0, rules: rules[$0] ?? []) }
    }

    private func filterRules() -> [String: [Rule]] {
        // iptables-restore takes a table whole or not at all.
        if !outFilter.isEmpty && !settings.kernel.hasIPVSMatch { return [:] }
        var rules: [String: [Rule]] = [:]
        ask(questions(filter: true), &rules)
        rules["KUBE-SOURCE-RANGES-FIREWALL", default: []].append(Rule(target: .drop))
        rules["KUBE-IPVS-OUT-FILTER"] = outFilter
        rules["KUBE-FORWARD"] = IPTablesBaseChains.forwardingAccepts(settings)
        let one: [SetReference.Side] = [.destination]
        let health = IPVSSetName.healthCheckNodePort
        rules["KUBE-NODE-PORT"] = [
            Rule(matches: [.comment(health.comment), match(health, one)], target: .accept)
        ]
        // A VIP is an address of the node: nothing but its virtual servers may be reached there.
        rules["KUBE-IPVS-FILTER"] = [.loadBalancer, .clusterIP, .externalIP, .externalIPLocal].map {
            Rule(matches: [match($0, both)], target: .return)
        } + [
            Rule(matches: [match(health, one)], target: .return),
            Rule(matches: [Words.newConnections, match(.ipvsIPs, one)], target: Words.reject(settings.family)),
        ]
        return rules
    }
}
