import HawseModel
import HawseWire

/// Lowers one table to a `TableProgram`. Every step is linear in the number of rules.
struct RuleCompiler {
    let family: AddressFamily
    let table: Table
    let surroundings: RuleSurroundings
    private(set) var needs: RuleNeeds = []
    private(set) var arena = OperationArena()
    var resources: ProgramResources

    private var records: UnsafeMutablePointer<RuleRecord>
    private var chainStarts: [UInt32] = []
    private var chainIndex: [String: UInt32] = [:]
    private var interfaceSets: [UInt64] = []
    private var interfaceSetByName: [String: UInt16] = [:]
    private let interfaceSetStride: Int
    /// Rules whose match or target is allowed at some hooks only, to be checked once it is known who calls them.
    private var constraints: [Constraint] = []
    /// Where the rule that is being compiled stands.
    private var location: SourceLocation?
    private var chainName = ""
    private var currentChain = 0
    private var currentRule = 0

    private struct Constraint {
        var chain: Int
        var hooks: UInt8
        var what: String
        var location: SourceLocation?
    }

    init(family: AddressFamily, table: Table, surroundings: RuleSurroundings) {
        self.family = family
        self.table = table
        self.surroundings = surroundings
        resources = ProgramResources(named: surroundings.named)
        interfaceSetStride = (surroundings.interfaces.count + 63) / 64
        let total = table.chains.reduce(0) { $0 + $1.rules.count + 1 }
        records = RuleRecord.allocate(total)
    }

    /// Refuses the rule at hand: place and reason.
    func refusal(_ message: String) -> DataplaneError {
        DataplaneError("\(table.name.rawValue) \(chainName) rule \(currentRule + 1): \(message)", at: location)
    }

    mutating func compile() throws(DataplaneError) -> TableProgram {
        do {
            return try assemble()
        } catch {
            records.deallocate()
            arena.deallocate()
            resources.deallocate()
            throw error
        }
    }

    private mutating func assemble() throws(DataplaneError) -> TableProgram {
        try nameChains()
        var next = 0
        for c in table.chains.indices {
            currentChain = c
            chainName = table.chains[c].name
            let count = table.chains[c].rules.count
            for r in 0..<count {
                currentRule = r
                (records + next).initialize(to: try lower(c, r))
                next += 1
            }
            (records + next).initialize(to: end(of: c))
            next += 1
        }
        let graph = ChainGraph(records: records, starts: chainStarts, total: next)
        try check(graph)
        return finish(next, userChains: graph.userChains(table))
    }

    /// Chains by name; every builtin chain must be there.
    private mutating func nameChains() throws(DataplaneError) {
        chainIndex.reserveCapacity(table.chains.count)
        var start = 0
        for (c, chain) in table.chains.enumerated() {
            chainName = chain.name
            if chainIndex.updateValue(UInt32(c), forKey: chain.name) != nil {
                throw DataplaneError("table \(table.name.rawValue) has two chains named \(chain.name)")
            }
            chainStarts.append(UInt32(start))
            start += chain.rules.count + 1
        }
        for hook in table.name.hooks {
            guard let index = chainIndex[hook.name], table.chains[Int(index)].policy != nil else {
                throw DataplaneError("table \(table.name.rawValue) has no builtin chain \(hook.name)")
            }
        }
        for chain in table.chains where chain.policy != nil {
            guard let hook = Hook(name: chain.name), table.name.hooks.contains(hook) else {
                throw DataplaneError("table \(table.name.rawValue): \(chain.name) is no builtin chain and can have no policy")
            }
        }
    }

    private func end(of chain: Int) -> RuleRecord {
        var record = RuleRecord()
        record.counters = table.chains[chain].policy == nil ? .zero : table.chains[chain].counters
        switch table.chains[chain].policy {
        case .accept: record.target = .policyAccept
        case .drop: record.target = .policyDrop
        case nil: record.target = .return
        }
        return record
    }

    /// One rule. Reads field by field: a whole `Rule` is large, and copying it counts references.
    private mutating func lower(_ chain: Int, _ number: Int) throws(DataplaneError) -> RuleRecord {
        var record = RuleRecord()
        let rule = table.chains[chain].rules[number]
        location = rule.location
        record.counters = rule.counters
        let firstOperation = arena.count
        if rule.source != nil || rule.destination != nil { try lowerAddresses(rule.source, rule.destination, into: &record) }
        if rule.inInterface != nil || rule.outInterface != nil { lowerDevices(rule.inInterface, rule.outInterface, into: &record) }
        if let ipProtocol = rule.ipProtocol, ipProtocol.number.rawValue != 0 {
            record.place |= UInt64(ipProtocol.number.rawValue) << RuleRecord.protocolShift
            record.placeMask |= 0xff << RuleRecord.protocolShift
            if ipProtocol.inverted { record.flags.insert(.protocolInverted) }
        }
        if let fragment = rule.fragment {
            guard family == .ipv4 else { throw refusal("-f is for IPv4 only") }
            if fragment { record.place |= RuleRecord.fragmentBit }
            record.placeMask |= RuleRecord.fragmentBit
        }
        let exact = rule.ipProtocol.flatMap { $0.inverted ? nil : $0.number }
        for match in rule.matches {
            arena.isSteady = match.isSteady
            try compile(match, ipProtocol: exact)
        }
        if arena.count > firstOperation {
            record.operations = UInt32(firstOperation)
            record.flags.insert(.hasOperations)
            arena.endOperations()
        }
        if let target = rule.target { try compile(target, ipProtocol: exact, into: &record) }
        return record
    }

    /// IPv4 addresses fit the record; of IPv6 addresses it holds the last 32 bits, and an operation the whole.
    private mutating func lowerAddresses(
        _ source: AddressMatch?, _ destination: AddressMatch?, into record: inout RuleRecord
    ) throws(DataplaneError) {
        if let source { try checkFamily(source.address) }
        if let destination { try checkFamily(destination.address) }
        let both = AddressOperation(source, destination)
        func set(_ address: AddressBits, _ mask: AddressBits, _ inverted: Bool, _ flag: RuleRecord.Flags, _ shift: UInt64) {
            if family == .ipv6, inverted { return }
            record.addresses |= (address.low & 0xffff_ffff) << shift
            record.addressMask |= (mask.low & 0xffff_ffff) << shift
            if inverted { record.flags.insert(flag) }
        }
        set(both.source.address, both.source.mask, both.source.inverted, .sourceInverted, 32)
        set(both.destination.address, both.destination.mask, both.destination.inverted, .destinationInverted, 0)
        guard family == .ipv6 else { return }
        arena.isSteady = true
        append(.address, both)
    }

    private mutating func lowerDevices(_ inInterface: InterfaceMatch?, _ outInterface: InterfaceMatch?, into record: inout RuleRecord) {
        func set(
            _ test: InterfaceTest, _ shift: UInt64, inverted: RuleRecord.Flags, set: RuleRecord.Flags, _ record: inout RuleRecord
        ) {
            record.place |= UInt64(test.number) << shift
            record.placeMask |= 0xffff << shift
            if test.inverted { record.flags.insert(inverted) }
            if test.isBitmap { record.flags.insert(set) }
        }
        if let inInterface {
            set(interfaceTest(inInterface), RuleRecord.inShift, inverted: .inInverted, set: .inSet, &record)
        }
        if let outInterface {
            set(interfaceTest(outInterface), RuleRecord.outShift, inverted: .outInverted, set: .outSet, &record)
        }
    }

    private func checkFamily(_ address: IPAddress) throws(DataplaneError) {
        guard address.family == family else { throw refusal("\(address) is of the other address family") }
    }

    // MARK: What matches and targets use

    /// Appends a match operation with what stands behind it.
    mutating func append<Operation: MatchOperation>(_ code: MatchCode, _ operation: Operation) {
        arena.append(code, operation, trailer: UnsafeRawBufferPointer(start: nil, count: 0))
    }

    mutating func append<Operation: MatchOperation, Element: BitwiseCopyable>(
        _ code: MatchCode, _ operation: Operation, trailer: [Element]
    ) {
        trailer.withUnsafeBytes { arena.append(code, operation, trailer: $0) }
    }

    /// Puts a target's payload into the arena; returns its place.
    mutating func place<Action: BitwiseCopyable>(_ action: Action) -> UInt32 { arena.append(action) }

    mutating func require(_ need: RuleNeeds) { needs.formUnion(need) }

    /// The rule may stand only where packets of these hooks come.
    mutating func only(_ hooks: [Hook], _ what: String) {
        let mask = hooks.reduce(UInt8(0)) { $0 | 1 << $1.rawValue }
        constraints.append(Constraint(chain: currentChain, hooks: mask, what: what, location: location))
    }

    /// The rule may stand only in these tables.
    func only(tables: [TableName], _ what: String) throws(DataplaneError) {
        guard tables.contains(table.name) else {
            let names = tables.map(\.rawValue).joined(separator: " or ")
            throw refusal("\(what) is for the \(names) table only")
        }
    }

    func only(_ wanted: AddressFamily, _ what: String) throws(DataplaneError) {
        guard family == wanted else { throw refusal("\(what) is for \(wanted == .ipv4 ? "IPv4" : "IPv6") only") }
    }

    func chainStart(_ name: String) throws(DataplaneError) -> UInt32 {
        guard let index = chainIndex[name] else { throw refusal("there is no chain named \(name)") }
        guard table.chains[Int(index)].policy == nil else { throw refusal("the builtin chain \(name) cannot be jumped to") }
        return chainStarts[Int(index)]
    }

    mutating func interfaceTest(_ match: InterfaceMatch?) -> InterfaceTest {
        guard let match else { return InterfaceTest() }
        var test = InterfaceTest()
        test.isSet = true
        test.inverted = match.inverted
        guard match.isWildcard else {
            test.number = surroundings.interfaces.index(of: match.name) ?? .max
            return test
        }
        test.isBitmap = true
        test.number = interfaceSet(match.name)
        return test
    }

    /// The bitmap of all devices whose name begins so; no device at all has the empty name.
    private mutating func interfaceSet(_ beginning: String) -> UInt16 {
        if let known = interfaceSetByName[beginning] { return known }
        let number = interfaceSets.count / interfaceSetStride
        interfaceSets.append(contentsOf: repeatElement(0, count: interfaceSetStride))
        for (index, name) in surroundings.interfaces.names.enumerated() where name.hasPrefix(beginning) {
            interfaceSets[number * interfaceSetStride + index / 64] |= 1 << UInt64(index % 64)
        }
        interfaceSetByName[beginning] = UInt16(clamping: number)
        return UInt16(clamping: number)
    }

    // MARK: Checks and the end

    private func check(_ graph: ChainGraph) throws(DataplaneError) {
        var entries: [(chain: Int, hook: Hook)] = []
        for hook in table.name.hooks {
            if let chain = chainIndex[hook.name] { entries.append((Int(chain), hook)) }
        }
        let reach: [UInt8]
        switch graph.reach(entries) {
        case .loop(let chain):
            throw DataplaneError("table \(table.name.rawValue): chain \(table.chains[chain].name) leads back to itself")
        case .hooks(let hooks): reach = hooks
        }
        for constraint in constraints where reach[constraint.chain] & ~constraint.hooks != 0 {
            let wrong = Hook.allCases.first { reach[constraint.chain] & ~constraint.hooks & (1 << $0.rawValue) != 0 }
            throw DataplaneError(
                "table \(table.name.rawValue): \(constraint.what) is not allowed in chain "
                    + "\(table.chains[constraint.chain].name), which is used from \(wrong?.name ?? "another hook")",
                at: constraint.location)
        }
    }

    private mutating func finish(_ total: Int, userChains: Int) -> TableProgram {
        let entries = UnsafeMutablePointer<UInt32>.allocate(capacity: 5)
        let underflows = UnsafeMutablePointer<UInt32>.allocate(capacity: 5)
        entries.initialize(repeating: 0, count: 5)
        underflows.initialize(repeating: 0, count: 5)
        for hook in table.name.hooks {
            guard let index = chainIndex[hook.name] else { continue }
            entries[Int(hook.rawValue)] = chainStarts[Int(index)]
            underflows[Int(hook.rawValue)] =
                chainStarts[Int(index)] + UInt32(table.chains[Int(index)].rules.count)
        }
        var builder = ClassifierBuilder(records: records, arena: arena.base, family: family)
        for (c, chain) in table.chains.enumerated() where chain.rules.count >= Classifier.shortest {
            let start = Int(chainStarts[c])
            builder.scan(start..<start + chain.rules.count)
        }
        let sets = UnsafeMutablePointer<UInt64>.allocate(capacity: max(interfaceSets.count, 1))
        for (i, word) in interfaceSets.enumerated() { (sets + i).initialize(to: word) }
        let stack = UnsafeMutablePointer<UInt32>.allocate(capacity: userChains + 1)
        return TableProgram(
            records: records, recordCount: total, arena: arena.base, arenaSize: arena.count,
            stack: stack, stackSize: userChains + 1, entries: entries, underflows: underflows, interfaceSets: sets,
            interfaceSetStride: interfaceSetStride, classifiers: ClassifierList(builder.classifiers), resources: resources, needs: needs,
            model: table, chainStarts: chainStarts)
    }
}

/// `-i`, `-o` or a bridge port, resolved: one device or a set of them.
struct InterfaceTest: BitwiseCopyable {
    var isSet = false
    var inverted = false
    /// `number` names a bitmap, not a device.
    var isBitmap = false
    var number: UInt16 = 0
}

extension InterfaceTest {
    @inline(__always)
    func holds(_ interface: UInt16, _ context: RuleContext) -> Bool {
        guard isSet else { return true }
        guard isBitmap else { return (interface == number) != inverted }
        let program = context.family.pointee.programs[Int(context.table.rawValue)]
        return (program?.pointee.isInSet(interface, number) ?? false) != inverted
    }
}
