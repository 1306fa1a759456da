import HawseModel

/// What is to become of one chain.
struct ChainNews {
    var name: String
    /// `nil`: it goes.
    var chain: Chain?
    /// After an edit: which rule each one was before, -1 for new ones. Those keep their counters. `nil`: the chain was
    /// written anew, and all counters are as given.
    var origins: [Int32]?
    /// Rules (as `origins` names them) whose counters begin at zero; those that had counted something begin anew altogether, as
    /// iptables-nft puts a new rule in their place.
    var zeroed: Set<Int32> = []
    /// Of the policy; `nil` keeps them after an edit.
    var policyCounters: Counters?
}

/// A chain compiled aside.
struct PreparedChain {
    var number: Int
    var isNew: Bool
    var news: ChainNews
    var chain: Chain
    /// Rules at the beginning and at the end that stay as they are compiled.
    var prefix = 0
    var suffix = 0
    /// The rules in between.
    var piece: ChainPiece

    /// All rules are new.
    var isWhole: Bool { prefix + suffix == 0 }
    var middle: Range<Int> { prefix..<(chain.rules.count - suffix) }
}

/// A change of some chains of a table, ready to take effect.
struct PreparedTable {
    var generation: Int
    var chains: [PreparedChain] = []
    var removed: [Int] = []
    var chainCount: Int
    var interfaceSets: InterfaceSets

    /// Numbers of all chains whose rules or counters change.
    var touched: Set<Int> { Set(chains.map(\.number) + removed) }

    func discard() {
        for chain in chains { chain.piece.discard() }
    }
}

extension TableProgram {
    /// Compiles a change aside and checks the table as it will be. The table itself is as before, whatever comes of it.
    mutating func prepare(_ news: [ChainNews], _ surroundings: RuleSurroundings) throws(DataplaneError) -> PreparedTable {
        var prepared = PreparedTable(generation: generation, chainCount: chains.count, interfaceSets: interfaceNames)
        do throws(DataplaneError) {
            let numbers = try number(news, &prepared)
            for item in news {
                guard let chain = item.chain, let number = numbers[item.name] else { continue }
                prepared.chains.append(try compile(item, chain, number, numbers, &prepared, surroundings))
            }
            let log = relink(prepared)
            defer { undo(log) }
            try check(prepared, log, numbers, surroundings)
        } catch {
            prepared.discard()
            throw error
        }
        return prepared
    }

    /// Gives numbers to chains that come; finds those of the others.
    private func number(_ news: [ChainNews], _ prepared: inout PreparedTable) throws(DataplaneError) -> [String: Int] {
        var numbers: [String: Int] = [:]
        var free = freeChains
        for item in news {
            let known = names[item.name]
            let policy = known.flatMap { chains[$0].model.policy }
            guard let chain = item.chain else {
                guard let known else { throw refusal("there is no chain \(item.name) to remove") }
                guard policy == nil else { throw refusal("the builtin chain \(item.name) cannot be removed") }
                prepared.removed.append(known)
                numbers[item.name] = -1
                continue
            }
            guard (policy == nil) == (chain.policy == nil) else {
                throw refusal(
                    policy == nil
                        ? "\(item.name) is no builtin chain and can have no policy"
                        : "the builtin chain \(item.name) must have a policy")
            }
            guard numbers[item.name] == nil else { throw refusal("two changes of chain \(item.name)") }
            if let known {
                numbers[item.name] = known
            } else if let reused = free.popLast() {
                numbers[item.name] = reused
            } else {
                numbers[item.name] = prepared.chainCount
                prepared.chainCount += 1
            }
        }
        return numbers
    }

    func refusal(_ message: String) -> DataplaneError { DataplaneError("table \(name.rawValue): \(message)") }

    private func compiler(
        _ numbers: [String: Int], _ sets: InterfaceSets, _ surroundings: RuleSurroundings
    ) -> RuleCompiler {
        let (names, chains) = (names, chains)
        return RuleCompiler(
            family: family, table: name, surroundings: surroundings, keepsCounters: true, interfaceSets: sets,
            number: { name in
                if let number = numbers[name] { return number < 0 ? nil : number }
                return names[name]
            }, isBuiltin: { $0 < chains.count && !chains[$0].isFree && chains[$0].model.policy != nil })
    }

    private func compile(
        _ news: ChainNews, _ chain: Chain, _ number: Int, _ numbers: [String: Int], _ prepared: inout PreparedTable,
        _ surroundings: RuleSurroundings
    ) throws(DataplaneError) -> PreparedChain {
        let isNew = names[news.name] == nil
        var (prefix, suffix) = (0, 0)
        // One rule of many: the others stay, unless that has happened too often for the memory they stand in.
        if !isNew, chains[number].traits.isPlain, chains[number].patches < max(64, chain.rules.count / 8) {
            (prefix, suffix) = common(chains[number].model.rules, chain.rules)
        }
        while true {
            var compiler = self.compiler(numbers, prepared.interfaceSets, surroundings)
            do throws(DataplaneError) {
                let piece = try compiler.piece(number, news.name, chain.rules[prefix..<(chain.rules.count - suffix)])
                if prefix + suffix > 0, !piece.traits.isPlain {
                    piece.discard()
                    (prefix, suffix) = (0, 0)
                    continue
                }
                prepared.interfaceSets = compiler.interfaceSets
                return PreparedChain(
                    number: number, isNew: isNew, news: news, chain: chain, prefix: prefix, suffix: suffix, piece: piece)
            } catch {
                compiler.discard()
                throw error
            }
        }
    }

    /// How many rules at the beginning and at the end are the same.
    private func common(_ old: [Rule], _ new: [Rule]) -> (prefix: Int, suffix: Int) {
        let shorter = min(old.count, new.count)
        var prefix = 0
        while prefix < shorter, old[prefix].isEqualIgnoringCounters(new[prefix]) { prefix += 1 }
        var suffix = 0
        while suffix < shorter - prefix,
            old[old.count - 1 - suffix].isEqualIgnoringCounters(new[new.count - 1 - suffix])
        { suffix += 1 }
        return (prefix, suffix)
    }

    // MARK: Links

    /// What `relink` did, to be undone.
    struct LinkLog {
        var count: Int
        var added: [(caller: UInt32, callee: UInt32)] = []
        var removed: [(caller: UInt32, callee: UInt32)] = []
        var reach: [(chain: Int, reach: UInt8)] = []
    }

    /// Brings edges and reach to what they will be.
    mutating func relink(_ prepared: PreparedTable) -> LinkLog {
        var log = LinkLog(count: chains.count)
        var affected: Set<Int> = []
        var gained: UInt8 = 0
        links.setCount(prepared.chainCount)
        for number in prepared.removed {
            links.forEachCallee(of: number) { log.removed.append((UInt32(number), UInt32($0))) }
            affected.insert(number)
        }
        for chain in prepared.chains {
            gained |= links.reach[chain.number]
            affected.insert(chain.number)
            if !chain.isNew {
                let first = Int(chains[chain.number].start)
                let oldCount = chains[chain.number].model.rules.count
                for i in first + chain.prefix..<first + oldCount - chain.suffix
                where records[i].target == .jump || records[i].target == .goto {
                    log.removed.append((UInt32(chain.number), owners[Int(records[i].argument)]))
                }
            }
            for record in chain.piece.records where record.target == .jump || record.target == .goto {
                log.added.append((UInt32(chain.number), record.argument))
            }
        }
        for edge in log.removed {
            links.removeEdge(edge.caller, edge.callee)
            affected.insert(Int(edge.callee))
        }
        for edge in log.added {
            links.addEdge(edge.caller, edge.callee)
            affected.insert(Int(edge.callee))
        }
        log.reach = links.refresh(affected.sorted(), gained: gained)
        return log
    }

    private mutating func undo(_ log: LinkLog) {
        for change in log.reach.reversed() { links.setReach(change.chain, change.reach) }
        for edge in log.added.reversed() { links.removeEdge(edge.caller, edge.callee) }
        for edge in log.removed.reversed() { links.addEdge(edge.caller, edge.callee) }
        links.setCount(log.count)
    }

    /// No jump to what goes, no way back to where it came from, and every rule where it may stand.
    private func check(
        _ prepared: PreparedTable, _ log: LinkLog, _ numbers: [String: Int], _ surroundings: RuleSurroundings
    ) throws(DataplaneError) {
        for number in prepared.removed where links.isCalled(number) {
            throw refusal("chain \(chains[number].model.name) cannot be removed: rules jump to it")
        }
        var fresh: [UInt32: [Int]] = [:]
        for edge in log.added { fresh[edge.caller, default: []].append(Int(edge.callee)) }
        var done: Set<Int> = []
        for (caller, callees) in fresh.sorted(by: { $0.key < $1.key }) {
            if let chain = links.loop(from: Int(caller), through: callees, &done) {
                let loop = prepared.chains.first { $0.number == chain }?.news.name ?? chains[chain].model.name
                throw refusal("chain \(loop) leads back to itself")
            }
        }
        for chain in prepared.chains where links.reach[chain.number] & ~chain.piece.traits.allowedHooks != 0 {
            try refuse(chain.number, chain.chain, numbers, prepared, surroundings)
        }
        let touched = prepared.touched
        for (number, _) in log.reach
        where number < chains.count && !touched.contains(number) && links.reach[number] & ~chains[number].traits.allowedHooks != 0 {
            try refuse(number, chains[number].model, numbers, prepared, surroundings)
        }
    }

    /// Compiles a chain once more to say which of its rules stands in the wrong place.
    private func refuse(
        _ number: Int, _ chain: Chain, _ numbers: [String: Int], _ prepared: PreparedTable,
        _ surroundings: RuleSurroundings
    ) throws(DataplaneError) {
        var compiler = self.compiler(numbers, prepared.interfaceSets, surroundings)
        defer { compiler.discard() }
        compiler.begin(number, chain.name)
        for r in chain.rules.indices { _ = try compiler.lower(chain.rules[r], r) }
        for constraint in compiler.constraints where links.reach[number] & ~constraint.hooks != 0 {
            throw TableCompiler.refusal(constraint, links.reach[number], name, chain.name)
        }
    }
}
