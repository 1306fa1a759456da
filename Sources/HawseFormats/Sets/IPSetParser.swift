import HawseModel
import HawseWire

/// Reads what `ipset save` writes and `ipset restore` takes.
public struct IPSetParser: Sendable {
    /// Named in errors.
    public var file: String
    /// `-exist`: no error when a set or an element is there already, or when one to delete is not.
    public var exist: Bool
    /// The lines of `ipset save` were sorted, so that elements may stand before their set, and timeouts may be `T`: as
    /// golden cases keep them.
    public var isRecorded: Bool

    public init(file: String = "ipset", exist: Bool = false, isRecorded: Bool = false) {
        self.file = file
        self.exist = exist
        self.isRecorded = isRecorded
    }

    public func parse(_ text: some StringProtocol, onto base: [IPSet] = []) throws(FormatError) -> [IPSet] {
        var reading = IPSetReading(parser: self, sets: base, keepsLines: false)
        try reading.read(text) { (error) throws(FormatError) in throw error }
        return reading.sets
    }

    /// Also keeps every line, so that the text can be printed again.
    public func parseText(_ text: some StringProtocol, onto base: [IPSet] = []) throws(FormatError)
        -> IPSetText
    {
        var reading = IPSetReading(parser: self, sets: base, keepsLines: true)
        try reading.read(text) { (error) throws(FormatError) in throw error }
        return reading.finished
    }

    /// Reads on after an error: what could be understood, and everything that could not.
    public func diagnose(_ text: some StringProtocol) -> (text: IPSetText, errors: [FormatError]) {
        var reading = IPSetReading(parser: self, sets: [], keepsLines: true)
        var errors: [FormatError] = []
        do throws(FormatError) {
            try reading.read(text) { (error) throws(FormatError) in errors.append(error) }
        } catch {
            errors.append(error)
        }
        return (reading.finished, errors)
    }
}

/// Sets with the lines they were read from.
public struct IPSetText: Hashable, Sendable {
    public enum Line: Hashable, Sendable {
        /// A comment, a blank line, or a command other than create and add.
        case verbatim(String)
        /// `written` is the line as it stood when that is not how `ipset save` would write it.
        case create(IPSet, written: String?)
        case add(IPSet.Entry, set: IPSet, written: String?)
    }

    public var sets: [IPSet]
    /// The sets in here have no entries of their own.
    public var lines: [Line]
    public var endsWithNewline: Bool

    /// The text as it was read.
    public var text: String { joined(canonical: false) }

    /// The same lines as `ipset save` writes them.
    public var canonicalText: String { joined(canonical: true) }

    private func joined(canonical: Bool) -> String {
        let printer = IPSetPrinter()
        let texts = lines.map { line in
            switch line {
            case .verbatim(let text): text
            case .create(_, let written?) where !canonical: written
            case .add(_, _, let written?) where !canonical: written
            case .create(let set, _): printer.header(set)
            case .add(let entry, let set, _): printer.line(entry, of: set)
            }
        }
        return texts.joined(separator: "\n") + (endsWithNewline ? "\n" : "")
    }
}

private struct IPSetReading {
    let parser: IPSetParser
    let keepsLines: Bool
    var sets: [IPSet]
    var index: [String: Int]
    var members: [String: [IPSet.Entry: Int]] = [:]
    /// Sets in which such elements were put.
    var withWildcards: Set<String> = []
    var lines: [IPSetText.Line] = []
    var endsWithNewline = true

    init(parser: IPSetParser, sets: [IPSet], keepsLines: Bool) {
        self.parser = parser
        self.keepsLines = keepsLines
        self.sets = sets
        index = Dictionary(
            sets.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { a, _ in a })
        for set in sets { reindex(set) }
    }

    var finished: IPSetText { IPSetText(sets: sets, lines: lines, endsWithNewline: endsWithNewline) }

    mutating func reindex(_ set: IPSet) {
        members[set.name] = Dictionary(
            set.entries.enumerated().map { ($0.element.key, $0.offset) }, uniquingKeysWith: { a, _ in a })
    }

    mutating func read(
        _ text: some StringProtocol, onError: (FormatError) throws(FormatError) -> Void
    ) throws(FormatError) {
        var parts = textLines(text)
        if let refusal = TextForm.refusal(text, file: parser.file, tool: "ipset") {
            try onError(refusal.error)
            if refusal.isWhole { return }
            parts[0] = Substring(parts[0].unicodeScalars.dropFirst())
        }
        endsWithNewline = parts.count > 1 && parts.last?.isEmpty == true
        if endsWithNewline || text.isEmpty { parts.removeLast() }
        var order = Array(parts.indices)
        if parser.isRecorded {
            // Sets before their elements.
            let isCreation = order.filter { parts[$0].hasPrefix("create ") }
            order = isCreation + order.filter { !parts[$0].hasPrefix("create ") }
        }
        var read: [(Int, Line)] = []
        for number in order {
            let before = lines.count
            do throws(FormatError) {
                try line(parts[number], at: SourceLocation(file: parser.file, line: number + 1, column: 1))
            } catch {
                try onError(error)
            }
            read += lines[before...].map { (number, $0) }
        }
        lines = read.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private typealias Line = IPSetText.Line

    private mutating func note(_ line: @autoclosure () -> Line) {
        if keepsLines { lines.append(line()) }
    }

    private mutating func line(_ text: some StringProtocol, at location: SourceLocation) throws(FormatError) {
        if text.utf8.first == UInt8(ascii: "#") || text.utf8.allSatisfy({ $0 == 0x20 || $0 == 9 || $0 == 13 })
        {
            note(.verbatim(String(text)))
            return
        }
        var words = IPSetWords(
            tokens: try tokenize(text, rules: .restore, at: location), location: location,
            exist: parser.exist,
            isRecorded: parser.isRecorded)
        let command = try words.next("a command")
        switch command.text {
        case "create", "-N", "--create", "n", "-n": try create(&words, String(text))
        case "add", "-A", "--add": try add(&words, String(text))
        default:
            try other(command, &words)
            note(.verbatim(String(text)))
        }
    }

    private mutating func create(_ words: inout IPSetWords, _ text: String) throws(FormatError) {
        let set = try words.newSet()
        if let old = index[set.name] {
            guard words.exist, sets[old].kind == set.kind, sets[old].options == set.options else {
                throw FormatError(
                    words.location, "Set cannot be created: set with the same name already exists")
            }
        } else {
            index[set.name] = sets.count
            sets.append(set)
            members[set.name] = [:]
        }
        note(.create(set, written: IPSetPrinter().header(set) == text ? nil : text))
    }

    private mutating func add(_ words: inout IPSetWords, _ text: String) throws(FormatError) {
        let (i, name) = try existing(&words)
        var header = sets[i]
        header.entries = []
        let (entry, neighbour) = try words.entry(of: header)
        if let member = entry.set, index[member] == nil {
            throw FormatError(words.location, "Set `\(member)' to be added as element does not exist")
        }
        if let old = present(entry, in: i) {
            guard words.exist else {
                throw FormatError(words.location, "Element cannot be added to the set: it's already added")
            }
            sets[i].entries[old] = entry
        } else if let neighbour {
            var key = IPSet.Entry()
            key.set = neighbour.name
            guard let place = members[name]?[key] else {
                throw FormatError(
                    words.location,
                    "The set to which you referred with 'before' or 'after' is not added to the set.")
            }
            sets[i].entries.insert(entry, at: neighbour.isBefore ? place : place + 1)
            reindex(sets[i])
        } else {
            members[name]?[entry.key] = sets[i].entries.count
            sets[i].entries.append(entry)
        }
        if entry.isWildcard { withWildcards.insert(name) }
        note(
            .add(entry, set: header, written: IPSetPrinter().line(entry, of: header) == text ? nil : text))
    }

    /// Where the element is that the kernel takes for the same: one with `wildcard` stands for all names that begin like its own.
    private func present(_ entry: IPSet.Entry, in i: Int) -> Int? {
        let set = sets[i]
        guard !parser.isRecorded, withWildcards.contains(set.name), let device = entry.interface else { return members[set.name]?[entry.key] }
        return set.entries.firstIndex { old in
            guard let own = old.interface, old.first == entry.first, old.isPhysdev == entry.isPhysdev else { return false }
            return old.isWildcard ? device.hasPrefix(own) : device == own
        }
    }

    private func existing(_ words: inout IPSetWords) throws(FormatError) -> (index: Int, name: String) {
        let word = try words.next("a set's name")
        guard let i = index[word.text] else {
            throw FormatError(
                words.place(word), "The set with the given name does not exist: `\(word.text)'",
                suggestion: nearestWord(word.text, among: index.keys.sorted()))
        }
        return (i, word.text)
    }

    private mutating func other(_ command: Token, _ words: inout IPSetWords) throws(FormatError) {
        switch command.text {
        case "del", "-D", "--del", "--delete":
            let (i, _) = try existing(&words)
            var header = sets[i]
            header.entries = []
            let (entry, _) = try words.entry(of: header)
            guard let old = present(entry, in: i) else {
                guard words.exist else {
                    throw FormatError(
                        words.location, "Element cannot be deleted from the set: it's not added")
                }
                return
            }
            sets[i].entries.remove(at: old)
            reindex(sets[i])
        case "flush", "-F", "--flush":
            for i in words.isAtEnd ? Array(sets.indices) : [try existing(&words).index] {
                sets[i].entries = []
                members[sets[i].name] = [:]
            }
        case "destroy", "-X", "x", "--destroy":
            guard !words.isAtEnd else { return keep { _ in false } }
            let name = try existing(&words).name
            if let user = sets.first(where: { $0.entries.contains { $0.set == name } }) {
                throw FormatError(
                    words.location,
                    "Set cannot be destroyed: it is in use by a kernel component (list \(user.name))")
            }
            keep { $0.name != name }
        case "rename", "-E", "e", "--rename":
            let i = try existing(&words).index
            let new = try words.setName()
            guard index[new] == nil else {
                throw FormatError(
                    words.location, "Set cannot be renamed: a set with the new name already exists")
            }
            sets[i].name = new
            keep { _ in true }
        case "swap", "-W", "w", "--swap":
            let a = try existing(&words).index
            let b = try existing(&words).index
            guard sets[a].kind == sets[b].kind else {
                throw FormatError(words.location, "The sets cannot be swapped: they are of different types")
            }
            let name = sets[a].name
            sets[a].name = sets[b].name
            sets[b].name = name
            keep { _ in true }
        case "COMMIT", "quit": break
        default:
            let known = ["create", "add", "del", "flush", "destroy", "rename", "swap"]
            throw FormatError(
                words.place(command), "No command specified: unknown argument \(command.text)",
                suggestion: nearestWord(command.text, among: known))
        }
    }

    private mutating func keep(_ isKept: (IPSet) -> Bool) {
        self = IPSetReading(
            parser: parser, sets: sets.filter(isKept), keepsLines: keepsLines, lines: lines,
            endsWithNewline: endsWithNewline)
    }

    private init(
        parser: IPSetParser, sets: [IPSet], keepsLines: Bool, lines: [IPSetText.Line], endsWithNewline: Bool
    ) {
        self.init(parser: parser, sets: sets, keepsLines: keepsLines)
        withWildcards = Set(sets.filter { $0.entries.contains(where: \.isWildcard) }.map(\.name))
        self.lines = lines
        self.endsWithNewline = endsWithNewline
    }
}

extension IPSet.Entry {
    /// What makes two entries the same: the element without what is attached to it.
    var key: IPSet.Entry {
        var key = self
        key.timeout = nil
        key.noMatch = false
        key.isWildcard = false
        key.counters = nil
        key.comment = nil
        key.skbMark = nil
        key.skbPriority = nil
        key.skbQueue = nil
        return key
    }
}
