import HawseModel
import HawseWire

/// What a sync changed in one family's rule set: whole chains, as `iptables-restore --noflush` takes them.
public struct RuleSetPatch: Sendable, Hashable {
    public struct Part: Sendable, Hashable {
        public var table: TableName
        /// New chains and those with new contents.
        public var replaced: [Chain] = []
        /// Chains that nothing jumps to any more.
        public var removed: [String] = []

        public init(table: TableName, replaced: [Chain] = [], removed: [String] = []) {
            self.table = table
            self.replaced = replaced
            self.removed = removed
        }
    }

    public var family: AddressFamily
    public var parts: [Part]

    public init(family: AddressFamily, parts: [Part] = []) {
        self.family = family
        self.parts = parts
    }

    public var isEmpty: Bool { parts.allSatisfy { $0.replaced.isEmpty && $0.removed.isEmpty } }

    /// Carries the patch out on a rule set: the reference for whoever applies it in place.
    public func apply(to rules: inout RuleSet) {
        for part in parts {
            var table = rules[part.table] ?? .builtin(part.table)
            var at: [String: Int] = [:]
            for (index, chain) in table.chains.enumerated() { at[chain.name] = index }
            for chain in part.replaced {
                if let index = at[chain.name] {
                    table.chains[index] = chain
                } else {
                    at[chain.name] = table.chains.count
                    table.chains.append(chain)
                }
            }
            let gone = Set(part.removed)
            if !gone.isEmpty { table.chains.removeAll { gone.contains($0.name) } }
            rules[part.table] = table.sorted()
        }
    }
}

extension RuleSetPatch {
    /// The patch as changes of a node that has the tables of `isPresent`.
    public func changes(isPresent: (TableName) -> Bool) -> [Change] {
        var changes: [Change] = []
        for part in parts {
            guard isPresent(part.table) else {
                var rules = RuleSet(family: family)
                RuleSetPatch(family: family, parts: [part]).apply(to: &rules)
                changes += rules.tables.map { Change.table(family, $0) }
                continue
            }
            changes += part.replaced.map { Change.chain(family, part.table, $0) }
            changes += part.removed.map { Change.removeChain(family, part.table, $0) }
        }
        return changes
    }
}

extension IPVSRenderer.Patch {
    /// What becomes of the members of ipsets.
    public func setChanges(_ family: AddressFamily) -> [Change] {
        let name = IPVSSetName.ipvsIPs.name(family)
        func entry(_ address: IPAddress) -> IPSet.Entry {
            var entry = IPSet.Entry()
            entry.first = IPPrefix(address, length: family.bitCount)
            return entry
        }
        var changes = deleted.map { Change.deleteEntry(set: $0.set, $0.entry) }
        for address in unbound { changes.append(.deleteEntry(set: name, entry(address))) }
        for member in added { changes.append(.addEntry(set: member.set, member.entry)) }
        for address in bound { changes.append(.addEntry(set: name, entry(address))) }
        return changes
    }
}

extension Table {
    /// Builtin chains in hook order, then the others by name, as the nf_tables backend's iptables-save lists them.
    func sorted() -> Table {
        var copy = self
        let builtin = chains.filter { $0.policy != nil }
        var others = chains.filter { $0.policy == nil }
        others.sort { $0.name < $1.name }
        copy.chains = builtin + others
        return copy
    }
}
