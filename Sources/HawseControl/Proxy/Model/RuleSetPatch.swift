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
