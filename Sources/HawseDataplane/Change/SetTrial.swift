import HawseModel

/// Goes through changes of ipsets without carrying them out, and finds the one that would fail.
struct SetTrial {
    private let node: UnsafeMutablePointer<NodeState>
    private var created: [String: IPSet] = [:]
    private var destroyed: Set<String> = []
    /// Elements by which sets have grown so far.
    private var growth: [String: Int] = [:]
    private var added: [String: Set<IPSet.Entry>] = [:]

    init(_ node: UnsafeMutablePointer<NodeState>) { self.node = node }

    /// Names the sets that come, so that rules may refer to them.
    mutating func take(
        _ changes: [Change], _ transaction: Transaction, _ surroundings: inout RuleSurroundings
    ) throws(DataplaneError) {
        let count = changes.count { if case .createSet = $0 { true } else { false } }
        var handles = node.pointee.sets.nextHandles(count)[...]
        for change in changes {
            switch change {
            case .createSet(let set):
                guard node.pointee.sets.handle(of: set.name) == nil, created[set.name] == nil else {
                    throw DataplaneError("set \(set.name) exists already")
                }
                created[set.name] = set
                surroundings.newSets[set.name] = handles.popFirst()
            case .replaceSet(let set):
                guard let known = handle(set.name) else { throw missing(set.name) }
                guard node.pointee.sets.sets[Int(known)].kind == set.kind else {
                    throw DataplaneError("set \(set.name) cannot change its type")
                }
                try fill(set)
            case .destroySet(let name):
                guard handle(name) != nil else { throw missing(name) }
                destroyed.insert(name)
            case .addEntry(let name, let entry): try add(entry, to: name)
            case .deleteEntry(let name, let entry): try delete(entry, from: name)
            default: continue
            }
            transaction.sets.append(change)
        }
        for set in created.values { try fill(set) }
    }

    private func handle(_ name: String) -> UInt16? {
        destroyed.contains(name) ? nil : node.pointee.sets.handle(of: name)
    }

    private func missing(_ name: String) -> DataplaneError { DataplaneError("there is no set named \"\(name)\"") }

    /// Fills a set aside, where it leaves no trace.
    private func fill(_ set: IPSet) throws(DataplaneError) {
        guard set.kind != .listSet else {
            for entry in set.entries {
                guard let member = entry.set, handle(member) != nil || created[member] != nil else {
                    throw missing(entry.set ?? "")
                }
            }
            return
        }
        let table = try SetTable([set], interfaces: node.pointee.interfaces, seed: 0, now: node.pointee.now)
        table.deallocate()
    }

    private mutating func add(_ entry: IPSet.Entry, to name: String) throws(DataplaneError) {
        if created[name] != nil {
            created[name]?.entries.append(entry)
            return
        }
        guard let known = handle(name) else { throw missing(name) }
        let new = try node.pointee.sets.check(entry, for: known) { handle($0) != nil || created[$0] != nil }
        growth[name, default: 0] += new
        added[name, default: []].insert(entry)
        let set = node.pointee.sets.sets + Int(known)
        guard set.pointee.options.forceAdd || set.pointee.entries.count + growth[name, default: 0]
            <= Int(set.pointee.options.maxElements ?? 65536) || !set.pointee.kind.rawValue.hasPrefix("hash:")
        else { throw DataplaneError("set \(name) is full, cannot add more elements") }
    }

    private mutating func delete(_ entry: IPSet.Entry, from name: String) throws(DataplaneError) {
        if let set = created[name], let place = set.entries.firstIndex(of: entry) {
            created[name]?.entries.remove(at: place)
            return
        }
        guard let known = handle(name) else { throw missing(name) }
        if added[name]?.remove(entry) != nil { return }
        guard try node.pointee.sets.delete(entry, from: known, isTrial: true) else {
            throw DataplaneError("set \(name): element cannot be deleted: it's not added")
        }
        growth[name, default: 0] -= 1
    }

    /// No set goes that a rule names, by the rules as they will be.
    func checkUse(_ transaction: Transaction) throws(DataplaneError) {
        guard !destroyed.isEmpty else { return }
        for (_, program) in transaction.programs { for chain in program.chains { try check(chain.model) } }
        for (_, _, prepared) in transaction.tables { for chain in prepared.chains { try check(chain.chain) } }
        for family in [node.pointee.netfilter4, node.pointee.netfilter6] {
            let address = family.pointee.family
            for name in TableName.allCases {
                guard let program = family.pointee.programs[Int(TableIndex(name).rawValue)],
                    !transaction.programs.contains(where: { $0.family == address && $0.program.name == name }),
                    !transaction.removedTables.contains(where: { $0.family == address && $0.table == name })
                else { continue }
                let change = transaction.tables.first { $0.family == address && $0.table.name == name }
                let touched = change?.prepared.touched ?? []
                for (number, chain) in program.pointee.chains.enumerated() where !touched.contains(number) {
                    try check(chain.model)
                }
            }
        }
    }

    private func check(_ chain: Chain) throws(DataplaneError) {
        for rule in chain.rules {
            for case .set(let match) in rule.matches where destroyed.contains(match.set.name) { throw inUse(match.set.name) }
            guard case .set(let target)? = rule.target else { continue }
            for reference in [target.add, target.delete, target.map] {
                if let name = reference?.name, destroyed.contains(name) { throw inUse(name) }
            }
        }
    }

    private func inUse(_ name: String) -> DataplaneError {
        DataplaneError("set \(name) cannot be destroyed: it is in use by a kernel component")
    }
}

extension Dataplane {
    /// Changes of the sets that were tried before: new sets first, with the handles that rules know them by.
    func carryOut(_ changes: [Change]) {
        let now = node.pointee.now
        for case .createSet(let set) in changes { try? node.pointee.sets.create(set, now: now) }
        for case .createSet(let set) in changes { try? node.pointee.sets.fill(set, now: now) }
        for change in changes { carryOut(change) }
        if changes.contains(where: \.concernsDevices) { node.pointee.sets.bind(node.pointee.interfaces) }
    }

    private func carryOut(_ change: Change) {
        let now = node.pointee.now
        switch change {
        case .replaceSet(let set): try? node.pointee.sets.refill(set, now: now)
        case .destroySet(let name): node.pointee.sets.destroy(name)
        case .addEntry(let name, let entry):
            guard let handle = node.pointee.sets.handle(of: name) else { return }
            try? node.pointee.sets.insert(entry, into: handle, exist: true, now: now)
        case .deleteEntry(let name, let entry):
            guard let handle = node.pointee.sets.handle(of: name) else { return }
            _ = try? node.pointee.sets.delete(entry, from: handle, isTrial: false)
        default: break
        }
    }
}

extension Change {
    /// A set that was there may answer otherwise.
    var changesMembership: Bool {
        if case .createSet = self { false } else { true }
    }

    /// Set entries may name devices.
    fileprivate var concernsDevices: Bool {
        switch self {
        case .createSet(let set), .replaceSet(let set): set.kind == .hashNetIface
        case .addEntry(_, let entry): entry.interface != nil
        default: false
        }
    }
}
