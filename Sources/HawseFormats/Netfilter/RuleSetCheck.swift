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
    let index: [String: Int]
    /// By chain and rule: the hooks from which a packet can come there, as `comefrom` of `mark_source_chains`.
    var hooks: [[HookSet]]

    init(_ table: Table, family: AddressFamily, sets: [IPSet]?) {
        self.table = table
        self.family = family
        self.sets = sets
        index = Dictionary(
            table.chains.enumerated().map { ($0.element.name, $0.offset) },
            uniquingKeysWith: { first, _ in first })
        hooks = table.chains.map { Array(repeating: [], count: $0.rules.count) }
    }

    func findings() -> [FormatError] {
        var copy = self
        var found = copy.markSourceChains()
        for (c, chain) in table.chains.enumerated() {
            for (r, rule) in chain.rules.enumerated() {
                let place = RulePlace(
                    table: table.name, hooks: copy.hooks[c][r], family: family, rule: rule, sets: sets)
                found += copy.jumpObjections(rule)
                    .map { copy.finding(c, r, $0.message, suggestion: $0.suggestion) }
                for match in rule.matches {
                    if let objection = place.objection(to: match) {
                        found.append(copy.finding(c, r, "match `\(match.name)' \(objection)"))
                    }
                }
                if let target = rule.target, let objection = place.objection(to: target) {
                    found.append(copy.finding(c, r, "target `\(target.name)' \(objection)"))
                }
            }
        }
        return found.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    }

    private func finding(_ c: Int, _ r: Int, _ message: String, suggestion: String? = nil) -> FormatError {
        let chain = table.chains[c]
        let place = "\(table.name.rawValue) \(chain.name) rule \(r + 1)"
        let location = chain.rules[r].location ?? SourceLocation(file: place, line: 0)
        return FormatError(location, "\(place): \(message)", suggestion: suggestion)
    }

    private func jumpObjections(_ rule: Rule) -> [(message: String, suggestion: String?)] {
        let name: String
        switch rule.target {
        case .jump(let chain), .goto(let chain): name = chain
        default: return []
        }
        guard let i = index[name] else {
            let known = table.chains.map(\.name) + targetNames(family: family)
            return [("no chain or target named `\(name)'", nearestWord(name, among: known))]
        }
        guard table.chains[i].policy == nil else {
            return [("\(name) is a builtin chain and cannot be jumped to", nil)]
        }
        return []
    }

    /// Walks from every builtin chain. A rule after an unconditional verdict is not reached.
    private mutating func markSourceChains() -> [FormatError] {
        var found: [FormatError] = []
        var reported: Set<[Int]> = []
        for hook in table.name.hooks {
            guard let start = index[hook.name] else { continue }
            let bit = HookSet(hook)
            var visited = Array(repeating: false, count: table.chains.count)
            var isOpen = visited
            var stack: [(chain: Int, rule: Int)] = [(start, 0)]
            visited[start] = true
            isOpen[start] = true
            while let (c, r) = stack.last {
                guard r < table.chains[c].rules.count else {
                    isOpen[c] = false
                    stack.removeLast()
                    continue
                }
                let rule = table.chains[c].rules[r]
                hooks[c][r].insert(bit)
                stack[stack.count - 1].rule = rule.endsItsChain ? table.chains[c].rules.count : r + 1
                guard let next = rule.jumpTarget.flatMap({ index[$0] }) else { continue }
                if isOpen[next] {
                    if reported.insert([c, r]).inserted {
                        found.append(finding(c, r, "loop: \(table.chains[next].name) leads back to itself"))
                    }
                } else if !visited[next] {
                    visited[next] = true
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
