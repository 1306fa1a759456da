/// A rule set by chance, as iptables-restore takes it.
struct GeneratedRules {
    private let draw: Draw
    private let node: GeneratedNode
    private let sets: GeneratedSets
    private var number = 0
    /// Tables that are there.
    private var loaded: Set<String> = []
    /// Whether anything asks for connection tracking.
    private let isTracked: Bool

    static let chains: [(table: String, chains: [String])] = [
        ("raw", ["PREROUTING", "OUTPUT"]), ("mangle", ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]),
        ("nat", ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]), ("filter", ["INPUT", "FORWARD", "OUTPUT"]),
        ("security", ["INPUT", "FORWARD", "OUTPUT"]),
    ]

    init(_ draw: Draw, _ node: GeneratedNode, _ sets: GeneratedSets) {
        (self.draw, self.node, self.sets) = (draw, node, sets)
        isTracked = draw.percent(85)
    }

    /// Servers behind SYNPROXY, as its manual has it.
    private func proxyText() -> String {
        let options = ["--sack-perm", "--timestamp", "--wscale 7", "--mss \(draw.pick([1460, 536, 1300]))", "--ecn"].filter { _ in
            draw.percent(75)
        }
        return """
            *raw
            :PREROUTING ACCEPT [0:0]
            :OUTPUT ACCEPT [0:0]
            -A PREROUTING -p tcp --syn -j CT --notrack
            COMMIT
            *filter
            :INPUT ACCEPT [0:0]
            :FORWARD ACCEPT [0:0]
            :OUTPUT ACCEPT [0:0]
            -A FORWARD -p tcp -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY \(options.joined(separator: " "))
            -A FORWARD -m conntrack --ctstate INVALID -j DROP
            -A FORWARD -m conntrack --ctstate ESTABLISHED
            -A FORWARD -p tcp -m conntrack --ctstate NEW
            -A OUTPUT -p tcp -m conntrack --ctstate NEW
            -A OUTPUT -p tcp -m conntrack --ctstate ESTABLISHED
            -A OUTPUT -p tcp -m conntrack --ctstate INVALID
            COMMIT

            """
    }

    mutating func text() -> String {
        if node.hasSynproxy { return proxyText() }
        var lines: [String] = []
        for (table, chains) in Self.chains {
            guard draw.percent(["raw": 40, "mangle": 75, "nat": 60, "filter": 80, "security": 15][table] ?? 0) else { continue }
            lines += self.table(table, chains)
        }
        if lines.isEmpty { lines = table("filter", Self.chains[3].chains) }
        return lines.joined(separator: "\n") + "\n"
    }

    private mutating func table(_ table: String, _ chains: [String]) -> [String] {
        var heads = chains.map { chain in
            ":\(chain) \(table == "filter" && draw.oneIn(12) ? "DROP" : "ACCEPT") [\(draw.oneIn(4) ? "7:900" : "0:0")]"
        }
        // Each user chain is reached from some builtin chains; U1 may call U2 and U3, U2 may call U3.
        let users = Array(["U1", "U2", "U3"].prefix(draw.below(4)))
        heads += users.map { ":\($0) - [0:0]" }
        loaded.insert(table)
        let callers = Set(draw.shuffled(chains).prefix(1 + draw.below(2)))
        var rules: [String] = []
        for chain in chains {
            guard draw.percent(70) else { continue }
            let callees = callers.contains(chain) ? users : []
            rules += self.rules(table, chain, RuleContext.Hooks(chain: chain), callees)
        }
        let hooks = callers.reduce(into: RuleContext.Hooks()) { $0.formUnion(RuleContext.Hooks(chain: $1)) }
        for (index, user) in users.enumerated() {
            rules += self.rules(table, user, hooks, Array(users.dropFirst(index + 1)))
        }
        return ["*\(table)"] + heads + rules + ["COMMIT"]
    }

    /// What an iptables command may change while packets flow: its words behind the program's name.
    mutating func command() -> String {
        let (table, chains) = draw.pick(draw.oneIn(8) ? Self.chains : Self.chains.filter { loaded.contains($0.table) })
        // A command that is refused makes a table too.
        if loaded.insert(table).inserted { return "-t \(table) -N NEW" }
        let chain = draw.pick(chains)
        func rule(as verb: String) -> String {
            let words = self.rule(table, chain, RuleContext.Hooks(chain: chain), [])
            return verb + words.dropFirst("-A \(chain)".count)
        }
        let place = 1 + draw.below(3)
        let words: String
        switch draw.below(10) {
        case 0, 1: words = rule(as: "-A \(chain)")
        case 2: words = rule(as: "-I \(chain) \(place)")
        case 3: words = rule(as: "-R \(chain) \(place)")
        case 4: words = "-D \(chain) \(place)"
        case 5: words = draw.pick(["-Z", "-Z \(chain)", "-Z \(chain) \(place)"])
        case 6: words = "-P \(chain) ACCEPT\(draw.oneIn(2) ? " -c 3 400" : "")"
        case 7 where table == "filter": words = "-P \(chain) DROP"
        case 8: words = draw.pick(["-F \(chain)", "-N NEW", "-C \(chain) -j ACCEPT", "-X"])
        default: words = rule(as: "-I \(chain)")
        }
        return "-t \(table) \(words)"
    }

    private mutating func rules(_ table: String, _ chain: String, _ hooks: RuleContext.Hooks, _ callees: [String]) -> [String] {
        (0..<draw.between(table == "nat" ? 1...4 : 2...9)).map { _ in rule(table, chain, hooks, callees) }
    }

    private mutating func rule(_ table: String, _ chain: String, _ hooks: RuleContext.Hooks, _ callees: [String]) -> String {
        number += 1
        let known = [
            "tcp", "tcp", "tcp", "udp", "udp", node.isIPv6 ? "icmpv6" : "icmp", "sctp", "udplite", "dccp", "gre", "esp", "ah",
            "253", "ipcomp",
        ]
        let isPlain = ["mangle", "nat"].contains(table) && draw.oneIn(2)
        let ipProtocol = draw.percent(55) ? draw.pick(isPlain ? ["tcp", "udp"] : known + (node.isIPv6 ? ["mh"] : [])) : nil
        let isInverted = ipProtocol != nil && draw.oneIn(12)
        let context = RuleContext(
            node: node, sets: sets, table: table, hooks: hooks, ipProtocol: isInverted ? nil : ipProtocol, number: number)
        var words = ["-A \(chain)"]
        if draw.oneIn(4) { words.append("\(draw.not)-s \(node.addressOrNetwork(draw))") }
        if draw.oneIn(4) { words.append("\(draw.not)-d \(node.addressOrNetwork(draw))") }
        if context.knowsInput, draw.oneIn(6) { words.append("\(draw.not)-i \(node.device(draw))") }
        if context.knowsOutput, draw.oneIn(6) { words.append("\(draw.not)-o \(node.device(draw))") }
        if let ipProtocol { words.append("\(isInverted ? "! " : "")-p \(ipProtocol)") }
        if !node.isIPv6, draw.oneIn(20) { words.append("\(draw.not)-f") }
        var used: Set<String> = []
        if context.ipProtocol != nil, draw.percent(65), let kind = RuleWords.choose(GeneratedMatches.transport, draw, context) {
            words.append(kind.make(draw, context))
            used.insert(kind.name)
        }
        for _ in 0..<draw.pick([0, 0, 1, 1, 1, 2, 3]) {
            let kinds = isTracked ? GeneratedMatches.all : GeneratedMatches.plain + GeneratedMatches.stateful + GeneratedMatches.rare
            guard let kind = RuleWords.choose(kinds, draw, context), used.insert(kind.name).inserted else { continue }
            words.append(kind.make(draw, context))
        }
        if let target = target(context, callees, usesTCPFlags: used.contains("tcp") || used.contains("tcpmss")) {
            words.append(target)
        }
        return words.joined(separator: " ")
    }

    private func target(_ context: RuleContext, _ callees: [String], usesTCPFlags: Bool) -> String? {
        let roll = draw.below(100)
        if !callees.isEmpty, roll < 25 { return "-\(draw.pick(["j", "j", "g"])) \(draw.pick(callees))" }
        if context.table == "nat" {
            if roll < 70 { return RuleWords.choose(GeneratedTargets.translating + GeneratedTargets.rareTranslating, draw, context)?.make(draw, context) }
            return roll < 85 ? "-j MARK --or-mark 0x\(1 + draw.below(7))" : nil
        }
        let needsTracking = ["CONNMARK", "CT"]
        if roll < 60 {
            let kinds = (GeneratedTargets.continuing + GeneratedTargets.rare).filter {
                (isTracked || !needsTracking.contains($0.name)) && !(usesTCPFlags && $0.name == "TCPMSS")
            }
            return RuleWords.choose(kinds, draw, context)?.make(draw, context)
        }
        if roll < 72 { return RuleWords.choose(GeneratedTargets.ending + GeneratedTargets.rareEnding, draw, context)?.make(draw, context) }
        return nil
    }
}
