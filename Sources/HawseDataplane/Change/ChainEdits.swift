import HawseModel

/// Gathers the changes of one table's chains, one after the other, into what becomes of each chain.
struct ChainEdits {
    private let program: UnsafeMutablePointer<TableProgram>
    private var news: [String: ChainNews] = [:]
    /// In the order in which they were first mentioned.
    private var order: [String] = []

    init(_ program: UnsafeMutablePointer<TableProgram>) { self.program = program }

    var all: [ChainNews] { order.compactMap { news[$0] } }

    private mutating func set(_ item: ChainNews) {
        if news.updateValue(item, forKey: item.name) == nil { order.append(item.name) }
    }

    mutating func replace(_ chain: Chain) {
        set(ChainNews(name: chain.name, chain: chain, policyCounters: chain.counters))
    }

    mutating func remove(_ name: String) {
        // What came with this very change simply does not come.
        if program.pointee.names[name] == nil, news[name]?.chain != nil {
            news[name] = nil
            order.removeAll { $0 == name }
            return
        }
        set(ChainNews(name: name, chain: nil))
    }

    private func refusal(_ error: RuleEditError) -> DataplaneError {
        DataplaneError("table \(program.pointee.name.rawValue): \(error)")
    }

    /// The chain as it is by now, its rules knowing which they were.
    private func present(_ name: String) throws(DataplaneError) -> ChainNews {
        if let known = news[name] {
            guard known.chain != nil else { throw refusal(.noSuchChain(name)) }
            return known
        }
        guard let number = program.pointee.names[name] else { throw refusal(.noSuchChain(name)) }
        let chain = program.pointee.chains[number].model
        return ChainNews(name: name, chain: chain, origins: (0..<Int32(chain.rules.count)).map { $0 })
    }

    private var presentNames: [String] {
        let known = program.pointee.chains.filter { !$0.isFree }.map(\.model.name).filter { news[$0]?.chain != nil || news[$0] == nil }
        return known + order.filter { program.pointee.names[$0] == nil && news[$0]?.chain != nil }
    }

    mutating func apply(_ edit: RuleEdit) throws(DataplaneError) {
        switch edit {
        case .append(let chain, let rules):
            try change(chain) { (item: inout ChainNews) in item.insert(rules, at: item.chain?.rules.count ?? 0) }
        case .insert(let chain, let position, let rules):
            try require(position, of: chain, last: 1)
            try change(chain) { (item: inout ChainNews) in item.insert(rules.reversed(), at: position - 1) }
        case .replace(let chain, let position, let rule):
            try require(position, of: chain, last: 0)
            try change(chain) { (item: inout ChainNews) in
                item.remove(at: position - 1)
                item.insert([rule], at: position - 1)
            }
        case .delete(let chain, let position):
            try require(position, of: chain, last: 0)
            try change(chain) { (item: inout ChainNews) in item.remove(at: position - 1) }
        case .deleteEqual(let chain, let rules):
            for rule in rules {
                let place = try find(rule, in: chain)
                try change(chain) { (item: inout ChainNews) in item.remove(at: place) }
            }
        case .check(let chain, let rules): for rule in rules { _ = try find(rule, in: chain) }
        case .flush(let chain):
            for name in chain.map({ [$0] }) ?? presentNames {
                try change(name) { (item: inout ChainNews) in
                    item.chain?.rules = []
                    item.origins = item.origins == nil ? nil : []
                }
            }
        case .policy(let chain, let policy, let counters):
            guard try present(chain).chain?.policy != nil else { throw refusal(.notBuiltin(chain)) }
            try change(chain) { (item: inout ChainNews) in
                item.chain?.policy = policy
                if let counters { item.setPolicyCounters(counters) }
            }
        case .zero(let chain, let position):
            if let chain, let position { try require(position, of: chain, last: 0) }
            for name in chain.map({ [$0] }) ?? presentNames {
                try change(name) { (item: inout ChainNews) in item.zero(position) }
            }
        case .newChain, .deleteChain, .renameChain: try changeChains(edit)
        }
    }

    private mutating func changeChains(_ edit: RuleEdit) throws(DataplaneError) {
        switch edit {
        case .newChain(let name):
            if let known = news[name] ?? (try? present(name)), known.chain != nil { throw refusal(.chainExists(name)) }
            set(ChainNews(name: name, chain: Chain(name: name)))
        case .deleteChain(let name):
            for name in name.map({ [$0] }) ?? presentNames {
                guard let chain = try present(name).chain else { continue }
                if chain.policy != nil {
                    if edit == .deleteChain(nil) { continue }
                    throw refusal(.builtinChain(name))
                }
                guard chain.rules.isEmpty else { throw refusal(.chainNotEmpty(name)) }
                remove(name)
            }
        default: throw DataplaneError("table \(program.pointee.name.rawValue): chains keep their names while packets flow")
        }
    }

    private mutating func change(_ name: String, _ body: (inout ChainNews) -> Void) throws(DataplaneError) {
        var item = try present(name)
        news[name]?.chain = nil
        body(&item)
        set(item)
    }

    private func require(_ position: Int, of chain: String, last: Int) throws(DataplaneError) {
        guard let rules = try present(chain).chain?.rules, position >= 1, position <= rules.count + last else {
            throw refusal(.positionTooBig(chain: chain, position: position))
        }
    }

    private func find(_ rule: Rule, in chain: String) throws(DataplaneError) -> Int {
        guard let place = try present(chain).chain?.rules.firstIndex(where: { $0.isEqualIgnoringCounters(rule) }) else {
            throw refusal(.noSuchRule(chain: chain))
        }
        return place
    }
}

extension ChainNews {
    fileprivate mutating func insert(_ rules: [Rule], at place: Int) {
        chain?.rules.insert(contentsOf: rules, at: place)
        origins?.insert(contentsOf: repeatElement(-1, count: rules.count), at: place)
    }

    fileprivate mutating func remove(at place: Int) {
        chain?.rules.remove(at: place)
        origins?.remove(at: place)
    }

    fileprivate mutating func setPolicyCounters(_ counters: Counters) {
        policyCounters = counters
        chain?.counters = counters
    }

    fileprivate mutating func zero(_ position: Int?) {
        guard let count = chain?.rules.count else { return }
        if position == nil, chain?.policy != nil { setPolicyCounters(.zero) }
        for place in position.map({ $0 - 1..<$0 }) ?? 0..<count {
            chain?.rules[place].counters = .zero
            if let origin = origins?[place], origin >= 0 { zeroed.insert(origin) }
        }
    }
}
