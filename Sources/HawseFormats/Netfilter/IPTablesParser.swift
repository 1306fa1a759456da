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

    /// For comparison: every line is taken apart into words, also those that the quick reader knows.
    var isWordByWord = false

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
        try read(text, onto: base, keepsLines: false).rules
    }

    /// Also keeps comments, blank lines and the order of lines, so that the text can be printed again.
    public func parseText(_ text: some StringProtocol, onto base: RuleSet? = nil) throws(FormatError)
        -> RuleSetText
    {
        try read(text, onto: base, keepsLines: true)
    }

    private func read(_ text: some StringProtocol, onto base: RuleSet?, keepsLines: Bool) throws(FormatError)
        -> RuleSetText
    {
        var reading = RestoreReading(parser: self, base: base, keepsLines: keepsLines)
        if let error = reading.read(text, stopsAtError: true).first { throw error }
        if let objection = RuleSetCheck.check(reading.rules).first { throw objection }
        return reading.finished
    }

    /// Reads on after an error: what could be understood, and everything that could not. With `sets`, `accounts` and
    /// `timeouts`, names of sets, of accounting objects and of timeout policies are looked up too.
    public func diagnose(
        _ text: some StringProtocol, sets: [IPSet]? = nil, accounts: Set<String>? = nil, timeouts: [TimeoutPolicy]? = nil
    ) -> (text: RuleSetText, errors: [FormatError]) {
        var reading = RestoreReading(parser: self, base: nil, keepsLines: true)
        let errors = reading.read(text, stopsAtError: false)
            + RuleSetCheck.check(reading.rules, sets: sets, accounts: accounts, timeouts: timeouts)
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
