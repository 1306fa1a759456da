import HawseModel
import HawseWire

extension RuleReader {
    /// After the last word: what must fit together, and the finished edit.
    mutating func finish() throws(FormatError) -> RuleCommand {
        guard let command else { throw FormatError(location, "no command specified") }
        let table = self.table ?? .filter
        if table == .nat, policy == .drop || plainTarget == .drop {
            throw FormatError(
                location,
                "The \"nat\" table is not intended for filtering, the use of DROP is therefore inhibited.")
        }
        let edit: RuleEdit
        let name = chain ?? ""
        switch command {
        case .append: edit = .append(chain: name, rules: try rules(in: name, table: table))
        case .check: edit = .check(chain: name, rules: try rules(in: name, table: table))
        case .delete:
            if let position {
                edit = .delete(chain: name, position: position)
            } else {
                edit = .deleteEqual(chain: name, rules: try rules(in: name, table: table))
            }
        case .insert:
            edit = .insert(chain: name, position: position ?? 1, rules: try rules(in: name, table: table))
        case .replace:
            let rules = try rules(in: name, table: table)
            guard rules.count == 1 else {
                throw FormatError(location, "Replacement rule does not specify a unique address")
            }
            edit = .replace(chain: name, position: position ?? 1, rule: rules[0])
        case .newChain:
            if targetOptions(named: name, family: family) != nil
                || ["ACCEPT", "DROP", "RETURN", "QUEUE"].contains(name)
            {
                throw FormatError(location, "chain name `\(name)' clashes with a target's")
            }
            edit = .newChain(name)
        case .deleteChain: edit = .deleteChain(chain)
        case .rename: edit = .renameChain(name, to: secondName ?? "")
        case .flush: edit = .flush(chain)
        case .zero: edit = .zero(chain: chain, position: position)
        case .policy:
            edit = .policy(
                chain: name, policy: policy ?? .accept, counters: hasCounters ? rule.counters : nil)
        }
        return RuleCommand(family: family, table: table, edit: edit, location: location)
    }

    /// The rules that the line stands for: one for each pair of a source and a destination.
    private mutating func rules(in chain: String, table: TableName) throws(FormatError) -> [Rule] {
        if givenInterfaces.contains("out-interface"), chain == "PREROUTING" || chain == "INPUT" {
            throw FormatError(location, "Can't use -o with \(chain)")
        }
        if givenInterfaces.contains("in-interface"), chain == "POSTROUTING" || chain == "OUTPUT" {
            throw FormatError(location, "Can't use -i with \(chain)")
        }
        var context = RuleContext(
            family: family, table: self.table ?? enclosingTable, ipProtocol: rule.ipProtocol,
            location: location)
        for match in matches {
            context.location = match.location
            context.given = match.given
            rule.matches.append(try match.options.finish(context))
        }
        if let target {
            context.location = target.location
            context.given = target.given
            rule.target = try target.options.finish(context)
        } else {
            rule.target = plainTarget
        }
        let isMultiple = sources.count * destinations.count > 1 || sources.count > 1 || destinations.count > 1
        if isMultiple, sources.first?.inverted == true || destinations.first?.inverted == true {
            throw FormatError(location, "! not allowed with multiple source or destination IP addresses")
        }
        var rules: [Rule] = []
        for source in sources.isEmpty ? [nil] : sources.map(Optional.some) {
            for destination in destinations.isEmpty ? [nil] : destinations.map(Optional.some) {
                var copy = rule
                copy.source = source.flatMap { $0.isTrivial ? nil : $0 }
                copy.destination = destination.flatMap { $0.isTrivial ? nil : $0 }
                rules.append(copy)
            }
        }
        return rules
    }
}

extension AddressMatch {
    /// 0.0.0.0/0 without `!`: matches everything and is never printed.
    var isTrivial: Bool { mask.isZero && !inverted }
}
