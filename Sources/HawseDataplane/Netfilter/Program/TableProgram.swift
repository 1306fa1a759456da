import HawseModel
import HawseWire

/// One table of one family, compiled: a flat array of records with their counters, the arena of operations, and a stack.
///
/// Every chain has its place in the arrays and can be replaced there without the others (`TableProgram+Commit`). Packets
/// change nothing in it but counters and what matches remember.
struct TableProgram {
    let name: TableName
    let family: AddressFamily
    var records: UnsafeMutablePointer<RuleRecord>
    /// By record: the number of the chain that it stands in.
    var owners: UnsafeMutablePointer<UInt32>
    /// Records that fit in both arrays.
    var recordCapacity: Int
    var recordSpace: SlotSpace
    var arena: UnsafeMutableRawPointer
    var arenaCapacity: Int
    /// In units of eight bytes.
    var arenaSpace: SlotSpace
    /// Return addresses. As deep as there are user chains: without loops no packet needs more.
    var stack: UnsafeMutablePointer<UInt32>
    var stackSize: Int
    /// An answer or copy sent from within a rule is in the same table again (TEE, REJECT): it gets a stack of its own.
    var isBusy = false
    /// First record of each builtin chain, and the record of its policy (`hook_entry`, `underflow`); by hook.
    var entries: UnsafeMutablePointer<UInt32>
    var underflows: UnsafeMutablePointer<UInt32>
    /// Bitmaps over interface indices, for `-i eth+`.
    var interfaceSets: UnsafeMutablePointer<UInt64>
    var interfaceNames: InterfaceSets
    var classifiers: ClassifierList

    // By number of the chain.
    var chains: ChainList
    var names: ChainNames
    var links: ChainLinks
    var freeChains: [Int] = []
    /// Chains have come and gone: the order is libiptc's, and no longer that in which they were given.
    var isReordered = false
    /// Operations of rules that were put into a chain later: place and size, in units of eight bytes.
    var laterOperations: [Int: [(place: UInt32, count: UInt32)]] = [:]
    /// Tables by name that the operations of a chain hold on to, and other memory to release.
    var resources: [Int: ProgramResources]
    var named: UnsafeMutablePointer<NamedState>
    /// Where the arrays are that came from an image.
    var memory: ProgramMemory?
    /// Chains with each of the needs, and user chains.
    var needCounts: [Int]
    var userChains: Int
    /// Counts the changes: what was prepared for an earlier state is refused.
    var generation = 0

    func deallocate() {
        release(records)
        release(owners)
        release(arena)
        memory?.unmap()
        stack.deallocate()
        entries.deallocate()
        underflows.deallocate()
        interfaceSets.deallocate()
        classifiers.deallocate()
        for (_, resources) in resources { resources.deallocate() }
    }

    /// Gives one of the arrays back, unless it is an image's.
    func release(_ array: UnsafeMutableRawPointer) {
        if memory?.holds(array) != true { array.deallocate() }
    }

    /// What the packets must have gone through before these rules can be what they say.
    var needs: RuleNeeds {
        var needs: RuleNeeds = []
        for (bit, count) in needCounts.enumerated() where count > 0 { needs.insert(RuleNeeds(rawValue: 1 << UInt8(bit))) }
        return needs
    }

    mutating func count(_ needs: RuleNeeds, _ step: Int) {
        for bit in needCounts.indices where needs.rawValue & 1 << UInt8(bit) != 0 { needCounts[bit] += step }
    }

    /// The table with its counters as they are now.
    func currentTable() -> Table {
        let present = chains.filter { !$0.isFree }.map { chain in
            var model = chain.model
            var record = Int(chain.start)
            model.rules.withUnsafeMutableBufferPointer { rules in
                for r in rules.indices {
                    rules[r].counters = records[record].counters
                    record += 1
                }
            }
            if model.policy != nil { model.counters = records[record].counters }
            return model
        }
        let table = Table(name: name, chains: present)
        return isReordered ? Table(name: name, chains: table.chainsInSaveOrder) : table
    }

    @inline(__always)
    func isInSet(_ interface: UInt16, _ set: UInt16) -> Bool {
        let word = interfaceSets[Int(set) &* interfaceNames.stride &+ Int(interface >> 6)]
        return word & (1 << UInt64(interface & 63)) != 0
    }
}

/// Sets of devices by the beginning of their names, for `-i eth+`.
struct InterfaceSets {
    /// Words a set.
    let stride: Int
    private(set) var words: [UInt64] = []
    private var numbers: [String: UInt16] = [:]

    init(_ interfaces: InterfaceTable) { stride = (interfaces.count + 63) / 64 }

    /// The bitmap of all devices whose name begins so; no device at all has the empty name.
    mutating func number(_ beginning: String, _ interfaces: InterfaceTable) -> UInt16 {
        if let known = numbers[beginning] { return known }
        let number = words.count / stride
        words.append(contentsOf: repeatElement(0, count: stride))
        for (index, name) in interfaces.names.enumerated() where name.hasPrefix(beginning) {
            words[number * stride + index / 64] |= 1 << UInt64(index % 64)
        }
        numbers[beginning] = UInt16(clamping: number)
        return UInt16(clamping: number)
    }

    func copied() -> UnsafeMutablePointer<UInt64> {
        let sets = UnsafeMutablePointer<UInt64>.allocate(capacity: max(words.count, 1))
        for (i, word) in words.enumerated() { (sets + i).initialize(to: word) }
        return sets
    }
}

/// What must run before the rules of a table: the kernel switches these on when a rule that needs them is loaded.
struct RuleNeeds: OptionSet {
    let rawValue: UInt8
    /// `nf_ct_netns_get`
    static let conntrack = RuleNeeds(rawValue: 1)
    /// `nf_defrag_ipv4_enable`
    static let defragmentation = RuleNeeds(rawValue: 2)
    /// `nf_ct_set_acct`
    static let accounting = RuleNeeds(rawValue: 4)
}

/// What a chain's operations hold besides their own bytes.
struct ProgramResources {
    var named: UnsafeMutablePointer<NamedState>
    var recent: [UnsafeMutablePointer<RecentTable>] = []
    var hashlimit: [UnsafeMutablePointer<HashlimitTable>] = []
    var connlimit: [UnsafeMutablePointer<ConnlimitTable>] = []

    var isEmpty: Bool { recent.isEmpty && hashlimit.isEmpty && connlimit.isEmpty }

    func deallocate() {
        for table in recent { named.pointee.release(table) }
        for table in hashlimit { named.pointee.release(table) }
        for table in connlimit {
            table.pointee.deallocate()
            table.deinitialize(count: 1)
            table.deallocate()
        }
    }
}
