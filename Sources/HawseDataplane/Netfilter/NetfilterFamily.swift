import HawseModel
import HawseWire

/// One family's compiled tables, and what follows from them.
struct NetfilterFamily {
    var family: AddressFamily
    /// Some rule needs connections (a NAT target, `-m conntrack`, CT …): conntrack, defragmentation and nat run.
    var usesConntrack = false
    /// The virtual server's FTP helper needs connections (`ip_vs_register_conntrack`).
    var isTrackedForHelper = false {
        didSet { updateNeeds() }
    }
    /// There has been a virtual service (`nf_defrag_ipv6_enable`): defragmentation runs, and goes on when it is deleted.
    var hadVirtualService = false {
        didSet { updateNeeds() }
    }
    /// Some rule needs whole packets but not connections (`-m socket`, TPROXY): defragmentation runs.
    var usesDefragmentation = false
    /// Some rule looks at connections' counters.
    var usesAccounting = false
    /// Bit (table × 5 + hook): the table has been touched and stands at this hook.
    var present: UInt32 = 0
    /// By `TableIndex`; `nil`: never touched.
    var programs: UnsafeMutablePointer<UnsafeMutablePointer<TableProgram>?>
    /// In the order in which they were first touched.
    var order: [TableName] = []

    /// A family whose tables were never touched.
    init(family: AddressFamily) {
        self.family = family
        programs = .allocate(capacity: 5)
        programs.initialize(repeating: nil, count: 5)
    }

    func deallocate() {
        for i in 0..<5 { discard(i) }
        programs.deinitialize(count: 5)
        programs.deallocate()
    }

    private func discard(_ index: Int) {
        guard let program = programs[index] else { return }
        program.pointee.deallocate()
        program.deinitialize(count: 1)
        program.deallocate()
        programs[index] = nil
    }

    /// Puts these tables in place of those of the same names, all or none; other tables stay as they are.
    mutating func replace(
        _ tables: [Table], surroundings: RuleSurroundings, keepsCounters: Bool, programs: SharedPrograms? = nil
    ) throws(DataplaneError) {
        var compiled: [(TableIndex, TableProgram)] = []
        do {
            for table in tables {
                let program =
                    if let programs, !keepsCounters {
                        try programs.program(table, family: family, surroundings: surroundings)
                    } else {
                        try TableCompiler.compile(
                            table, family: family, surroundings: surroundings, keepsCounters: keepsCounters)
                    }
                compiled.append((TableIndex(table.name), program))
            }
        } catch {
            for (_, program) in compiled { program.deallocate() }
            throw error
        }
        for (_, program) in compiled { install(program) }
        updateNeeds()
    }

    /// Puts a compiled table in its place.
    mutating func install(_ program: TableProgram) {
        let index = Int(TableIndex(program.name).rawValue)
        discard(index)
        let place = UnsafeMutablePointer<TableProgram>.allocate(capacity: 1)
        place.initialize(to: program)
        programs[index] = place
        if !order.contains(program.name) { order.append(program.name) }
    }

    /// Takes a table away, as unloading its module would.
    mutating func remove(_ name: TableName) {
        discard(Int(TableIndex(name).rawValue))
        order.removeAll { $0 == name }
        updateNeeds()
    }

    mutating func updateNeeds() {
        usesConntrack = isTrackedForHelper
        usesDefragmentation = hadVirtualService
        usesAccounting = false
        present = 0
        for i in 0..<5 {
            guard let program = programs[i], let index = TableIndex(rawValue: UInt8(i)) else { continue }
            if program.pointee.needs.contains(.conntrack) { usesConntrack = true }
            if program.pointee.needs.contains(.defragmentation) { usesDefragmentation = true }
            if program.pointee.needs.contains(.accounting) { usesAccounting = true }
            for hook in index.name.hooks { present |= 1 << (UInt32(i) * 5 + UInt32(hook.rawValue)) }
        }
    }

    /// The tables with their counters as they are now, the latest touched first, as `/proc/net/ip_tables_names` has them.
    var ruleSet: RuleSet {
        RuleSet(
            family: family,
            tables: order.reversed().compactMap { programs[Int(TableIndex($0).rawValue)]?.pointee.currentTable() })
    }

    @inline(__always)
    func has(_ table: TableIndex, _ hook: Hook) -> Bool {
        present & (1 << (UInt32(table.rawValue) &* 5 &+ UInt32(hook.rawValue))) != 0
    }
}

enum TableIndex: UInt8 {
    case raw = 0, mangle, nat, filter, security

    init(_ name: TableName) {
        switch name {
        case .raw: self = .raw
        case .mangle: self = .mangle
        case .nat: self = .nat
        case .filter: self = .filter
        case .security: self = .security
        }
    }

    var name: TableName {
        switch self {
        case .raw: .raw
        case .mangle: .mangle
        case .nat: .nat
        case .filter: .filter
        case .security: .security
        }
    }
}

/// What rules refer to besides their own table: devices, sets and objects with names.
struct RuleSurroundings {
    var interfaces: InterfaceTable
    var sets: UnsafeMutablePointer<SetTable>
    var named: UnsafeMutablePointer<NamedState>
    var settings: NodeSettings
    /// Timeout policies, in the order of the spec.
    var policies: [String]
    /// Sets that will be there when the rules are, with their handles.
    var newSets: [String: UInt16] = [:]

    func setHandle(_ name: String) -> UInt16? { newSets[name] ?? sets.pointee.handle(of: name) }
}
