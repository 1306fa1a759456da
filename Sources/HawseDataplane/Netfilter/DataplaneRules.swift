import HawseModel
import HawseWire

extension Dataplane {
    /// The family's tables with their counters as they are now (`iptables-save -c`).
    public func ruleSet(_ family: AddressFamily) -> RuleSet {
        node.pointee.flows.flush()
        let rules = self.family(family).pointee.ruleSet
        return node.pointee.connections.policyNames.isEmpty ? rules : rules.asReadBack
    }

    /// The family's tables that have been touched.
    public func tables(_ family: AddressFamily) -> [TableName] { self.family(family).pointee.order }

    /// Whether all sets that changes of entries name are there.
    public func hasSets(of changes: [Change]) -> Bool {
        changes.allSatisfy { change in
            switch change {
            case .addEntry(let set, _), .deleteEntry(let set, _): node.pointee.sets.handle(of: set) != nil
            default: true
            }
        }
    }

    /// All ipsets as they are now, with counters and seconds left.
    public func sets() -> [IPSet] { node.pointee.sets.listing(at: node.pointee.now) }

    /// What counters rules have after a replacement.
    public enum RuleCounters: Sendable {
        /// Zero, as `iptables-restore` without `-c` leaves them.
        case zero
        /// Those in the rule set given: `iptables-restore -c`, or a set from `ruleSet` that was edited.
        case asGiven
    }

    /// Puts tables in place of those of the same names, all or none; tables not named stay. Connections, sets and
    /// lists with names live on; limits, quotas and the like of the tables replaced begin anew, as in the kernel.
    public func replaceRules(_ ruleSet: RuleSet, counters: RuleCounters) throws(DataplaneError) {
        try replaceRules(ruleSet, counters: counters, programs: nil)
    }

    private func replaceRules(
        _ ruleSet: RuleSet, counters: RuleCounters, programs: SharedPrograms?
    ) throws(DataplaneError) {
        node.pointee.flows.invalidate()
        node.pointee.generation += 1
        settleTrace()
        let family = self.family(ruleSet.family)
        node.pointee.named.now = node.pointee.now
        try family.pointee.replace(
            ruleSet.tables, surroundings: surroundings, keepsCounters: counters == .asGiven, programs: programs)
        applyRuleNeeds()
    }

    /// Takes a table away, as unloading its module would.
    public func removeTable(_ name: TableName, _ family: AddressFamily) {
        node.pointee.flows.invalidate()
        node.pointee.generation += 1
        settleTrace()
        self.family(family).pointee.remove(name)
        applyRuleNeeds()
    }

    /// Puts these sets in place of all present ones.
    public func replaceSets(_ sets: [IPSet]) throws(DataplaneError) {
        node.pointee.flows.invalidate()
        node.pointee.generation += 1
        try node.pointee.sets.replace(sets, interfaces: node.pointee.interfaces, now: node.pointee.now)
    }

    /// Whether runs of rules that differ in exact addresses and ports are looked up by hash. The outcome, counters
    /// included, is the same.
    public var usesClassifiers: Bool {
        get { !node.pointee.classifiersOff }
        set { node.pointee.classifiersOff = !newValue }
    }

    /// Who decides about packets of an NFQUEUE rule: queue number and IP packet. `nil`: nobody listens.
    public var queueListener: ((UInt16, UnsafeRawBufferPointer) -> QueueVerdict)? {
        get { node.pointee.queueListener }
        set { node.pointee.queueListener = newValue }
    }

    /// Which of iptables' two backends sets the order of tables at a hook.
    public enum TableOrder: Sendable {
        /// `iptables-legacy`: at INPUT security comes before nat.
        case legacy
        /// `iptables-nft`: at INPUT nat comes before security.
        case nft
    }

    /// Legacy unless set.
    public var tableOrder: TableOrder {
        get { node.pointee.natBeforeSecurity ? .nft : .legacy }
        set {
            node.pointee.flows.invalidate()
            node.pointee.natBeforeSecurity = newValue == .nft
        }
    }

    func family(_ family: AddressFamily) -> UnsafeMutablePointer<NetfilterFamily> {
        family == .ipv4 ? node.pointee.netfilter4 : node.pointee.netfilter6
    }

    var surroundings: RuleSurroundings {
        RuleSurroundings(
            interfaces: node.pointee.interfaces, sets: node.setTable, named: node.namedState,
            settings: node.pointee.settings, policies: node.pointee.connections.policyNames)
    }

    /// Loads the spec's rules into a fresh node. Rules that nodes share are not kept in its spec besides.
    func loadRules(keepsCounters: Bool, programs: SharedPrograms?) throws(DataplaneError) {
        for ruleSet in [spec.iptables, spec.ip6tables] {
            guard let ruleSet else { continue }
            try replaceRules(ruleSet, counters: keepsCounters ? .asGiven : .zero, programs: programs)
        }
        guard programs != nil else { return }
        (spec.iptables, spec.ip6tables) = (nil, nil)
    }

    /// A rule that needs counted connections switches counting on.
    func applyRuleNeeds() {
        if node.pointee.netfilter4.pointee.usesAccounting || node.pointee.netfilter6.pointee.usesAccounting {
            node.pointee.connections.settings.accounting = true
        }
    }
}

extension RuleSet {
    /// The same rules, never met by a packet.
    public var withZeroCounters: RuleSet {
        var copy = self
        for t in copy.tables.indices {
            for c in copy.tables[t].chains.indices {
                copy.tables[t].chains[c].counters = .zero
                for r in copy.tables[t].chains[c].rules.indices {
                    copy.tables[t].chains[c].rules[r].counters = .zero
                }
            }
        }
        return copy
    }
}

extension RuleSet {
    /// What Linux gives back of rules: of the name of a timeout policy, its first four letters (`xt_ct_tg_reg` counts with the
    /// length of the target's first revision, which had no such name).
    fileprivate var asReadBack: RuleSet {
        var copy = self
        for t in copy.tables.indices {
            for c in copy.tables[t].chains.indices {
                for r in copy.tables[t].chains[c].rules.indices {
                    guard case .ct(var target) = copy.tables[t].chains[c].rules[r].target, let name = target.timeout else { continue }
                    target.timeout = String(decoding: name.utf8.prefix(4), as: UTF8.self)
                    copy.tables[t].chains[c].rules[r].target = .ct(target)
                }
            }
        }
        return copy
    }
}
