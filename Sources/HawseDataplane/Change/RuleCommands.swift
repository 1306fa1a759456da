import HawseModel
import HawseWire

extension Dataplane {
    /// What one iptables command does while packets flow; a table that was never touched comes with its builtin chains.
    ///
    /// libiptc (`.legacy`) reads the whole table and writes it back: rules keep their counters, but limits, quotas and the like
    /// begin anew, and so do the counters of all policies but one given with `-P CHAIN POLICY -c`. iptables-nft changes only
    /// what the command names, and all other rules go on as they were; there `-P` takes no counters, and zeroes those of its chain.
    public func run(
        _ edit: RuleEdit, table name: TableName, _ family: AddressFamily, backend: TableOrder = .legacy
    ) throws(DataplaneError) {
        if ruleSet(family)[name] == nil {
            try replaceRules(RuleSet(family: family, tables: [.builtin(name)]), counters: .zero)
        }
        guard let table = ruleSet(family)[name] else { return }
        if backend == .nft, !edit.isRenaming {
            return try apply([.edit(family, name, edit.withoutGivenCounters)])
        }
        var written = table
        do throws(RuleEditError) {
            try written.apply(edit)
        } catch {
            throw DataplaneError("table \(name.rawValue): \(error)")
        }
        guard edit.changes(table) else { return }
        if backend == .legacy { written.restartPolicies(after: edit) }
        try replaceRules(RuleSet(family: family, tables: [written]), counters: .asGiven)
    }
}

extension RuleEdit {
    fileprivate var withoutGivenCounters: RuleEdit {
        if case .policy(let chain, let policy, _) = self { return .policy(chain: chain, policy: policy, counters: .zero) }
        return self
    }

    /// `-E` changes nothing for packets; the table is written anew all the same, and matches forget what they have counted.
    fileprivate var isRenaming: Bool {
        if case .renameChain = self { return true }
        return false
    }

    /// Whether libiptc writes the table back (`set_changed`): asking changes nothing, and neither does a removal of all user
    /// chains where there are none.
    fileprivate func changes(_ table: Table) -> Bool {
        switch self {
        case .check: false
        case .deleteChain(nil): table.chains.contains { $0.policy == nil }
        default: true
        }
    }
}

extension Table {
    fileprivate mutating func restartPolicies(after edit: RuleEdit) {
        var given: String?
        if case .policy(let chain, _, .some) = edit { given = chain }
        for place in chains.indices where chains[place].policy != nil && chains[place].name != given {
            chains[place].counters = .zero
        }
    }
}
