import HawseModel
import HawseWire

/// One table of one family, compiled: a flat array of records with their counters, the arena of operations, and a stack.
///
/// Immutable but for counters and what matches remember; replaced as a whole, as `xt_replace_table` does.
struct TableProgram {
    var records: UnsafeMutablePointer<RuleRecord>
    var recordCount: Int
    var arena: UnsafeMutableRawPointer
    var arenaSize: Int
    /// Return addresses. As deep as there are user chains: without loops no packet needs more.
    var stack: UnsafeMutablePointer<UInt32>
    var stackSize: Int
    /// An answer or copy sent from within a rule is in the same table again (TEE, REJECT): it gets a stack of its own.
    var isBusy = false
    /// First record of each builtin chain, and the record of its policy (`hook_entry`, `underflow`); by hook.
    var entries: UnsafeMutablePointer<UInt32>
    var underflows: UnsafeMutablePointer<UInt32>
    /// Bitmaps over interface indices, for `-i eth+`; `interfaceSetStride` words each.
    var interfaceSets: UnsafeMutablePointer<UInt64>
    var interfaceSetStride: Int
    var classifiers: ClassifierList
    /// Tables by name that operations hold on to, and other memory to release.
    var resources: ProgramResources
    /// What the packets must have gone through before these rules can be what they say.
    var needs: RuleNeeds
    /// As it was given; `currentTable` puts the present counters in.
    var model: Table
    /// First record of each of the model's chains.
    var chainStarts: [UInt32]

    func deallocate() {
        records.deallocate()
        arena.deallocate()
        stack.deallocate()
        entries.deallocate()
        underflows.deallocate()
        interfaceSets.deallocate()
        classifiers.deallocate()
        resources.deallocate()
    }

    /// The table with its counters as they are now.
    func currentTable() -> Table {
        var table = model
        for c in table.chains.indices {
            var record = Int(chainStarts[c])
            table.chains[c].rules.withUnsafeMutableBufferPointer { rules in
                for r in rules.indices {
                    rules[r].counters = records[record].counters
                    record += 1
                }
            }
            if table.chains[c].policy != nil { table.chains[c].counters = records[record].counters }
        }
        return table
    }

    @inline(__always)
    func isInSet(_ interface: UInt16, _ set: UInt16) -> Bool {
        let word = interfaceSets[Int(set) &* interfaceSetStride &+ Int(interface >> 6)]
        return word & (1 << UInt64(interface & 63)) != 0
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

/// What a program holds besides its own arrays.
struct ProgramResources {
    var named: UnsafeMutablePointer<NamedState>
    var recent: [UnsafeMutablePointer<RecentTable>] = []
    var hashlimit: [UnsafeMutablePointer<HashlimitTable>] = []
    var connlimit: [UnsafeMutablePointer<ConnlimitTable>] = []

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
