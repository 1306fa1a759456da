import HawseModel

/// A table under construction: chains in the order of their declaration, found by name.
struct TableBuilding {
    var table: Table
    var names: ChainNames
    var saved: SavedRuleReader
    /// Rules read for the chain `gathering`, which go into it together.
    var gathered: [Rule] = []
    var gathering = -1
    /// With `--noflush`: whose the table's rules are. The same chains and rules, none of which has counters but those of this text.
    var origins: Table?
    /// Something has been declared or changed.
    private var isTouched = false

    init(_ table: Table, _ parser: IPTablesParser, origins: Table? = nil) {
        self.table = table
        self.origins = origins
        names = ChainNames(table.chains)
        saved = SavedRuleReader(family: parser.family, table: table.name, file: parser.file)
    }

    mutating func append(_ rule: Rule, to chain: Int) {
        if chain != gathering {
            settle()
            gathering = chain
        }
        gathered.append(rule)
    }

    /// Puts gathered rules where they belong; before anything else happens to the table.
    mutating func settle() {
        guard !gathered.isEmpty else { return }
        touch()
        if table.chains[gathering].rules.isEmpty {
            table.chains[gathering].rules = Array(gathered[...])
        } else {
            table.chains[gathering].rules += gathered
        }
        origins?.chains[gathering].rules += gathered.map(Self.marked)
        gathered.removeAll(keepingCapacity: true)
    }

    /// A rule of this text, in `origins`.
    static func marked(_ rule: Rule) -> Rule {
        var marked = rule
        marked.counters = Counters(packets: 1, bytes: 0)
        return marked
    }

    /// Builtin chains first, user chains by name.
    var finished: Table { Table(name: table.name, chains: table.chainsInSaveOrder) }
}

extension TableBuilding {
    mutating func quickRule(_ cursor: inout ByteCursor, in chain: Int, line: Int, counters: Counters) -> Rule? {
        saved.rule(
            &cursor, in: table.chains[chain].name, line: line, names: names, chains: table.chains, counters: counters)
    }

    mutating func declare(_ name: String, policy: Chain.Policy?, counters: Counters?) {
        touch()
        if let i = names[name] {
            // A user chain that is there already is flushed; a builtin one keeps its rules under --noflush.
            if table.chains[i].policy == nil {
                table.chains[i].rules = []
                origins?.chains[i].rules = []
                return
            }
            if let policy {
                table.chains[i].policy = policy
                table.chains[i].counters = counters ?? .zero
            }
            return
        }
        names.insert(name, table.chains.count)
        table.chains.append(Chain(name: name))
        origins?.chains.append(Chain(name: name))
    }

    /// Whoever commits a changed table sets the counters of its policies: to what the text gives, else to zero (libiptc).
    private mutating func touch() {
        guard !isTouched else { return }
        isTouched = true
        for i in table.chains.indices where table.chains[i].policy != nil { table.chains[i].counters = .zero }
    }

    /// `-Z` zeroes what was there; counters that this text gives stay (`iptcc_zero_entries`).
    private mutating func zero(_ chain: String?, _ position: Int?) {
        guard let origins else { return }
        for i in table.chains.indices where chain == nil || table.chains[i].name == chain {
            for r in position.map({ $0 - 1..<$0 }) ?? table.chains[i].rules.indices where origins.chains[i].rules[r].counters == .zero {
                table.chains[i].rules[r].counters = .zero
            }
        }
    }

    mutating func apply(_ command: RuleCommand, _ parser: IPTablesParser) throws(FormatError) {
        if case .append(let chain, let rules) = command.edit {
            guard let i = names[chain] else {
                throw FormatError(
                    command.location, "no chain named `\(chain)'",
                    suggestion: nearestWord(chain, among: names.sorted))
            }
            touch()
            table.chains[i].rules += rules
            origins?.chains[i].rules += rules.map(Self.marked)
            return
        }
        do throws(RuleEditError) {
            try edit(command.edit)
        } catch {
            throw FormatError(command.location, error.description)
        }
        switch command.edit {
        case .newChain, .deleteChain, .renameChain:
            let wasTouched = isTouched
            self = TableBuilding(table, parser, origins: origins)
            isTouched = wasTouched
        default: break
        }
    }

    private mutating func edit(_ edit: RuleEdit) throws(RuleEditError) {
        switch edit {
        case .check: return try table.apply(edit)
        case .zero(let chain, let position):
            var edited = table
            try edited.apply(edit)
            touch()
            return zero(chain, position)
        default: break
        }
        touch()
        try table.apply(edit)
        if case .policy(let chain, _, nil) = edit, let i = names[chain] { table.chains[i].counters = .zero }
        try origins?.apply(Self.marked(edit))
    }

    private static func marked(_ edit: RuleEdit) -> RuleEdit {
        switch edit {
        case .insert(let chain, let position, let rules): .insert(chain: chain, position: position, rules: rules.map(marked))
        case .replace(let chain, let position, let rule): .replace(chain: chain, position: position, rule: marked(rule))
        default: edit
        }
    }
}

extension Table {
    /// The same chains and rules, all of whose rules count from zero.
    var withoutCounters: Table {
        var table = self
        for chain in table.chains.indices {
            for rule in table.chains[chain].rules.indices { table.chains[chain].rules[rule].counters = .zero }
        }
        return table
    }
}
