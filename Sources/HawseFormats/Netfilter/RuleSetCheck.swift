import HawseModel
import HawseWire

/// What the kernel would refuse of a rule set when it is loaded: jumps to missing chains, loops, matches and targets
/// in the wrong table, at the wrong hook or without the protocol they need.
public enum RuleSetCheck {
    /// Every objection, in the order of the rules. With `sets`, `accounts` and `timeouts`, names of sets, of accounting objects
    /// and of timeout policies are looked up too.
    public static func check(
        _ rules: RuleSet, sets: [IPSet]? = nil, accounts: Set<String>? = nil, timeouts: [TimeoutPolicy]? = nil
    ) -> [FormatError] {
        rules.tables.flatMap {
            TableCheck($0, family: rules.family, sets: sets, accounts: accounts, timeouts: timeouts).findings()
        }
    }
}

private struct TableCheck {
    let table: Table
    let family: AddressFamily
    let sets: [IPSet]?
    let accounts: Set<String>?
    let timeouts: [TimeoutPolicy]?
    let names: ChainNames
    /// By chain: the hooks from which a packet can come there, as `comefrom` of `mark_source_chains`.
    var hooks: [HookSet]
    /// By chain: how many of its rules are reached; those behind an unconditional verdict are not.
    let reached: [Int]
    /// Rules that jump to a chain that is there, chain after chain: those of chain c are `offsets[c]..<offsets[c + 1]`.
    private var jumps: [(rule: Int32, chain: Int32)] = []
    private var offsets: [Int] = [0]

    init(_ table: Table, family: AddressFamily, sets: [IPSet]?, accounts: Set<String>?, timeouts: [TimeoutPolicy]?) {
        self.table = table
        self.family = family
        self.sets = sets
        self.accounts = accounts
        self.timeouts = timeouts
        names = ChainNames(table.chains)
        hooks = Array(repeating: [], count: table.chains.count)
        reached = table.chains.map { chain in
            chain.rules.firstIndex(where: \.endsItsChain).map { $0 + 1 } ?? chain.rules.count
        }
    }

    func findings() -> [FormatError] {
        var copy = self
        let missing = copy.findJumps()
        var found = copy.markSourceChains() + missing
        for c in table.chains.indices {
            for r in table.chains[c].rules.indices { copy.check(c, r, &found) }
        }
        return found.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    }

    private mutating func findJumps() -> [FormatError] {
        var found: [FormatError] = []
        for c in table.chains.indices {
            for r in table.chains[c].rules.indices {
                guard let name = table.chains[c].rules[r].jumpTarget else { continue }
                guard let number = names[name] else {
                    let known = table.chains.map(\.name) + targetNames(family: family)
                    found.append(
                        finding(
                            c, r, "no chain or target named `\(name)'", suggestion: nearestWord(name, among: known)))
                    continue
                }
                if table.chains[number].policy != nil {
                    found.append(finding(c, r, "\(name) is a builtin chain and cannot be jumped to"))
                }
                jumps.append((Int32(r), Int32(number)))
            }
            offsets.append(jumps.count)
        }
        return found
    }

    private func check(_ c: Int, _ r: Int, _ found: inout [FormatError]) {
        let rule = table.chains[c].rules[r]
        let place = RulePlace(
            table: table.name, hooks: r < reached[c] ? hooks[c] : [], family: family, rule: rule, sets: sets,
            accounts: accounts, timeouts: timeouts)
        for match in rule.matches {
            if let objection = place.objection(to: match) {
                found.append(finding(c, r, "match `\(match.name)' \(objection)"))
            }
        }
        if let target = rule.target, let objection = place.objection(to: target) {
            found.append(finding(c, r, "target `\(target.name)' \(objection)"))
        }
    }

    private func finding(_ c: Int, _ r: Int, _ message: String, suggestion: String? = nil) -> FormatError {
        let chain = table.chains[c]
        let place = "\(table.name.rawValue) \(chain.name) rule \(r + 1)"
        let location = chain.rules[r].location ?? SourceLocation(file: place, line: 0)
        return FormatError(location, "\(place): \(message)", suggestion: suggestion)
    }

    /// Walks from every builtin chain.
    private mutating func markSourceChains() -> [FormatError] {
        var found: [FormatError] = []
        var reported: Set<[Int]> = []
        for hook in table.name.hooks {
            guard let start = names[hook.name] else { continue }
            let bit = HookSet(hook)
            var isOpen = Array(repeating: false, count: table.chains.count)
            var stack: [(chain: Int, jump: Int)] = [(start, offsets[start])]
            hooks[start].insert(bit)
            isOpen[start] = true
            while let (c, j) = stack.last {
                guard j < offsets[c + 1], Int(jumps[j].rule) < reached[c] else {
                    isOpen[c] = false
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].jump = j + 1
                let next = Int(jumps[j].chain)
                let rule = Int(jumps[j].rule)
                if isOpen[next] {
                    if reported.insert([c, rule]).inserted {
                        found.append(finding(c, rule, "loop: \(table.chains[next].name) leads back to itself"))
                    }
                } else if !hooks[next].contains(bit) {
                    hooks[next].insert(bit)
                    isOpen[next] = true
                    stack.append((next, offsets[next]))
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
        matches.isEmpty && source == nil && destination == nil && inInterface == nil && outInterface == nil
            && ipProtocol == nil && fragment == nil
    }

    var endsItsChain: Bool {
        guard isUnconditional else { return false }
        switch target {
        case .accept, .drop, .return, .queue: return true
        default: return false
        }
    }
}
