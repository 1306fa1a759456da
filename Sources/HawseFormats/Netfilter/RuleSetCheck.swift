import HawseModel
import HawseWire

/// What the kernel would refuse of a rule set when it is loaded: jumps to missing chains, loops, matches and targets
/// in the wrong table, at the wrong hook or without the protocol they need.
public enum RuleSetCheck {
    /// Every objection, in the order of the rules. With `sets`, names of sets are looked up too.
    public static func check(_ rules: RuleSet, sets: [IPSet]? = nil) -> [FormatError] {
        rules.tables.flatMap { TableCheck($0, family: rules.family, sets: sets).findings() }
    }
}

private struct TableCheck {
    let table: Table
    let family: AddressFamily
    let sets: [IPSet]?
    let names: ChainNames
    /// By chain: the hooks from which a packet can come there, as `comefrom` of `mark_source_chains`.
    var hooks: [HookSet]
    /// By chain: how many of its rules are reached; those behind an unconditional verdict are not.
    let reached: [Int]
    /// By chain: its number in the table for every rule that jumps, and the rule's place.
    let jumps: [[(rule: Int, chain: Int)]]

    init(_ table: Table, family: AddressFamily, sets: [IPSet]?) {
        self.table = table
        self.family = family
        self.sets = sets
        let names = ChainNames(table.chains)
        self.names = names
        hooks = Array(repeating: [], count: table.chains.count)
        reached = table.chains.map { chain in
            chain.rules.firstIndex(where: \.endsItsChain).map { $0 + 1 } ?? chain.rules.count
        }
        jumps = table.chains.map { chain in
            var jumps: [(rule: Int, chain: Int)] = []
            for r in chain.rules.indices {
                if let name = chain.rules[r].jumpTarget, let number = names[name] { jumps.append((r, number)) }
            }
            return jumps
        }
    }

    func findings() -> [FormatError] {
        var copy = self
        var found = copy.markSourceChains()
        for c in table.chains.indices {
            for r in table.chains[c].rules.indices { copy.check(c, r, &found) }
        }
        return found.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    }

    private func check(_ c: Int, _ r: Int, _ found: inout [FormatError]) {
        let rule = table.chains[c].rules[r]
        let target = rule.target
        found += jumpObjections(target).map { finding(c, r, $0.message, suggestion: $0.suggestion) }
        let place = RulePlace(
            table: table.name, hooks: r < reached[c] ? hooks[c] : [], family: family, rule: rule, sets: sets)
        for match in rule.matches {
            if let objection = place.objection(to: match) {
                found.append(finding(c, r, "match `\(match.name)' \(objection)"))
            }
        }
        if let target, let objection = place.objection(to: target) {
            found.append(finding(c, r, "target `\(target.name)' \(objection)"))
        }
    }

    private func finding(_ c: Int, _ r: Int, _ message: String, suggestion: String? = nil) -> FormatError {
        let chain = table.chains[c]
        let place = "\(table.name.rawValue) \(chain.name) rule \(r + 1)"
        let location = chain.rules[r].location ?? SourceLocation(file: place, line: 0)
        return FormatError(location, "\(place): \(message)", suggestion: suggestion)
    }

    private func jumpObjections(_ target: Target?) -> [(message: String, suggestion: String?)] {
        let name: String
        switch target {
        case .jump(let chain), .goto(let chain): name = chain
        default: return []
        }
        guard let i = names[name] else {
            let known = table.chains.map(\.name) + targetNames(family: family)
            return [("no chain or target named `\(name)'", nearestWord(name, among: known))]
        }
        guard table.chains[i].policy == nil else {
            return [("\(name) is a builtin chain and cannot be jumped to", nil)]
        }
        return []
    }

    /// Walks from every builtin chain.
    private mutating func markSourceChains() -> [FormatError] {
        var found: [FormatError] = []
        var reported: Set<[Int]> = []
        for hook in table.name.hooks {
            guard let start = names[hook.name] else { continue }
            let bit = HookSet(hook)
            var isOpen = Array(repeating: false, count: table.chains.count)
            var stack: [(chain: Int, jump: Int)] = [(start, 0)]
            hooks[start].insert(bit)
            isOpen[start] = true
            while let (c, j) = stack.last {
                guard j < jumps[c].count, jumps[c][j].rule < reached[c] else {
                    isOpen[c] = false
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].jump = j + 1
                let next = jumps[c][j].chain
                if isOpen[next] {
                    if reported.insert([c, jumps[c][j].rule]).inserted {
                        found.append(
                            finding(c, jumps[c][j].rule, "loop: \(table.chains[next].name) leads back to itself"))
                    }
                } else if !hooks[next].contains(bit) {
                    hooks[next].insert(bit)
                    isOpen[next] = true
                    stack.append((next, 0))
                }
            }
        }
        return found
    }
}

/// A set of hooks, bit n standing for `NF_INET_*` n.
struct HookSet: OptionSet, Hashable {
    var rawValue: UInt8

    init(rawValue: UInt8) { self.rawValue = rawValue }
    init(_ hook: Hook) { rawValue = 1 << hook.rawValue }

    static let prerouting = HookSet(.prerouting)
    static let input = HookSet(.input)
    static let forward = HookSet(.forward)
    static let output = HookSet(.output)
    static let postrouting = HookSet(.postrouting)

    var names: String {
        Hook.allCases.filter { contains(HookSet($0)) }.map(\.name).joined(separator: ", ")
    }
}

extension Rule {
    var jumpTarget: String? {
        switch target {
        case .jump(let chain), .goto(let chain): chain
        default: nil
        }
    }

    /// Nothing is asked of the packet (`unconditional`).
    var isUnconditional: Bool {
        source == nil && destination == nil && inInterface == nil && outInterface == nil && ipProtocol == nil
            && fragment == nil && matches.isEmpty
    }

    var endsItsChain: Bool {
        switch target {
        case .accept, .drop, .return, .queue: isUnconditional
        default: false
        }
    }
}
