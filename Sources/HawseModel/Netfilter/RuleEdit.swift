/// One change to a table, as an iptables command makes it. Positions are 1-based.
public enum RuleEdit: Hashable, Sendable {
    /// `-A`; several rules when addresses were listed with commas.
    case append(chain: String, rules: [Rule])
    /// `-I`: each of `rules` in turn at this position, so that the last ends up first.
    case insert(chain: String, position: Int, rules: [Rule])
    /// `-R`
    case replace(chain: String, position: Int, rule: Rule)
    /// `-D CHAIN N`
    case delete(chain: String, position: Int)
    /// `-D CHAIN rule…`: the first rule that is equal, counters aside.
    case deleteEqual(chain: String, rules: [Rule])
    /// `-C`: fails when a rule is not there.
    case check(chain: String, rules: [Rule])
    /// `-N`
    case newChain(String)
    /// `-X`; `nil`: every user chain.
    case deleteChain(String?)
    /// `-E`
    case renameChain(String, to: String)
    /// `-F`; `nil`: every chain.
    case flush(String?)
    /// `-Z`
    case zero(chain: String?, position: Int?)
    /// `-P`
    case policy(chain: String, policy: Chain.Policy, counters: Counters?)
}

/// Why an edit cannot be applied, in iptables' words.
public enum RuleEditError: Error, Hashable, Sendable, CustomStringConvertible {
    case noSuchChain(String)
    case chainExists(String)
    case chainNotEmpty(String)
    /// Rules still jump to it.
    case chainInUse(String)
    case builtinChain(String)
    /// A policy was asked for a user chain.
    case notBuiltin(String)
    case positionTooBig(chain: String, position: Int)
    case noSuchRule(chain: String)

    public var description: String {
        switch self {
        case .noSuchChain(let name): "No chain/target/match by that name: \(name)"
        case .chainExists(let name): "Chain already exists: \(name)"
        case .chainNotEmpty(let name): "Directory not empty: chain \(name) still has rules"
        case .chainInUse(let name): "Too many links: rules still refer to chain \(name)"
        case .builtinChain(let name): "Invalid argument: \(name) is a builtin chain"
        case .notBuiltin(let name): "Bad built-in chain name: \(name)"
        case .positionTooBig(let chain, let position):
            "Index of deletion or insertion too big: \(chain) \(position)"
        case .noSuchRule(let chain): "Bad rule (does a matching rule exist in chain \(chain)?)"
        }
    }
}

extension Table {
    /// Applies one edit; on an error the table is unchanged.
    public mutating func apply(_ edit: RuleEdit) throws(RuleEditError) {
        var copy = self
        try copy.carryOut(edit)
        self = copy
    }

    /// Builtin chains in hook order, then user chains by name, as libiptc keeps them.
    public mutating func insertSorted(_ chain: Chain) {
        let index = chains.firstIndex { $0.policy == nil && utf8Less(chain.name, $0.name) }
        chains.insert(chain, at: index ?? chains.count)
    }

    private func require(_ chain: String) throws(RuleEditError) -> Int {
        guard let index = index(of: chain) else { throw .noSuchChain(chain) }
        return index
    }

    private mutating func carryOut(_ edit: RuleEdit) throws(RuleEditError) {
        switch edit {
        case .append(let chain, let rules):
            chains[try require(chain)].rules += rules
        case .insert(let chain, let position, let rules):
            let index = try require(chain)
            guard position >= 1, position <= chains[index].rules.count + 1 else {
                throw .positionTooBig(chain: chain, position: position)
            }
            for rule in rules { chains[index].rules.insert(rule, at: position - 1) }
        case .replace(let chain, let position, let rule):
            chains[try require(chain)].rules[try ruleIndex(chain, position)] = rule
        case .delete(let chain, let position):
            chains[try require(chain)].rules.remove(at: try ruleIndex(chain, position))
        case .deleteEqual(let chain, let rules):
            let index = try require(chain)
            for rule in rules { chains[index].rules.remove(at: try find(rule, in: index)) }
        case .check(let chain, let rules):
            let index = try require(chain)
            for rule in rules { _ = try find(rule, in: index) }
        case .flush(let chain):
            for index in try selected(chain) { chains[index].rules = [] }
        case .zero(let chain, let position):
            try zero(chain, position)
        case .policy(let chain, let policy, let counters):
            let index = try require(chain)
            guard chains[index].policy != nil else { throw .notBuiltin(chain) }
            chains[index].policy = policy
            if let counters { chains[index].counters = counters }
        case .newChain, .deleteChain, .renameChain:
            try editChains(edit)
        }
    }

    private mutating func editChains(_ edit: RuleEdit) throws(RuleEditError) {
        switch edit {
        case .newChain(let chain):
            guard index(of: chain) == nil else { throw .chainExists(chain) }
            insertSorted(Chain(name: chain))
        case .deleteChain(let chain):
            for name in chain.map({ [$0] }) ?? chains.filter({ $0.policy == nil }).map(\.name) {
                let index = try require(name)
                guard chains[index].policy == nil else { throw .builtinChain(name) }
                guard chains[index].rules.isEmpty else { throw .chainNotEmpty(name) }
                guard !isReferenced(name) else { throw .chainInUse(name) }
                chains.remove(at: index)
            }
        case .renameChain(let old, let new):
            let index = try require(old)
            guard chains[index].policy == nil else { throw .builtinChain(old) }
            guard self.index(of: new) == nil else { throw .chainExists(new) }
            var moved = chains.remove(at: index)
            moved.name = new
            insertSorted(moved)
            renameJumps(from: old, to: new)
        default: break
        }
    }

    private func selected(_ chain: String?) throws(RuleEditError) -> [Int] {
        guard let chain else { return Array(chains.indices) }
        return [try require(chain)]
    }

    private func ruleIndex(_ chain: String, _ position: Int) throws(RuleEditError) -> Int {
        guard position >= 1, position <= chains[try require(chain)].rules.count else {
            throw .positionTooBig(chain: chain, position: position)
        }
        return position - 1
    }

    private func find(_ rule: Rule, in index: Int) throws(RuleEditError) -> Int {
        guard let found = chains[index].rules.firstIndex(where: { $0.isEqualIgnoringCounters(rule) }) else {
            throw .noSuchRule(chain: chains[index].name)
        }
        return found
    }

    private mutating func zero(_ chain: String?, _ position: Int?) throws(RuleEditError) {
        if let chain, let position {
            chains[try require(chain)].rules[try ruleIndex(chain, position)].counters = .zero
            return
        }
        for index in try selected(chain) {
            chains[index].counters = .zero
            for rule in chains[index].rules.indices { chains[index].rules[rule].counters = .zero }
        }
    }

    private func isReferenced(_ name: String) -> Bool {
        chains.contains { chain in
            chain.rules.contains { $0.target == .jump(name) || $0.target == .goto(name) }
        }
    }

    private mutating func renameJumps(from old: String, to new: String) {
        for chain in chains.indices {
            for rule in chains[chain].rules.indices {
                switch chains[chain].rules[rule].target {
                case .jump(old): chains[chain].rules[rule].target = .jump(new)
                case .goto(old): chains[chain].rules[rule].target = .goto(new)
                default: break
                }
            }
        }
    }
}
