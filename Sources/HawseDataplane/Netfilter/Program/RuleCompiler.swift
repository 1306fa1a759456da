import HawseModel
import HawseWire

/// Lowers rules to records and operations. Every step is linear in the number of rules.
struct RuleCompiler {
    let family: AddressFamily
    let table: TableName
    let surroundings: RuleSurroundings
    /// Rules begin with the counters they are given with, else with zero.
    private let keepsCounters: Bool
    private(set) var arena = OperationArena()
    /// Of the chain at hand.
    private(set) var traits = ChainTraits()
    var resources: ProgramResources
    private(set) var interfaceSets: InterfaceSets
    /// The number of a chain by its name.
    private let number: (String) -> Int?
    private let isBuiltin: (Int) -> Bool
    /// Rules of the chain at hand whose match or target is allowed at some hooks only.
    private(set) var constraints: [Constraint] = []
    /// Where the rule that is being compiled stands.
    private var location: SourceLocation?
    private var chainName = ""
    private var currentChain = 0
    private var currentRule = 0

    struct Constraint {
        var chain: Int
        var hooks: UInt8
        var what: String
        var location: SourceLocation?
    }

    init(
        family: AddressFamily, table: TableName, surroundings: RuleSurroundings, keepsCounters: Bool,
        interfaceSets: InterfaceSets,
        number: @escaping (String) -> Int?, isBuiltin: @escaping (Int) -> Bool
    ) {
        self.family = family
        self.table = table
        self.surroundings = surroundings
        self.keepsCounters = keepsCounters
        self.interfaceSets = interfaceSets
        self.number = number
        self.isBuiltin = isBuiltin
        resources = ProgramResources(named: surroundings.named)
    }

    func discard() {
        arena.deallocate()
        resources.deallocate()
    }

    /// Refuses the rule at hand: place and reason.
    func refusal(_ message: String) -> DataplaneError {
        DataplaneError("\(table.rawValue) \(chainName) rule \(currentRule + 1): \(message)", at: location)
    }

    mutating func begin(_ chain: Int, _ name: String) {
        currentChain = chain
        chainName = name
        traits = ChainTraits()
    }

    /// What the chain at hand holds on to; from here on there is nothing.
    mutating func takeResources() -> ProgramResources {
        defer { resources = ProgramResources(named: surroundings.named) }
        return resources
    }

    /// The record that ends a chain.
    static func end(_ policy: Chain.Policy?, _ counters: Counters) -> RuleRecord {
        var record = RuleRecord()
        switch policy {
        case .accept: record.target = .policyAccept
        case .drop: record.target = .policyDrop
        case nil: record.target = .return
        }
        if policy != nil { record.counters = counters }
        return record
    }

    /// Rules of one chain, compiled aside from any table. The arena goes with them.
    mutating func piece(_ chain: Int, _ name: String, _ rules: ArraySlice<Rule>) throws(DataplaneError) -> ChainPiece {
        begin(chain, name)
        var records: [RuleRecord] = []
        records.reserveCapacity(rules.count)
        for number in rules.indices { records.append(try lower(rules[number], number)) }
        return ChainPiece(records: records, arena: arena, traits: traits, resources: takeResources())
    }

    /// One rule. Reads field by field: a whole `Rule` is large, and copying it counts references.
    mutating func lower(_ rule: Rule, _ number: Int) throws(DataplaneError) -> RuleRecord {
        var record = RuleRecord()
        currentRule = number
        location = rule.location
        if keepsCounters { record.counters = rule.counters }
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
            if !arena.isSteady { traits.hasState = true }
            try compile(match, ipProtocol: exact)
        }
        if arena.count > firstOperation {
            record.operations = UInt32(firstOperation)
            record.flags.insert(.hasOperations)
            arena.endOperations()
            let only = arena.only(since: firstOperation)
            lowerPort(only, into: &record)
            if lowerChance(only, into: &record) { arena.takeBack(to: firstOperation) }
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

    /// A rule that asks for nothing but `-p tcp` or `-p udp` and perhaps one destination port: the record alone says it.
    private func lowerPort(_ operation: (code: MatchCode, payload: UnsafeRawPointer)?, into record: inout RuleRecord) {
        guard let operation, record.hasProtocol, !record.flags.contains(.protocolInverted) else { return }
        let ports: NumberRange<UInt16>?
        switch (operation.code, record.ipProtocol) {
        case (.tcp, .tcp): ports = operation.payload.loadUnaligned(as: TCPOperation.self).onlyPorts
        case (.udp, .udp): ports = operation.payload.loadUnaligned(as: UDPOperation.self).onlyPorts
        default: return
        }
        guard let ports else { return }
        if !ports.isEverything {
            guard ports.lower == ports.upper, !ports.inverted else { return }
            record.place |= UInt64(ports.lower) << RuleRecord.portShift
            record.placeMask |= 0xffff << RuleRecord.portShift
        }
        record.flags.insert(.tellsPort)
    }

    /// A rule that asks for nothing but a random choice needs no operation. False: it asks for something else.
    private func lowerChance(_ operation: (code: MatchCode, payload: UnsafeRawPointer)?, into record: inout RuleRecord) -> Bool {
        guard let operation, operation.code == .statistic else { return false }
        let statistic = operation.payload.loadUnaligned(as: StatisticOperation.self)
        guard statistic.isRandom, !statistic.inverted else { return false }
        record.flags.remove(.hasOperations)
        record.flags.insert(.draws)
        record.operations = statistic.probability
        return true
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

    mutating func require(_ need: RuleNeeds) { traits.needs.formUnion(need) }

    /// The rule may stand only where packets of these hooks come.
    mutating func only(_ hooks: [Hook], _ what: String) {
        let mask = hooks.reduce(UInt8(0)) { $0 | 1 << $1.rawValue }
        guard traits.allowedHooks & mask != traits.allowedHooks else { return }
        traits.allowedHooks &= mask
        constraints.append(Constraint(chain: currentChain, hooks: mask, what: what, location: location))
    }

    /// The rule may stand only in these tables.
    func only(tables: [TableName], _ what: String) throws(DataplaneError) {
        guard tables.contains(table) else {
            let names = tables.map(\.rawValue).joined(separator: " or ")
            throw refusal("\(what) is for the \(names) table only")
        }
    }

    func only(_ wanted: AddressFamily, _ what: String) throws(DataplaneError) {
        guard family == wanted else { throw refusal("\(what) is for \(wanted == .ipv4 ? "IPv4" : "IPv6") only") }
    }

    /// The number of a chain that may be jumped to.
    func chainNumber(_ name: String) throws(DataplaneError) -> UInt32 {
        guard let number = number(name) else { throw refusal("there is no chain named \(name)") }
        guard !isBuiltin(number) else { throw refusal("the builtin chain \(name) cannot be jumped to") }
        return UInt32(number)
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
        test.number = interfaceSets.number(match.name, surroundings.interfaces)
        return test
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
