import HawseModel
import HawseWire

/// Changes that have been understood, checked and compiled aside. `Dataplane.commit` lets all of them take effect at
/// once; a transaction that is let go changes nothing.
public final class Transaction {
    let dataplane: Dataplane
    /// The changes that it is about.
    public let changes: [Change]
    let generation: UInt64
    var isDone = false

    var tables: [(family: AddressFamily, table: TableIndex, prepared: PreparedTable)] = []
    var programs: [(family: AddressFamily, program: TableProgram)] = []
    var removedTables: [(family: AddressFamily, table: TableName)] = []
    /// In the order given; they have been tried.
    var sets: [Change] = []
    var commands: [IPVSCommand] = []
    var network: NodeSpec?

    init(_ dataplane: Dataplane, _ changes: [Change]) {
        self.dataplane = dataplane
        self.changes = changes
        generation = dataplane.node.pointee.generation
    }

    deinit {
        guard !isDone else { return }
        for table in tables { table.prepared.discard() }
        for (_, program) in programs { program.deallocate() }
    }
}

extension Dataplane {
    /// Understands changes, checks the node as it will be, and compiles what they touch; all of it aside. When it throws,
    /// and until `commit`, the node is as it was, and packets may go on.
    public func prepare(_ changes: [Change]) throws(DataplaneError) -> Transaction {
        let transaction = Transaction(self, changes)
        var surroundings = self.surroundings
        node.pointee.named.now = node.pointee.now
        var sets = SetTrial(node)
        try sets.take(changes, transaction, &surroundings)
        try prepareRules(changes, transaction, surroundings)
        try sets.checkUse(transaction)
        try prepareServers(changes, transaction)
        try prepareNetwork(changes, transaction)
        return transaction
    }

    /// Lets a transaction take effect, whole, between two packets. Connections live on; counters are those of
    /// `iptables-restore` (see `Change`); known flows that no changed rule has seen keep their short way. Throws only when
    /// something else was changed since it was prepared, and changes nothing then.
    public func commit(_ transaction: Transaction) throws(DataplaneError) {
        guard transaction.dataplane === self, !transaction.isDone, transaction.generation == node.pointee.generation else {
            throw DataplaneError("the node has changed since this was prepared")
        }
        transaction.isDone = true
        node.pointee.generation += 1
        settleFlows(transaction)
        // Nothing of this can fail: it was tried.
        carryOut(transaction.sets)
        for (address, program) in transaction.programs { family(address).pointee.install(program) }
        for (address, name) in transaction.removedTables { family(address).pointee.remove(name) }
        for (address, table, prepared) in transaction.tables {
            family(address).pointee.programs[Int(table.rawValue)]?.pointee.commit(prepared)
        }
        if !transaction.tables.isEmpty || !transaction.programs.isEmpty {
            for family in [node.pointee.netfilter4, node.pointee.netfilter6] { family.pointee.updateNeeds() }
            applyRuleNeeds()
        }
        for command in transaction.commands { try? ipvs.apply(command) }
        if let network = transaction.network { updateNetwork(network) }
    }

    /// Prepares and commits.
    public func apply(_ changes: [Change]) throws(DataplaneError) { try commit(prepare(changes)) }

    /// Known flows learn their way anew when it may be another: a rule that they have met is touched, a set that a rule
    /// may have asked has other members, or a table comes or goes. Before any counter changes its place.
    private func settleFlows(_ transaction: Transaction) {
        node.pointee.flows.recorder.isVoid = true
        settleTrace()
        var isConcerned =
            !transaction.programs.isEmpty || !transaction.removedTables.isEmpty || !transaction.commands.isEmpty
            || transaction.network != nil || transaction.sets.contains(where: \.changesMembership)
        for (address, table, prepared) in transaction.tables where !isConcerned {
            guard let program = family(address).pointee.programs[Int(table.rawValue)] else { continue }
            isConcerned = program.pointee.outgrows(prepared) || changesNeeds(program, prepared)
            if isConcerned { break }
            let touched = prepared.touched
            let first = UnsafeRawPointer(program.pointee.records)
            let last = first + program.pointee.recordSpace.used * MemoryLayout<RuleRecord>.stride
            isConcerned = node.pointee.flows.meets { counter in
                let place = UnsafeRawPointer(counter)
                guard place >= first, place < last else { return false }
                return touched.contains(Int(program.pointee.owners[(place - first) / MemoryLayout<RuleRecord>.stride]))
            }
        }
        if isConcerned { node.pointee.flows.invalidate() }
    }

    /// Whether packets will begin or cease to be tracked, reassembled or counted.
    private func changesNeeds(_ program: UnsafeMutablePointer<TableProgram>, _ prepared: PreparedTable) -> Bool {
        var counts = program.pointee.needCounts
        func count(_ needs: RuleNeeds, _ step: Int) {
            for bit in counts.indices where needs.rawValue & 1 << UInt8(bit) != 0 { counts[bit] += step }
        }
        for number in prepared.removed { count(program.pointee.chains[number].traits.needs, -1) }
        for chain in prepared.chains where chain.isWhole {
            if !chain.isNew { count(program.pointee.chains[chain.number].traits.needs, -1) }
            count(chain.piece.traits.needs, 1)
        }
        return zip(counts, program.pointee.needCounts).contains { ($0 > 0) != ($1 > 0) }
    }

    // MARK: Rules

    private struct TablePlace: Hashable {
        var family: AddressFamily
        var table: TableName
    }

    private func prepareRules(
        _ changes: [Change], _ transaction: Transaction, _ surroundings: RuleSurroundings
    ) throws(DataplaneError) {
        var edits: [TablePlace: ChainEdits] = [:]
        var order: [TablePlace] = []
        func edit(
            _ address: AddressFamily, _ table: TableName, _ body: (inout ChainEdits) throws(DataplaneError) -> Void
        ) throws(DataplaneError) {
            let place = TablePlace(family: address, table: table)
            guard let program = family(address).pointee.programs[Int(TableIndex(table).rawValue)] else {
                throw DataplaneError("there is no table \(table.rawValue) yet")
            }
            if edits[place] == nil { order.append(place) }
            var item = edits.removeValue(forKey: place) ?? ChainEdits(program)
            try body(&item)
            edits[place] = item
        }
        for change in changes {
            switch change {
            case .table(let address, let table):
                let program = try TableCompiler.compile(
                    table, family: address, surroundings: surroundings, keepsCounters: true)
                transaction.programs.append((address, program))
            case .removeTable(let address, let name): transaction.removedTables.append((address, name))
            case .chain(let address, let table, let chain):
                try edit(address, table) { (item) throws(DataplaneError) in item.replace(chain) }
            case .removeChain(let address, let table, let name):
                try edit(address, table) { (item) throws(DataplaneError) in item.remove(name) }
            case .edit(let address, let table, let change):
                try edit(address, table) { (item) throws(DataplaneError) in try item.apply(change) }
            case .rebuild(let what): throw DataplaneError("\(what) cannot be changed while packets flow")
            default: break
            }
        }
        for place in order {
            guard let item = edits[place], let program = family(place.family).pointee.programs[Int(TableIndex(place.table).rawValue)]
            else { continue }
            guard !transaction.programs.contains(where: { $0.family == place.family && $0.program.name == place.table }),
                !transaction.removedTables.contains(where: { $0.family == place.family && $0.table == place.table })
            else { throw DataplaneError("table \(place.table.rawValue) is changed as a whole and in parts") }
            let prepared = try program.pointee.prepare(item.all, surroundings)
            transaction.tables.append((place.family, TableIndex(place.table), prepared))
        }
    }

    // MARK: Servers and network

    private func prepareServers(_ changes: [Change], _ transaction: Transaction) throws(DataplaneError) {
        var trial = IPVSTrial(node)
        for case .ipvs(let command) in changes {
            do throws(IPVSCommandError) {
                try trial.take(command)
            } catch {
                throw DataplaneError("ipvs: \(error)")
            }
            transaction.commands.append(command)
        }
    }

    private func prepareNetwork(_ changes: [Change], _ transaction: Transaction) throws(DataplaneError) {
        var new = spec
        var isChanged = false
        func remove<Element: Equatable>(_ element: Element, from list: inout [Element], _ what: String) throws(DataplaneError) {
            guard let place = list.firstIndex(of: element) else { throw DataplaneError("there is no such \(what)") }
            list.remove(at: place)
        }
        for change in changes {
            switch change {
            case .addRoute(let route): new.routes.append(route)
            case .removeRoute(let route): try remove(route, from: &new.routes, "route")
            case .addRoutingRule(let rule):
                // Rules of one priority stay in the order in which they came.
                let place = new.rules.firstIndex { $0.priority > rule.priority } ?? new.rules.count
                new.rules.insert(rule, at: place)
            case .removeRoutingRule(let rule): try remove(rule, from: &new.rules, "routing rule")
            case .addNeighbor(let entry): new.neighbors.append(entry)
            case .removeNeighbor(let entry): try remove(entry, from: &new.neighbors, "neighbour")
            case .addForwarding(let entry): new.forwarding.append(entry)
            case .removeForwarding(let entry): try remove(entry, from: &new.forwarding, "forwarding entry")
            case .addresses(let device, let addresses):
                guard new.setAddresses(device, addresses) else { throw DataplaneError("there is no device \(device)") }
            case .link(let device, let isUp):
                guard new.setLink(device, isUp: isUp) else { throw DataplaneError("there is no device \(device)") }
            case .linkAddress(let device, let mac):
                guard new.setLinkAddress(device, mac) else { throw DataplaneError("there is no device \(device)") }
            case .linkMTU(let device, let mtu):
                if let refusal = new.setLinkMTU(device, mtu) { throw DataplaneError(refusal) }
            default: continue
            }
            isChanged = true
        }
        if isChanged { transaction.network = new }
    }
}
