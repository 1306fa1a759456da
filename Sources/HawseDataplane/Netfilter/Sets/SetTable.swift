import HawseModel
import HawseWire

/// The node's ipsets, by handle.
struct SetTable {
    private(set) var sets: UnsafeMutablePointer<SetInstance>
    private(set) var count = 0
    private var capacity: Int
    private var byName: [String: UInt16] = [:]
    /// Names of devices that hash:net,iface entries mention; number 0 is unused.
    private var interfaceNumbers: [String: Int] = [:]
    private(set) var interfaceNames: [String] = [""]
    /// The same for comparisons by packets.
    private(set) var interfaceWords = [InterfaceWords("")]
    /// By interface index: the device's number among those names, or 0.
    private(set) var numberByIndex: [Int] = []
    private var seeds: RandomStream
    /// Handles of sets that were destroyed.
    private var free: [UInt16] = []

    init(_ sets: [IPSet], interfaces: InterfaceTable, seed: UInt64, now: Instant = .zero) throws(DataplaneError) {
        capacity = max(sets.count, 16)
        self.sets = .allocate(capacity: capacity)
        seeds = RandomStream(seed: seed, purpose: "sets")
        do {
            for set in sets { try create(set, now: now) }
            for set in sets { try fill(set, now: now) }
        } catch {
            deallocate()
            throw error
        }
        bind(interfaces)
    }

    func deallocate() {
        for i in 0..<count { sets[i].deallocate() }
        sets.deinitialize(count: count)
        sets.deallocate()
    }

    func handle(of name: String) -> UInt16? { byName[name] }

    /// Numbers every device: entries name some, packets of the SET target add others.
    mutating func bind(_ interfaces: InterfaceTable) {
        numberByIndex = interfaces.names.map { $0.isEmpty ? 0 : interfaceNumber($0) }
    }

    mutating func create(_ set: IPSet, now: Instant) throws(DataplaneError) {
        guard byName[set.name] == nil else { throw DataplaneError("there are two sets named \(set.name)") }
        if let handle = free.popLast() {
            sets[Int(handle)].deallocate()
            sets[Int(handle)] = SetInstance(set, seed: seeds.next())
            byName[set.name] = handle
            return
        }
        guard count < Int(UInt16.max) else { throw DataplaneError("more than 65534 sets") }
        if count == capacity {
            let larger = UnsafeMutablePointer<SetInstance>.allocate(capacity: capacity * 2)
            larger.moveInitialize(from: sets, count: count)
            sets.deallocate()
            sets = larger
            capacity *= 2
        }
        (sets + count).initialize(to: SetInstance(set, seed: seeds.next()))
        byName[set.name] = UInt16(count)
        count += 1
    }

    /// Entries may name sets that come later in the text, so they go in when all sets are there.
    mutating func fill(_ set: IPSet, now: Instant) throws(DataplaneError) {
        guard let handle = byName[set.name] else { return }
        for entry in set.entries { try insert(entry, into: handle, exist: true, now: now) }
    }

    mutating func interfaceNumber(_ name: String) -> Int {
        if let number = interfaceNumbers[name] { return number }
        interfaceNames.append(name)
        interfaceWords.append(InterfaceWords(name))
        interfaceNumbers[name] = interfaceNames.count - 1
        return interfaceNames.count - 1
    }

    /// The handles that the next so many sets will get.
    func nextHandles(_ wanted: Int) -> [UInt16] {
        let reused = free.suffix(wanted).reversed()
        return reused + (0..<max(wanted - reused.count, 0)).map { UInt16(clamping: count + $0) }
    }

    /// Forgets a set that no rule names.
    mutating func destroy(_ name: String) {
        guard let handle = byName.removeValue(forKey: name) else { return }
        sets[Int(handle)].name = ""
        clear(Int(handle))
        free.append(handle)
    }

    /// Other options, and other entries from the beginning.
    mutating func refill(_ set: IPSet, now: Instant) throws(DataplaneError) {
        guard let handle = byName[set.name] else { return }
        clear(Int(handle))
        sets[Int(handle)].options = set.options
        try fill(set, now: now)
    }

    /// Puts these sets in place of all present ones; sets of the same name and kind keep their handle, so that rules
    /// which refer to them go on working. Sets that a rule may still use must be among them.
    mutating func replace(_ new: [IPSet], interfaces: InterfaceTable, now: Instant) throws(DataplaneError) {
        let wanted = Set(new.map(\.name))
        for set in new {
            guard let handle = byName[set.name] else { continue }
            guard sets[Int(handle)].kind == set.kind else {
                throw DataplaneError("set \(set.name) cannot change its type")
            }
        }
        for i in 0..<count where !wanted.contains(sets[i].name) {
            byName[sets[i].name] = nil
            sets[i].name = ""
            clear(i)
        }
        for set in new {
            if let handle = byName[set.name] {
                clear(Int(handle))
                sets[Int(handle)].options = set.options
            } else {
                try create(set, now: now)
            }
        }
        for set in new { try fill(set, now: now) }
        bind(interfaces)
    }

    mutating func clear(_ i: Int) {
        sets[i].entries.removeAll()
        sets[i].groups.removeAll()
        sets[i].members = []
        sets[i].lengths1 = PrefixLengths()
        sets[i].lengths2 = PrefixLengths()
        sets[i].comments = [""]
    }

    // MARK: Packets

    /// `ip_set_test`: is the packet in the set? Fills in what the entry carries.
    func test(_ lookup: SetLookup, _ context: RuleContext, _ test: inout SetTest) -> Bool {
        let set = sets + Int(lookup.handle)
        guard Int(lookup.dimensions) >= set.pointee.dimension,
            set.pointee.isFamilyless || set.pointee.options.family == context.packet.family
        else { return false }
        if set.pointee.kind == .listSet { return testList(set, lookup, context, &test) }
        switch find(set, lookup, context, &test) {
        // `--return-nomatch` turns the answer of sets with networks around: only `nomatch` entries match.
        case .hit: return !(test.returnsNoMatch && set.pointee.hasNetworks)
        case .noMatch: return test.returnsNoMatch
        case .miss: return false
        }
    }

    private func testList(
        _ list: UnsafeMutablePointer<SetInstance>, _ lookup: SetLookup, _ context: RuleContext, _ test: inout SetTest
    ) -> Bool {
        var inner = test
        inner.packets = SetOperation.Test(nil)
        inner.bytes = SetOperation.Test(nil)
        if !test.updatesSubcounters { inner.updatesCounters = false }
        for member in list.pointee.members {
            var memberLookup = lookup
            memberLookup.handle = member
            guard self.test(memberLookup, context, &inner) else { continue }
            guard let index = list.pointee.entries.find(EntryKey(.zero, .zero, UInt64(member))) else { continue }
            if accepts(list, index, context, &test) { return true }
        }
        return false
    }

    /// `ip_set_match_extensions`: expired entries are no entries; counters count first and are compared then.
    func accepts(
        _ set: UnsafeMutablePointer<SetInstance>, _ index: UInt32, _ context: RuleContext, _ test: inout SetTest
    ) -> Bool {
        let row = set.pointee.entries[index]
        guard set.pointee.isLive(row.pointee.value, context.node.pointee.now) else { return false }
        if set.pointee.options.counters {
            if test.updatesCounters {
                row.pointee.value.packets &+= 1
                row.pointee.value.bytes &+= UInt64(truncatingIfNeeded: context.packet.length)
            }
            guard test.packets.holds(row.pointee.value.packets), test.bytes.holds(row.pointee.value.bytes)
            else { return false }
        }
        if set.pointee.options.skbinfo {
            test.mark = row.pointee.value.mark
            test.markMask = row.pointee.value.markMask
            test.priority = row.pointee.value.priority
        }
        return true
    }

    /// `ip_set_add` from a packet; whether the element has come in. A list tries its members until one takes it.
    @discardableResult
    mutating func add(_ lookup: SetLookup, _ context: RuleContext, timeout: UInt32, exist: Bool) -> Bool {
        let set = sets + Int(lookup.handle)
        guard Int(lookup.dimensions) >= set.pointee.dimension,
            set.pointee.isFamilyless || set.pointee.options.family == context.packet.family
        else { return false }
        if set.pointee.kind == .listSet {
            for member in set.pointee.members {
                var memberLookup = lookup
                memberLookup.handle = member
                if add(memberLookup, context, timeout: timeout, exist: exist) { return true }
            }
            return false
        }
        guard var key = packetKey(set, lookup, context) else { return false }
        completeForAdding(set, &key)
        key = standing(key, in: set)
        let now = context.node.pointee.now
        var entry = SetInstance.Entry()
        entry.expires = set.pointee.expiry(timeout == .max ? nil : timeout, now)
        if set.pointee.options.counters {
            entry.packets = 1
            entry.bytes = UInt64(truncatingIfNeeded: context.packet.length)
        }
        if set.pointee.kind == .bitmapIPMac {
            entry.mac = key.rest
            entry.hasMAC = true
            key.rest = 0
        }
        switch set.pointee.put(key, entry, exist: exist, keepsComment: true, now: now) {
        case .refused: return false
        case .replaced: break
        case .new: context.node.pointee.flows.invalidate()
        }
        return true
    }

    /// `ip_set_del` from a packet; whether there was such an element.
    @discardableResult
    mutating func delete(_ lookup: SetLookup, _ context: RuleContext) -> Bool {
        let set = sets + Int(lookup.handle)
        guard Int(lookup.dimensions) >= set.pointee.dimension,
            set.pointee.isFamilyless || set.pointee.options.family == context.packet.family
        else { return false }
        if set.pointee.kind == .listSet {
            for member in set.pointee.members {
                var memberLookup = lookup
                memberLookup.handle = member
                if delete(memberLookup, context) { return true }
            }
            return false
        }
        guard var key = packetKey(set, lookup, context) else { return false }
        completeForAdding(set, &key)
        if set.pointee.kind == .bitmapIPMac { key.rest = 0 }
        guard let index = set.pointee.entries.find(standing(key, in: set)) else { return false }
        set.pointee.remove(index)
        context.node.pointee.flows.invalidate()
        return true
    }
}
