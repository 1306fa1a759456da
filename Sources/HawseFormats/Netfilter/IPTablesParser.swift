import HawseModel
import HawseWire

/// Reads what `iptables-save` writes and `iptables-restore` takes: comments, `*table`, `:CHAIN POLICY [p:b]`, rules
/// with or without counters, the other commands that restore accepts, `COMMIT`. What the kernel would refuse to load
/// (`RuleSetCheck`) is refused too.
public struct IPTablesParser: Sendable {
    public var family: AddressFamily
    /// Named in errors.
    public var file: String
    /// `-c`: counters in the text count; else every counter starts at zero.
    public var counters: Bool
    /// `-n`: what a table holds already stays; only declared chains are flushed.
    public var noFlush: Bool

    public init(
        family: AddressFamily, file: String = "iptables", counters: Bool = true, noFlush: Bool = false
    ) {
        self.family = family
        self.file = file
        self.counters = counters
        self.noFlush = noFlush
    }

    /// The rule set after this text, which is read on top of `base`.
    public func parse(_ text: some StringProtocol, onto base: RuleSet? = nil) throws(FormatError) -> RuleSet {
        try parseText(text, onto: base).rules
    }

    /// Also keeps comments, blank lines and the order of lines, so that the text can be printed again.
    public func parseText(_ text: some StringProtocol, onto base: RuleSet? = nil) throws(FormatError)
        -> RuleSetText
    {
        var reading = RestoreReading(parser: self, base: base)
        try reading.read(text) { (error) throws(FormatError) in throw error }
        if let objection = RuleSetCheck.check(reading.rules).first { throw objection }
        return reading.finished
    }

    /// Reads on after an error: what could be understood, and everything that could not.
    public func diagnose(_ text: some StringProtocol) -> (text: RuleSetText, errors: [FormatError]) {
        var reading = RestoreReading(parser: self, base: nil)
        var errors: [FormatError] = []
        do throws(FormatError) {
            try reading.read(text) { (error) throws(FormatError) in errors.append(error) }
        } catch {
            errors.append(error)
        }
        errors += RuleSetCheck.check(reading.rules)
        return (reading.finished, errors.sorted { ($0.line, $0.column) < ($1.line, $1.column) })
    }
}

/// A rule set with the lines it was read from; printing gives the same text when that was canonical.
public struct RuleSetText: Hashable, Sendable {
    public enum Line: Hashable, Sendable {
        /// A comment, a blank line, or a command that is neither a declaration nor an appended rule.
        case verbatim(String)
        case table(TableName)
        case chain(table: TableName, name: String, policy: Chain.Policy?, counters: Counters)
        /// `written` is the line as it stood when that is not how iptables-save would write it.
        case rule(chain: String, rule: Rule, hasCounters: Bool, written: String?)
        case commit
    }

    public var rules: RuleSet
    public var lines: [Line]
    public var endsWithNewline: Bool

    /// The text as it was read.
    public var text: String { joined(canonical: false) }

    /// The same lines, every rule written as iptables-save writes it.
    public var canonicalText: String { joined(canonical: true) }

    private func joined(canonical: Bool) -> String {
        var out = ""
        let plain = IPTablesPrinter(counters: false)
        let counted = IPTablesPrinter(counters: true)
        for (index, line) in lines.enumerated() {
            if index > 0 { out += "\n" }
            switch line {
            case .verbatim(let text): out += text
            case .table(let name): out += "*\(name.rawValue)"
            case .chain(_, let name, let policy, let counters):
                out += ":\(name) \(policy?.rawValue ?? "-") [\(counters.packets):\(counters.bytes)]"
            case .rule(_, _, _, let written?) where !canonical: out += written
            case .rule(let chain, let rule, let hasCounters, _):
                out += (hasCounters ? counted : plain).text(rule, in: chain, family: rules.family)
            case .commit: out += "COMMIT"
            }
        }
        return endsWithNewline ? out + "\n" : out
    }
}

/// A table under construction: chains in the order of their declaration, found by name.
private struct TableBuilding {
    var table: Table
    var index: [String: Int]
    var names: Set<String>

    init(_ table: Table) {
        self.table = table
        index = Dictionary(
            uniqueKeysWithValues: table.chains.enumerated().map { ($0.element.name, $0.offset) })
        names = Set(table.chains.map(\.name))
    }

    /// Builtin chains first, user chains by name.
    var finished: Table { Table(name: table.name, chains: table.chainsInSaveOrder) }
}

private struct RestoreReading {
    let parser: IPTablesParser
    var rules: RuleSet
    var lines: [RuleSetText.Line] = []
    var endsWithNewline = true
    var building: TableBuilding?

    init(parser: IPTablesParser, base: RuleSet?) {
        self.parser = parser
        rules = base ?? RuleSet(family: parser.family)
    }

    var finished: RuleSetText { RuleSetText(rules: rules, lines: lines, endsWithNewline: endsWithNewline) }

    mutating func read(
        _ text: some StringProtocol, onError: (FormatError) throws(FormatError) -> Void
    ) throws(FormatError) {
        var parts = text.split(separator: "\n", omittingEmptySubsequences: false)
        endsWithNewline = parts.count > 1 && parts.last?.isEmpty == true
        if endsWithNewline || text.isEmpty { parts.removeLast() }
        var number = 0
        for part in parts {
            number += 1
            let location = SourceLocation(file: parser.file, line: number, column: 1)
            do throws(FormatError) {
                try line(part, at: location)
            } catch {
                try onError(error)
            }
        }
        if let open = building {
            rules[open.table.name] = open.finished
            try onError(FormatError(file: parser.file, line: number + 1, message: "COMMIT expected"))
        }
    }

    private mutating func line(_ text: some StringProtocol, at location: SourceLocation) throws(FormatError) {
        let first = text.utf8.first
        if first == nil || first == UInt8(ascii: "#") {
            lines.append(.verbatim(String(text)))
            return
        }
        if let open = building {
            if text.utf8.elementsEqual("COMMIT".utf8) {
                rules[open.table.name] = open.finished
                building = nil
                lines.append(.commit)
            } else if first == UInt8(ascii: ":") {
                try declaration(text, at: location)
            } else {
                try command(text, at: location)
            }
            return
        }
        guard first == UInt8(ascii: "*") else {
            throw FormatError(location, "a table is wanted here, as in `*filter'")
        }
        try openTable(text, at: location)
    }

    private mutating func openTable(_ text: some StringProtocol, at location: SourceLocation)
        throws(FormatError)
    {
        let word = String(text.dropFirst().prefix { !$0.isWhitespace })
        guard let name = TableName(rawValue: word) else {
            var place = location
            place.column = 2
            throw FormatError(
                place, "can't initialize table `\(word)': Table does not exist",
                suggestion: nearestWord(word, among: TableName.allCases.map(\.rawValue)))
        }
        var table = Table.builtin(name)
        if let known = rules[name] {
            if parser.noFlush {
                table = known
            } else {
                for i in table.chains.indices {
                    guard let chain = known.chain(table.chains[i].name) else { continue }
                    table.chains[i].policy = chain.policy
                    table.chains[i].counters = chain.counters
                }
            }
        }
        building = TableBuilding(table)
        lines.append("*\(word)" == text ? .table(name) : .verbatim(String(text)))
    }

    /// `:CHAIN POLICY [packets:bytes]`
    private mutating func declaration(_ text: some StringProtocol, at location: SourceLocation)
        throws(FormatError)
    {
        guard var open = building else { return }
        let words = try tokenize(text.dropFirst(), rules: .restore, firstColumn: 2, at: location)
        func place(_ i: Int) -> SourceLocation {
            SourceLocation(
                file: location.file, line: location.line, column: i < words.count ? words[i].column : 2)
        }
        guard words.count >= 2, words.count <= 3 else {
            throw FormatError(location, "`:CHAIN POLICY [packets:bytes]' is wanted")
        }
        let name = words[0].text
        let isBuiltin = open.table.name.hooks.contains { $0.name == name }
        guard name.utf8.count <= 28 else {
            throw FormatError(place(0), "chain name `\(name)' is longer than 28 bytes")
        }
        var policy: Chain.Policy?
        if words[1].text != "-" {
            policy = Chain.Policy(rawValue: words[1].text)
            guard policy != nil else {
                throw FormatError(
                    place(1), "Can't set policy `\(words[1].text)' on `\(name)': Bad policy name",
                    suggestion: nearestWord(words[1].text, among: ["ACCEPT", "DROP"]))
            }
            guard isBuiltin else {
                throw FormatError(
                    place(0),
                    "Can't set a policy on `\(name)': not a builtin chain of \(open.table.name.rawValue)",
                    suggestion: nearestWord(name, among: open.table.name.hooks.map(\.name)))
            }
        }
        var counters = Counters.zero
        if words.count == 3 {
            guard let parsed = parseCounters(words[2].text) else {
                throw FormatError(place(2), "invalid policy counters for chain `\(name)'")
            }
            counters = parsed
        }
        building = nil
        open.declare(name, policy: policy, counters: parser.counters ? counters : nil)
        let table = open.table.name
        building = open
        let printed = ":\(name) \(policy?.rawValue ?? "-") [\(counters.packets):\(counters.bytes)]"
        lines.append(
            printed == text
                ? .chain(table: table, name: name, policy: policy, counters: counters) : .verbatim(String(text)))
    }

    private mutating func command(_ text: some StringProtocol, at location: SourceLocation)
        throws(FormatError)
    {
        var rest = text[...]
        var counters: Counters?
        if rest.utf8.first == UInt8(ascii: "[") {
            guard let end = rest.firstIndex(of: "]"), let parsed = parseCounters(rest[...end]) else {
                throw FormatError(location, "invalid counters, `[packets:bytes]' is wanted")
            }
            counters = parsed
            rest = rest[rest.index(after: end)...]
        }
        guard var open = building else { return }
        let skipped = text.distance(from: text.startIndex, to: rest.startIndex)
        let tokens = try tokenize(rest, rules: .restore, firstColumn: skipped + 1, at: location)
        var reader = RuleReader(
            tokens: tokens, family: parser.family, table: open.table.name, chains: open.names,
            location: location)
        if let counters, parser.counters { reader.rule.counters = counters }
        let command = try reader.read()
        building = nil
        defer { building = open }
        try open.apply(command)
        guard case .append(let chain, let appended) = command.edit, appended.count == 1 else {
            lines.append(.verbatim(String(text)))
            return
        }
        var shown = appended[0]
        shown.counters = counters ?? .zero
        let printer = IPTablesPrinter(counters: counters != nil)
        let canonical = printer.text(shown, in: chain, family: parser.family)
        let written = canonical == text ? nil : String(text)
        lines.append(.rule(chain: chain, rule: shown, hasCounters: counters != nil, written: written))
    }
}

extension TableBuilding {
    mutating func declare(_ name: String, policy: Chain.Policy?, counters: Counters?) {
        if let i = index[name] {
            // A user chain that is there already is flushed; a builtin one keeps its rules under --noflush.
            if table.chains[i].policy == nil {
                table.chains[i].rules = []
                return
            }
            if let policy {
                table.chains[i].policy = policy
                table.chains[i].counters = counters ?? .zero
            }
            return
        }
        index[name] = table.chains.count
        names.insert(name)
        table.chains.append(Chain(name: name))
    }

    mutating func apply(_ command: RuleCommand) throws(FormatError) {
        if case .append(let chain, let rules) = command.edit {
            guard let i = index[chain] else {
                throw FormatError(
                    command.location, "no chain named `\(chain)'",
                    suggestion: nearestWord(chain, among: names.sorted()))
            }
            table.chains[i].rules += rules
            return
        }
        do throws(RuleEditError) {
            try table.apply(command.edit)
        } catch {
            throw FormatError(command.location, error.description)
        }
        switch command.edit {
        case .newChain, .deleteChain, .renameChain: self = TableBuilding(table)
        default: break
        }
    }
}

/// `[packets:bytes]`
private func parseCounters(_ text: some StringProtocol) -> Counters? {
    guard text.hasPrefix("["), text.hasSuffix("]") else { return nil }
    let parts = text.dropFirst().dropLast().split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let packets = parseDecimal(parts[0]), let bytes = parseDecimal(parts[1]) else {
        return nil
    }
    return Counters(packets: packets, bytes: bytes)
}
