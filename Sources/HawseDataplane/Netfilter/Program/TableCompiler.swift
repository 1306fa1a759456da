import HawseModel
import HawseWire

/// Compiles a whole table.
struct TableCompiler {
    private let table: Table
    private let surroundings: RuleSurroundings
    private var compiler: RuleCompiler
    private let names: ChainNames
    private let keepsCounters: Bool
    private let records: UnsafeMutablePointer<RuleRecord>
    private let owners: UnsafeMutablePointer<UInt32>
    private let capacity: Int
    private let total: Int
    private var chains: [CompiledChain] = []
    private var resources: [Int: ProgramResources] = [:]

    /// `keepsCounters`: rules begin with the counters they are given with, else with zero.
    static func compile(
        _ table: Table, family: AddressFamily, surroundings: RuleSurroundings, keepsCounters: Bool
    ) throws(DataplaneError) -> TableProgram {
        var compiler = try TableCompiler(table, family, surroundings, keepsCounters)
        do {
            return try compiler.assemble()
        } catch {
            compiler.discard()
            throw error
        }
    }

    private init(
        _ table: Table, _ family: AddressFamily, _ surroundings: RuleSurroundings, _ keepsCounters: Bool
    ) throws(DataplaneError) {
        self.table = table
        self.surroundings = surroundings
        names = try Self.nameChains(table)
        total = table.chains.reduce(0) { $0 + $1.rules.count + 1 }
        // Room to grow costs nothing before it is touched.
        capacity = total + total / 2 + 64
        records = RuleRecord.allocate(capacity)
        owners = .allocate(capacity: capacity)
        self.keepsCounters = keepsCounters
        let names = names
        compiler = RuleCompiler(
            family: family, table: table.name, surroundings: surroundings, keepsCounters: keepsCounters,
            interfaceSets: InterfaceSets(surroundings.interfaces), number: { names[$0] },
            isBuiltin: { table.chains[$0].policy != nil })
    }

    private func discard() {
        records.deallocate()
        owners.deallocate()
        compiler.discard()
        for (_, resources) in resources { resources.deallocate() }
    }

    /// Chains by name; every builtin chain must be there.
    private static func nameChains(_ table: Table) throws(DataplaneError) -> ChainNames {
        var names = ChainNames(capacity: table.chains.count)
        for c in table.chains.indices where !names.insert(table.chains[c].name, c) {
            throw DataplaneError("table \(table.name.rawValue) has two chains named \(table.chains[c].name)")
        }
        for hook in table.name.hooks {
            guard let number = names[hook.name], table.chains[number].policy != nil else {
                throw DataplaneError("table \(table.name.rawValue) has no builtin chain \(hook.name)")
            }
        }
        for chain in table.chains where chain.policy != nil {
            guard let hook = Hook(name: chain.name), table.name.hooks.contains(hook) else {
                throw DataplaneError("table \(table.name.rawValue): \(chain.name) is no builtin chain and can have no policy")
            }
        }
        return names
    }

    private mutating func assemble() throws(DataplaneError) -> TableProgram {
        chains.reserveCapacity(table.chains.count)
        var starts: [UInt32] = []
        starts.reserveCapacity(table.chains.count)
        var next = 0
        for c in table.chains.indices {
            var chain = CompiledChain(model: table.chains[c])
            chain.start = UInt32(next)
            starts.append(chain.start)
            compiler.begin(c, chain.model.name)
            let before = compiler.arena.count
            for r in chain.model.rules.indices {
                (records + next).initialize(to: try compiler.lower(chain.model.rules[r], r))
                next += 1
            }
            (records + next).initialize(
                to: RuleCompiler.end(chain.model.policy, keepsCounters ? chain.model.counters : .zero))
            next += 1
            (owners + Int(chain.start)).initialize(repeating: UInt32(c), count: next - Int(chain.start))
            chain.capacity = UInt32(next) - chain.start
            chain.operations = UInt32(before)
            chain.operationBytes = UInt32(compiler.arena.count - before)
            chain.traits = compiler.traits
            if !compiler.resources.isEmpty { resources[c] = compiler.takeResources() }
            chains.append(chain)
        }
        let graph = ChainGraph(records: records, starts: starts, total: next)
        let reach = try check(graph)
        return finish(graph, reach, starts)
    }

    private func check(_ graph: ChainGraph) throws(DataplaneError) -> [UInt8] {
        var entries: [(chain: Int, hook: Hook)] = []
        for hook in table.name.hooks {
            if let chain = names[hook.name] { entries.append((chain, hook)) }
        }
        switch graph.reach(entries) {
        case .loop(let chain):
            throw DataplaneError("table \(table.name.rawValue): chain \(table.chains[chain].name) leads back to itself")
        case .hooks(let reach):
            for constraint in compiler.constraints where reach[constraint.chain] & ~constraint.hooks != 0 {
                throw Self.refusal(constraint, reach[constraint.chain], table.name, table.chains[constraint.chain].name)
            }
            return reach
        }
    }

    static func refusal(
        _ constraint: RuleCompiler.Constraint, _ reach: UInt8, _ table: TableName, _ chain: String
    ) -> DataplaneError {
        let wrong = Hook.allCases.first { reach & ~constraint.hooks & (1 << $0.rawValue) != 0 }
        return DataplaneError(
            "table \(table.rawValue): \(constraint.what) is not allowed in chain \(chain), which is used from "
                + (wrong?.name ?? "another hook"), at: constraint.location)
    }

    private func finish(_ graph: ChainGraph, _ reach: [UInt8], _ starts: [UInt32]) -> TableProgram {
        // From here on jumps name the first record of their chain.
        for i in 0..<total where records[i].target == .jump || records[i].target == .goto {
            records[i].argument = starts[Int(records[i].argument)]
        }
        let entries = UnsafeMutablePointer<UInt32>.allocate(capacity: 5)
        let underflows = UnsafeMutablePointer<UInt32>.allocate(capacity: 5)
        entries.initialize(repeating: 0, count: 5)
        underflows.initialize(repeating: 0, count: 5)
        var own = [UInt8](repeating: 0, count: chains.count)
        for hook in table.name.hooks {
            guard let number = names[hook.name] else { continue }
            entries[Int(hook.rawValue)] = chains[number].start
            underflows[Int(hook.rawValue)] = chains[number].start + UInt32(chains[number].count - 1)
            own[number] = 1 << hook.rawValue
        }
        let userChains = table.chains.count { $0.policy == nil }
        var program = TableProgram(
            name: table.name, family: compiler.family, records: records, owners: owners,
            recordCapacity: capacity, recordSpace: SlotSpace(used: total), arena: compiler.arena.base,
            arenaCapacity: compiler.arena.capacity, arenaSpace: SlotSpace(used: compiler.arena.count / 8),
            stack: .allocate(capacity: userChains + 1), stackSize: userChains + 1, entries: entries,
            underflows: underflows, interfaceSets: compiler.interfaceSets.copied(),
            interfaceNames: compiler.interfaceSets, classifiers: ClassifierList(), chains: ChainList(chains), names: names,
            links: ChainLinks(graph, reach: reach, own: own), resources: resources, named: surroundings.named,
            needCounts: [0, 0, 0], userChains: userChains)
        for c in chains.indices {
            program.count(chains[c].traits.needs, 1)
            program.classify(c)
        }
        return program
    }
}
