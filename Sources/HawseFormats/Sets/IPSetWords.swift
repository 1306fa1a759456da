import HawseModel
import HawseWire

/// The words of one ipset command.
struct IPSetWords {
    private let tokens: [Token]
    private var index = 0
    let location: SourceLocation
    /// `-exist` on this line or for all.
    private(set) var exist: Bool
    private let isRecorded: Bool

    init(tokens: [Token], location: SourceLocation, exist: Bool, isRecorded: Bool) {
        self.isRecorded = isRecorded
        let flags: Set<String> = ["-exist", "--exist", "-!"]
        self.tokens = tokens.filter { $0.isQuoted || !flags.contains($0.text) }
        self.location = location
        self.exist = exist || self.tokens.count < tokens.count
    }

    var isAtEnd: Bool { index >= tokens.count }

    func place(_ token: Token) -> SourceLocation {
        SourceLocation(file: location.file, line: location.line, column: token.column)
    }

    mutating func next(_ wanted: String) throws(FormatError) -> Token {
        guard index < tokens.count else { throw FormatError(location, "Missing \(wanted)") }
        index += 1
        return tokens[index - 1]
    }

    mutating func setName() throws(FormatError) -> String {
        let word = try next("a set's name")
        guard (1...31).contains(word.text.utf8.count) else {
            throw FormatError(place(word), "setname `\(word.text)' must have from 1 to 31 bytes")
        }
        return word.text
    }

    /// The next word as an option's name, without leading dashes.
    private mutating func option() throws(FormatError) -> (name: String, token: Token) {
        let token = try next("an option")
        return (String(token.text.drop { $0 == "-" }), token)
    }

    private mutating func number(_ option: String, max: UInt64) throws(FormatError) -> UInt64 {
        let word = try next("the argument of `\(option)'")
        guard let value = parseNumeral(word.text, max: max) else {
            throw FormatError(place(word), "Syntax error: '\(word.text)' is out of range 0-\(max)")
        }
        return value
    }

    // MARK: create

    mutating func newSet() throws(FormatError) -> IPSet {
        let name = try setName()
        let word = try next("a type's name")
        guard let kind = IPSet.Kind(word: word.text) else {
            throw FormatError(
                place(word), "Syntax error: typename '\(word.text)' is unknown",
                suggestion: nearestWord(word.text, among: IPSet.Kind.allCases.map(\.rawValue)))
        }
        var options = IPSet.Options()
        while !isAtEnd { try createOption(kind, &options) }
        if kind.isBitmap, options.portRange == nil, options.addressRange == nil {
            throw FormatError(location, "Mandatory option `range' is missing")
        }
        return IPSet(name: name, kind: kind, options: options)
    }

    private mutating func createOption(_ kind: IPSet.Kind, _ options: inout IPSet.Options) throws(FormatError)
    {
        let (name, token) = try option()
        let u32 = UInt64(UInt32.max)
        switch name {
        case "timeout": options.timeout = UInt32(try number(name, max: 2_147_483))
        case "counters": options.counters = true
        case "comment": options.comment = true
        case "skbinfo": options.skbinfo = true
        case "range" where kind.isBitmap: try range(kind, &options)
        case "netmask" where kind.hasNetmask: try netmask(&options)
        case "bitmask" where kind.hasBitmask: try bitmask(&options)
        case "size" where kind == .listSet: options.size = UInt32(try number(name, max: u32))
        case "family" where kind.hasFamily: options.family = try family()
        case "hashsize" where kind.isHash: options.hashSize = UInt32(try number(name, max: u32))
        case "maxelem" where kind.isHash: options.maxElements = UInt32(try number(name, max: u32))
        case "bucketsize" where kind.isHash: options.bucketSize = UInt8(try number(name, max: 255))
        case "initval" where kind.isHash: options.initialValue = UInt32(try number(name, max: u32))
        case "markmask" where kind == .hashIPMark: options.markMask = UInt32(try number(name, max: u32))
        case "forceadd" where kind.isHash: options.forceAdd = true
        default:
            let known = [
                "timeout", "counters", "comment", "skbinfo", "range", "netmask", "size", "family", "hashsize",
                "maxelem", "bucketsize", "initval", "markmask", "forceadd", "bitmask",
            ]
            throw FormatError(
                place(token), "Unknown argument: `\(token.text)' (for \(kind.rawValue))",
                suggestion: nearestWord(name, among: known))
        }
    }

    private mutating func netmask(_ options: inout IPSet.Options) throws(FormatError) {
        let word = try next("the argument of `netmask'")
        let bits = UInt64(options.family.bitCount)
        guard let value = parseNumeral(word.text, max: bits), value >= 1 else {
            throw FormatError(place(word), "Syntax error: netmask is out of the inclusive range of 1-\(bits)")
        }
        options.netmask = UInt8(value)
        try checkMasks(word, options)
    }

    private mutating func bitmask(_ options: inout IPSet.Options) throws(FormatError) {
        let word = try next("the argument of `bitmask'")
        // The tool prints a length behind it that it remembers of an element, and takes it back.
        let parts = word.text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let isLength = parts.count == 1 || parseDecimal(parts[1], max: UInt64(options.family.bitCount)) != nil
        guard let mask = IPAddress(String(parts[0])), mask.family == options.family, isLength else {
            throw FormatError(
                place(word), "Syntax error: bitmask is not valid for family = \(options.family == .ipv4 ? "inet" : "inet6")")
        }
        guard !mask.bits.isZero else { throw FormatError(place(word), "The value of the bitmask parameter is invalid") }
        options.bitmask = mask
        try checkMasks(word, options)
    }

    private func checkMasks(_ word: Token, _ options: IPSet.Options) throws(FormatError) {
        guard options.netmask == nil || options.bitmask == nil else {
            throw FormatError(place(word), "Syntax error: bitmask and netmask are mutually exclusive, provide only one")
        }
    }

    private mutating func family() throws(FormatError) -> AddressFamily {
        let word = try next("the argument of `family'")
        switch word.text {
        case "inet", "ipv4", "-4": return .ipv4
        case "inet6", "ipv6", "-6": return .ipv6
        default:
            throw FormatError(
                place(word), "Syntax error: unknown inet family \(word.text)",
                suggestion: nearestWord(word.text, among: ["inet", "inet6"]))
        }
    }

    private mutating func range(_ kind: IPSet.Kind, _ options: inout IPSet.Options) throws(FormatError) {
        let word = try next("the argument of `range'")
        let parts = word.text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let wrong = FormatError(place(word), "Syntax error: cannot parse range `\(word.text)'")
        if kind == .bitmapPort {
            guard parts.count == 2, let a = parseNumeral(parts[0], max: 65535),
                let b = parseNumeral(parts[1], max: 65535)
            else { throw wrong }
            options.portRange = UInt16(min(a, b))...UInt16(max(a, b))
            return
        }
        if parts.count == 2 {
            guard let a = IPAddress(parts[0]), let b = IPAddress(parts[1]), a.family == .ipv4,
                b.family == .ipv4
            else { throw wrong }
            options.addressRange = min(a, b)...max(a, b)
        } else {
            guard let prefix = IPPrefix(word.text)?.network, prefix.family == .ipv4, prefix.length > 0 else {
                throw wrong
            }
            options.addressRange = prefix.address...prefix.last
        }
        let count =
            (options.addressRange?.upperBound.bits.ipv4 ?? 0)
            - (options.addressRange?.lowerBound.bits.ipv4 ?? 0)
        if let netmask = options.netmask, netmask < 32, count >> (32 - UInt32(netmask)) < 65536 { return }
        guard count < 65536 else {
            throw FormatError(place(word), "The range you specified exceeds the size limit of the set type")
        }
    }

    // MARK: add, del

    struct Neighbour {
        var name: String
        var isBefore: Bool
    }

    /// The element and what is attached to it.
    mutating func entry(of set: IPSet) throws(FormatError) -> (IPSet.Entry, Neighbour?) {
        let word = try next("an element")
        var entry = try IPSetElementReader(set: set, text: word.text, location: place(word)).entry()
        guard set.covers(entry) else {
            throw FormatError(place(word), "Element is out of the range of the set")
        }
        var neighbour: Neighbour?
        while !isAtEnd {
            let (name, token) = try option()
            switch name {
            case "before" where set.kind == .listSet, "after" where set.kind == .listSet:
                neighbour = Neighbour(name: try setName(), isBefore: name == "before")
            default: try entryOption(name, token, set, &entry)
            }
        }
        return (entry, neighbour)
    }

    private mutating func entryOption(
        _ name: String, _ token: Token, _ set: IPSet, _ entry: inout IPSet.Entry
    ) throws(FormatError) {
        let options = set.options
        func need(_ has: Bool, _ what: String, _ with: String) throws(FormatError) {
            guard has else {
                throw FormatError(
                    place(token), "\(what) cannot be used: set was created without \(with) support")
            }
        }
        switch name {
        case "timeout":
            try need(options.timeout != nil, "Timeout", "timeout")
            if isRecorded, index < tokens.count, tokens[index].text == "T" {
                index += 1
                return
            }
            entry.timeout = UInt32(try number(name, max: 2_147_483))
        case "packets":
            try need(options.counters, "Packet/byte counters", "counter")
            entry.counters = Counters(packets: try number(name, max: .max), bytes: entry.counters?.bytes ?? 0)
        case "bytes":
            try need(options.counters, "Packet/byte counters", "counter")
            entry.counters = Counters(
                packets: entry.counters?.packets ?? 0, bytes: try number(name, max: .max))
        case "comment":
            try need(options.comment, "Comment", "comment")
            let text = try next("the argument of `comment'")
            guard text.text.utf8.count <= 255, !text.text.contains("\"") else {
                throw FormatError(
                    place(text), "Syntax error: comment is longer than 255 bytes or has a quote")
            }
            entry.comment = text.text
        case "skbmark", "skbprio", "skbqueue":
            try need(options.skbinfo, "Skbinfo mapping", "skbinfo")
            try skbinfo(name, &entry)
        case "nomatch" where set.kind.parts.contains(.network): entry.noMatch = true
        case "wildcard" where set.kind == .hashNetIface: entry.isWildcard = true
        default:
            let known = [
                "timeout", "packets", "bytes", "comment", "skbmark", "skbprio", "skbqueue", "nomatch", "wildcard",
            ]
            throw FormatError(
                place(token), "Unknown argument: `\(token.text)'", suggestion: nearestWord(name, among: known)
            )
        }
    }

    private mutating func skbinfo(_ name: String, _ entry: inout IPSet.Entry) throws(FormatError) {
        let word = try next("the argument of `\(name)'")
        let wrong = FormatError(place(word), "Syntax error: Invalid \(name) format \(word.text)")
        switch name {
        case "skbmark":
            let parts = word.text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let numbers = parts.compactMap { part in
                part.hasPrefix("0x") ? parseHexadecimal(part, max: UInt64(UInt32.max)) : nil
            }
            guard numbers.count == parts.count else { throw wrong }
            entry.skbMark = MaskedValue(
                value: UInt32(numbers[0]), mask: numbers.count == 2 ? UInt32(numbers[1]) : .max)
        case "skbprio":
            let parts = word.text.split(separator: ":", omittingEmptySubsequences: false)
            let numbers = parts.compactMap { parseHexadecimal($0, max: 0xffff) }
            guard numbers.count == 2, parts.count == 2 else { throw wrong }
            entry.skbPriority = UInt32(numbers[0]) << 16 | UInt32(numbers[1])
        default:
            guard let queue = parseNumeral(word.text, max: 65535) else { throw wrong }
            entry.skbQueue = UInt16(queue)
        }
    }
}
