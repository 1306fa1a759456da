import HawseModel
import HawseWire

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The reading of one restore text, line by line.
struct RestoreReading {
    let parser: IPTablesParser
    let keepsLines: Bool
    private(set) var rules: RuleSet
    private var lines: [RuleSetText.Line] = []
    private var endsWithNewline = true
    private var building: TableBuilding?
    /// A carriage return where the tool takes none has been told of.
    private var hasReturns = false

    init(parser: IPTablesParser, base: RuleSet?, keepsLines: Bool) {
        self.parser = parser
        self.keepsLines = keepsLines
        rules = base ?? RuleSet(family: parser.family)
    }

    var finished: RuleSetText { RuleSetText(rules: rules, lines: lines, endsWithNewline: endsWithNewline) }

    /// Returns what could not be understood: the first of it, or all.
    mutating func read(_ text: some StringProtocol, stopsAtError: Bool) -> [FormatError] {
        var errors: [FormatError] = []
        var text = String(text)
        text.withUTF8 { bytes in
            var number = 0
            var start = 0
            if let refusal = TextForm.refusal(bytes, file: parser.file, tool: "iptables-restore") {
                errors.append(refusal.error)
                if stopsAtError || refusal.isWhole { return }
                start = byteOrderMark.count
            }
            while start < bytes.count {
                let end = lineEnd(bytes, from: start)
                number += 1
                var content = UnsafeBufferPointer(rebasing: bytes[start..<end])
                if content.last == 0x0d, !Self.passesReturn(content) {
                    content = UnsafeBufferPointer(rebasing: content.dropLast())
                    if !hasReturns {
                        hasReturns = true
                        errors.append(TextForm.carriageReturn(file: parser.file, line: number, column: content.count + 1))
                        if stopsAtError { return }
                    }
                }
                do throws(FormatError) {
                    try line(content, number)
                } catch {
                    errors.append(error)
                    if stopsAtError { return }
                }
                start = end + 1
            }
            endsWithNewline = bytes.last == UInt8(ascii: "\n")
            guard building != nil else { return }
            closeTable()
            errors.append(FormatError(file: parser.file, line: number + 1, message: "COMMIT expected"))
        }
        return errors
    }

    /// Whether iptables-restore takes a line that ends in a carriage return: comments, and declarations with counters, whose
    /// end it does not look at.
    private static func passesReturn(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        if line.first == UInt8(ascii: "#") { return true }
        return line.first == UInt8(ascii: ":") && line.split(whereSeparator: { $0 == 0x20 || $0 == 9 || $0 == 0x0d }).count == 3
    }

    private mutating func note(_ line: @autoclosure () -> RuleSetText.Line) {
        if keepsLines { lines.append(line()) }
    }

    private mutating func closeTable() {
        building?.settle()
        guard let open = building else { return }
        rules[open.table.name] = open.finished
        building = nil
    }

    private mutating func line(_ bytes: UnsafeBufferPointer<UInt8>, _ number: Int) throws(FormatError) {
        guard let first = bytes.first, first != UInt8(ascii: "#") else {
            note(.verbatim(String(decoding: bytes, as: UTF8.self)))
            return
        }
        if building != nil, !parser.isWordByWord {
            var cursor = ByteCursor(bytes)
            if quickLine(&cursor, number) { return }
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let location = SourceLocation(file: parser.file, line: number, column: 1)
        if building != nil {
            building?.settle()
            if text == "COMMIT" {
                closeTable()
                note(.commit)
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

    /// Declarations and rules as iptables-save writes them; false for all other lines, which nothing has been done about.
    private mutating func quickLine(_ cursor: inout ByteCursor, _ number: Int) -> Bool {
        if cursor.take(UInt8(ascii: ":")) { return quickDeclaration(&cursor) }
        var counters: Counters?
        if cursor.next == UInt8(ascii: "[") {
            counters = cursor.counters()
            guard counters != nil, cursor.take(UInt8(ascii: " ")) else { return false }
        }
        guard cursor.take("-A "), let name = cursor.bareWord(), let chain = building?.names[name] else { return false }
        let rule = building?.quickRule(
            &cursor, in: chain, line: number, counters: parser.counters ? counters ?? .zero : .zero)
        guard let rule else { return false }
        building?.append(rule, to: chain)
        guard keepsLines, let chain = building?.table.chains[chain].name else { return true }
        var shown = rule
        shown.counters = counters ?? .zero
        noteRule(shown, chain: chain, hasCounters: counters != nil, String(decoding: cursor.bytes, as: UTF8.self))
        return true
    }

    private mutating func quickDeclaration(_ cursor: inout ByteCursor) -> Bool {
        guard let name = cursor.bareWord(), name.count <= 28, cursor.take(" - "), let counters = cursor.counters(),
            cursor.isAtEnd
        else { return false }
        let text = String(decoding: name, as: UTF8.self)
        building?.settle()
        building?.declare(text, policy: nil, counters: nil)
        if let table = building?.table.name {
            note(.chain(table: table, name: text, policy: nil, counters: counters))
        }
        return true
    }

    private mutating func noteRule(_ rule: Rule, chain: String, hasCounters: Bool, _ text: String) {
        let canonical = IPTablesPrinter(counters: hasCounters).text(rule, in: chain, family: parser.family)
        let written = canonical == text ? nil : text
        lines.append(.rule(chain: chain, rule: rule, hasCounters: hasCounters, written: written))
    }

    private mutating func openTable(_ text: String, at location: SourceLocation)
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
                }
            }
        }
        building = TableBuilding(table, parser, origins: parser.noFlush ? table.withoutCounters : nil)
        note("*\(word)" == text ? .table(name) : .verbatim(text))
    }

    /// `:CHAIN POLICY [packets:bytes]`
    private mutating func declaration(_ text: String, at location: SourceLocation)
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
        note(
            printed == text
                ? .chain(table: table, name: name, policy: policy, counters: counters) : .verbatim(text))
    }

    private mutating func command(_ text: String, at location: SourceLocation)
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
        try open.apply(command, parser)
        guard keepsLines else { return }
        guard case .append(let chain, let appended) = command.edit, appended.count == 1 else {
            lines.append(.verbatim(text))
            return
        }
        var shown = appended[0]
        shown.counters = counters ?? .zero
        noteRule(shown, chain: chain, hasCounters: counters != nil, text)
    }
}

/// Where the line that begins at `start` ends.
private func lineEnd(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    guard let base = bytes.baseAddress, let found = memchr(base + start, 0x0a, bytes.count - start) else {
        return bytes.count
    }
    return UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
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
