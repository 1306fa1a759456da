import HawseModel
import HawseWire

/// The chains that are there whatever Services exist, and the jumps into them.
struct IPTablesBaseChains {
    private typealias Words = IPTablesVocabulary

    let settings: ProxySettings

    /// `-A chain [-m conntrack --ctstate NEW] [-m comment --comment "…"] -j target`
    private func jump(_ target: String, _ comment: String? = nil, onlyNew: Bool = false) -> Rule {
        var matches: [Match] = onlyNew ? [Words.newConnections] : []
        if let comment { matches.append(.comment(comment)) }
        return Rule(matches: matches, target: .jump(target))
    }

    func filter() -> [Chain] {
        let firewall = jump("KUBE-PROXY-FIREWALL", "kubernetes load balancer firewall", onlyNew: true)
        let services = jump("KUBE-SERVICES", "kubernetes service portals", onlyNew: true)
        let external = jump(
            "KUBE-EXTERNAL-SERVICES", "kubernetes externally-visible service portals", onlyNew: true)
        return [
            Chain(
                name: "INPUT", policy: .accept,
                rules: [
                    jump("KUBE-FIREWALL"), firewall,
                    jump("KUBE-NODEPORTS", "kubernetes health check service ports"), external,
                ]),
            Chain(
                name: "FORWARD", policy: .accept,
                rules: [
                    firewall, jump("KUBE-FORWARD", "kubernetes forwarding rules"), services, external,
                ]),
            Chain(name: "OUTPUT", policy: .accept, rules: [jump("KUBE-FIREWALL"), firewall, services]),
            Chain(name: "KUBE-FIREWALL", rules: localnetProtection()),
            Chain(name: "KUBE-FORWARD", rules: forwarding()),
            Chain(name: "KUBE-PROXY-CANARY"),
        ]
    }

    /// With route_localnet on, the neighbours must not reach 127.0.0.0/8 (CVE-2020-8558).
    private func localnetProtection() -> [Rule] {
        guard settings.hasLocalhostNodePorts else { return [] }
        let loopback = Words.loopback(.ipv4)
        let known = ConntrackMatch(states: [.related, .established, .dnat], inverted: true)
        return [
            Rule(
                source: AddressMatch(loopback, inverted: true), destination: AddressMatch(loopback),
                matches: [.comment("block incoming localnet connections"), .conntrack(known)], target: .drop)
        ]
    }

    private func forwarding() -> [Rule] {
        var rules: [Rule] = []
        if !settings.isConntrackLiberal {
            // Packets conntrack could not place would leave with an untranslated address.
            var matches: [Match] = [.conntrack(ConntrackMatch(states: .invalid))]
            if settings.kernel.hasNFAcct { matches.append(.nfacct(NFAcctMatch("ct_state_invalid_dropped_pkts"))) }
            rules.append(Rule(matches: matches, target: .drop))
        }
        return rules + Self.forwardingAccepts(settings)
    }

    static func forwardingAccepts(_ settings: ProxySettings) -> [Rule] {
        let mark = MaskedValue(value: settings.mark, mask: settings.mark)
        return [
            Rule(
                matches: [.comment("kubernetes forwarding rules"), .mark(MarkMatch(mark))], target: .accept),
            Rule(
                matches: [.comment("kubernetes forwarding conntrack rule"), Words.relatedEstablished],
                target: .accept),
        ]
    }

    func nat() -> [Chain] {
        let services = jump("KUBE-SERVICES", "kubernetes service portals")
        return [
            Chain(name: "PREROUTING", policy: .accept, rules: [services]),
            Chain(name: "INPUT", policy: .accept),
            Chain(name: "OUTPUT", policy: .accept, rules: [services]),
            Chain(
                name: "POSTROUTING", policy: .accept,
                rules: [jump("KUBE-POSTROUTING", "kubernetes postrouting rules")]),
            Chain(name: "KUBE-MARK-MASQ", rules: [Self.markRule(settings)]),
            Chain(name: "KUBE-POSTROUTING", rules: Self.postrouting(settings)),
            Chain(name: "KUBE-PROXY-CANARY"),
        ]
    }

    static func markRule(_ settings: ProxySettings) -> Rule { Rule(target: .mark(.or(settings.mark))) }

    /// Masquerades what carries the mark, and takes the mark off so that a second pass does not do it again.
    static func postrouting(_ settings: ProxySettings) -> [Rule] {
        let unmarked = MaskedValue(value: settings.mark, mask: settings.mark, inverted: true)
        return [
            Rule(matches: [.mark(MarkMatch(unmarked))], target: .return),
            Rule(target: .mark(.xor(settings.mark))),
            Rule(
                matches: [.comment("kubernetes service traffic requiring SNAT")],
                target: .masquerade(MasqueradeTarget(randomFully: settings.kernel.hasRandomFully))),
        ]
    }

    func mangle() -> [Chain] {
        Table.builtin(.mangle).chains + [Chain(name: "KUBE-PROXY-CANARY")]
    }

    /// The last rules of nat KUBE-SERVICES: on to the node ports.
    func nodePortJumps() -> [Rule] {
        let comment = Match.comment(
            "kubernetes service nodeports; NOTE: this must be the last rule in this chain")
        guard !settings.nodePortAddresses.matchesAll else {
            var rule = Rule(matches: [comment, Words.destinationLocal], target: .jump("KUBE-NODEPORTS"))
            // Node ports never worked on ::1, and on 127.0.0.0/8 only with route_localnet.
            if !settings.hasLocalhostNodePorts {
                rule.destination = AddressMatch(Words.loopback(settings.family), inverted: true)
            }
            return [rule]
        }
        return settings.nodePortAddresses.addresses(on: settings.node)
            .filter { !$0.isLoopback || settings.hasLocalhostNodePorts }
            .map { Rule(destination: Words.host($0), matches: [comment], target: .jump("KUBE-NODEPORTS")) }
    }
}
