import HawseModel

extension TableProgram {
    /// Whether the arrays have to move for this change: then nobody may hold on to a counter.
    func outgrows(_ prepared: PreparedTable) -> Bool {
        recordSpace.used + wantedRecords(prepared) > recordCapacity
    }

    private func wantedRecords(_ prepared: PreparedTable) -> Int {
        var wanted = 0
        for chain in prepared.chains {
            let count = chain.chain.rules.count + 1
            if chain.isNew || Int(chains[chain.number].capacity) < count { wanted += SlotSpace.size(count) }
        }
        return wanted
    }

    /// Lets a prepared change take effect. Chains that it does not touch are not looked at.
    mutating func commit(_ prepared: PreparedTable) {
        reserve(prepared)
        // Where chains stood and stand no more; given back when nothing refers to it.
        var left: [(start: UInt32, capacity: UInt32)] = []
        var moved: [(chain: Int, from: UInt32)] = []
        _ = relink(prepared)
        for number in prepared.removed { remove(number, &left) }
        for chain in prepared.chains {
            if chain.isNew { add(chain) }
            let from = chains[chain.number].start
            let hadPlace = chains[chain.number].capacity > 0
            place(chain, &left)
            if hadPlace, chains[chain.number].start != from { moved.append((chain.number, from)) }
        }
        for chain in prepared.chains { link(chain) }
        for (number, from) in moved { redirect(number, from) }
        for place in left { recordSpace.give(back: place.start, Int(place.capacity)) }
        for chain in prepared.chains { classify(chain.number) }
        if userChains + 1 > stackSize {
            stack.deallocate()
            stackSize = (userChains + 1) * 2
            stack = .allocate(capacity: stackSize)
        }
        generation += 1
    }

    private mutating func reserve(_ prepared: PreparedTable) {
        if outgrows(prepared) {
            let capacity = (recordSpace.used + wantedRecords(prepared)) * 2
            let newRecords = RuleRecord.allocate(capacity)
            newRecords.moveInitialize(from: records, count: recordSpace.used)
            release(records)
            records = newRecords
            let newOwners = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
            newOwners.moveInitialize(from: owners, count: recordSpace.used)
            release(owners)
            owners = newOwners
            recordCapacity = capacity
        }
        let wanted = prepared.chains.reduce(arenaSpace.used) { $0 + SlotSpace.size($1.piece.arena.count / 8) }
        if wanted * 8 > arenaCapacity {
            let larger = HugePages.allocate(byteCount: wanted * 16)
            larger.copyMemory(from: arena, byteCount: arenaSpace.used * 8)
            release(arena)
            arena = larger
            arenaCapacity = wanted * 16
        }
        if prepared.interfaceSets.words.count > interfaceNames.words.count {
            interfaceNames = prepared.interfaceSets
            interfaceSets.deallocate()
            interfaceSets = interfaceNames.copied()
        }
    }

    private mutating func remove(_ number: Int, _ left: inout [(start: UInt32, capacity: UInt32)]) {
        left.append((chains[number].start, chains[number].capacity))
        forgetOperations(number)
        count(chains[number].traits.needs, -1)
        _ = classifiers.remove(of: number)
        names.remove(chains[number].model.name)
        chains[number] = CompiledChain(model: Chain(name: ""), isFree: true)
        freeChains.append(number)
        userChains -= 1
        isReordered = true
    }

    private mutating func forgetOperations(_ number: Int) {
        arenaSpace.give(back: chains[number].operations / 8, Int(chains[number].operationBytes / 8))
        for later in laterOperations.removeValue(forKey: number) ?? [] {
            arenaSpace.give(back: later.place, Int(later.count))
        }
        if let held = resources.removeValue(forKey: number) { held.deallocate() }
    }

    private mutating func add(_ chain: PreparedChain) {
        let compiled = CompiledChain(model: Chain(name: chain.chain.name))
        if chain.number < chains.count {
            chains[chain.number] = compiled
            freeChains.removeAll { $0 == chain.number }
        } else {
            while chains.count < chain.number {
                freeChains.append(chains.count)
                chains.append(CompiledChain(model: Chain(name: ""), isFree: true))
            }
            freeChains.removeAll { $0 == chain.number }
            chains.append(compiled)
        }
        names.insert(chain.chain.name, chain.number)
        userChains += 1
        isReordered = true
    }

    /// Puts records and counters where they belong.
    private mutating func place(_ prepared: PreparedChain, _ left: inout [(start: UInt32, capacity: UInt32)]) {
        let number = prepared.number
        let old = chains[number]
        let oldRules = prepared.isNew ? 0 : old.model.rules.count
        let rules = prepared.chain.rules.count
        var saved: [Counters] = []
        if prepared.news.origins != nil, !prepared.isNew {
            saved = (0...oldRules).map { records[Int(old.start) + $0].counters }
        }
        if prepared.isNew || Int(old.capacity) < rules + 1 {
            chains[number].start = recordSpace.take(rules + 1)
            chains[number].capacity = UInt32(SlotSpace.size(rules + 1))
            (owners + Int(chains[number].start)).initialize(repeating: UInt32(number), count: Int(chains[number].capacity))
            if !prepared.isNew { left.append((old.start, old.capacity)) }
        }
        keepState(of: old, prepared)
        let from = Int(old.start)
        let to = Int(chains[number].start)
        if prepared.suffix > 0 {
            let source = from + oldRules - prepared.suffix
            let target = to + rules - prepared.suffix
            (records + target).update(from: records + source, count: prepared.suffix)
        }
        if prepared.prefix > 0, from != to { (records + to).update(from: records + from, count: prepared.prefix) }
        let offset = takeOperations(prepared)
        for (i, record) in prepared.piece.records.enumerated() {
            var record = record
            record.relocate(by: offset)
            (records + to + prepared.prefix + i).initialize(to: record)
        }
        (records + to + rules).initialize(to: RuleCompiler.end(prepared.chain.policy, prepared.chain.counters))
        count(prepared, saved)
        finish(prepared)
    }

    /// Copies the operations of the new rules into the arena; returns by how much they have moved.
    private mutating func takeOperations(_ prepared: PreparedChain) -> UInt32 {
        let number = prepared.number
        if prepared.isWhole {
            if !prepared.isNew { forgetOperations(number) }
            chains[number].patches = 0
            chains[number].operationBytes = 0
        } else {
            chains[number].patches += 1
        }
        let bytes = prepared.piece.arena.count
        guard bytes > 0 else { return 0 }
        let place = arenaSpace.take(bytes / 8)
        (arena + Int(place) * 8).copyMemory(from: prepared.piece.arena.base, byteCount: bytes)
        let size = UInt32(SlotSpace.size(bytes / 8))
        if prepared.isWhole {
            chains[number].operations = place * 8
            chains[number].operationBytes = size * 8
        } else {
            laterOperations[number, default: []].append((place, size))
        }
        return place * 8
    }

    /// Counters as after iptables-restore, or after an edit.
    private func count(_ prepared: PreparedChain, _ saved: [Counters]) {
        let first = records + Int(chains[prepared.number].start)
        let rules = prepared.chain.rules.count
        guard let origins = prepared.news.origins else {
            for i in 0..<rules { first[i].counters = prepared.chain.rules[i].counters }
            return
        }
        for i in 0..<rules {
            let origin = i < origins.count ? Int(origins[i]) : -1
            let isKnown = origin >= 0 && origin < saved.count - 1 && !prepared.news.zeroed.contains(Int32(origin))
            first[i].counters = isKnown ? saved[origin] : prepared.chain.rules[i].counters
        }
        if prepared.chain.policy != nil { first[rules].counters = prepared.news.policyCounters ?? saved.last ?? .zero }
    }

    private mutating func finish(_ prepared: PreparedChain) {
        let number = prepared.number
        if prepared.isWhole {
            count(chains[number].traits.needs, -1)
            chains[number].traits = prepared.piece.traits
            count(chains[number].traits.needs, 1)
            if !prepared.piece.resources.isEmpty { resources[number] = prepared.piece.resources }
        }
        prepared.piece.arena.deallocate()
        chains[number].model = prepared.chain
        guard let hook = Hook(name: prepared.chain.name), prepared.chain.policy != nil else { return }
        entries[Int(hook.rawValue)] = chains[number].start
        underflows[Int(hook.rawValue)] = chains[number].start + UInt32(prepared.chain.rules.count)
    }

    /// New jumps have named their chains by number so far.
    private func link(_ prepared: PreparedChain) {
        let start = Int(chains[prepared.number].start)
        for i in prepared.middle where records[start + i].target == .jump || records[start + i].target == .goto {
            records[start + i].argument = chains[Int(records[start + i].argument)].start
        }
    }

    /// The chain has moved: whoever jumps to it has to know.
    private func redirect(_ number: Int, _ from: UInt32) {
        var callers: Set<Int> = []
        links.forEachCaller(of: number) { callers.insert($0) }
        let to = chains[number].start
        for caller in callers {
            let start = Int(chains[caller].start)
            for i in start..<start + chains[caller].model.rules.count
            where records[i].argument == from && (records[i].target == .jump || records[i].target == .goto) {
                records[i].argument = to
            }
        }
    }
}
