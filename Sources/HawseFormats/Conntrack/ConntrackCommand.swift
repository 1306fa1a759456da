import HawseModel
import HawseWire

/// `conntrack -D …` (or `-L`, `-F`): which connections it means.
public enum ConntrackCommand: Hashable, Sendable {
    case delete(ConnectionFilter)
    case list(ConnectionFilter)
    case flush

    /// A command line with or without the program's name.
    public init(commandLine: String, file: String = "command", line: Int = 1) throws(FormatError) {
        let location = SourceLocation(file: file, line: line, column: 1)
        var tokens = try tokenize(commandLine, rules: .shell, at: location)
        if let first = tokens.first, first.text == "conntrack" || first.text.hasSuffix("/conntrack") {
            tokens.removeFirst()
        }
        var reader = ConntrackCommandReader(tokens: tokens[...], location: location)
        try reader.read()
        switch reader.action {
        case "D": self = .delete(reader.filter)
        case "L": self = .list(reader.filter)
        case "F": self = .flush
        default: throw FormatError(location, "one of -D, -L and -F is wanted")
        }
    }
}

private struct ConntrackCommandReader {
    var tokens: ArraySlice<Token>
    let location: SourceLocation
    var action: Character?
    var filter = ConnectionFilter()

    private static let options: [(names: [String], key: String)] = [
        (["-D", "--delete"], "D"), (["-L", "--dump"], "L"), (["-F", "--flush"], "F"),
        (["-s", "--orig-src", "--src"], "orig-src"), (["-d", "--orig-dst", "--dst"], "orig-dst"),
        (["-r", "--reply-src"], "reply-src"), (["-q", "--reply-dst"], "reply-dst"),
        (["-p", "--proto"], "proto"), (["-f", "--family"], "family"), (["-m", "--mark"], "mark"),
        (["-w", "--zone"], "zone"), (["-n", "--src-nat"], "src-nat"), (["-g", "--dst-nat"], "dst-nat"),
        (["--sport", "--orig-port-src"], "sport"), (["--dport", "--orig-port-dst"], "dport"),
        (["--reply-port-src"], "reply-sport"), (["--reply-port-dst"], "reply-dport"), (["--state"], "state"),
        (["-o", "--output"], "output"),
    ]

    private func place(_ token: Token) -> SourceLocation {
        SourceLocation(file: location.file, line: location.line, column: token.column)
    }

    mutating func read() throws(FormatError) {
        while let token = tokens.popFirst() {
            guard let option = Self.options.first(where: { $0.names.contains(token.text) }) else {
                throw FormatError(
                    place(token), "unknown option `\(token.text)'",
                    suggestion: nearestWord(token.text, among: Self.options.flatMap(\.names)))
            }
            switch option.key {
            case "D", "L", "F":
                guard action == nil else { throw FormatError(place(token), "one command at a time") }
                action = option.key.first
                // The table's name may follow; there is none but this one.
                if tokens.first?.text == "conntrack" { tokens.removeFirst() }
            case "src-nat": filter.hasSourceNAT = true
            case "dst-nat": filter.hasDestinationNAT = true
            default:
                guard let value = tokens.popFirst() else {
                    throw FormatError(place(token), "option `\(token.text)' needs an argument")
                }
                try take(option.key, value)
            }
        }
    }

    private mutating func take(_ key: String, _ value: Token) throws(FormatError) {
        switch key {
        case "orig-src": filter.originalSource = try prefix(value)
        case "orig-dst": filter.originalDestination = try prefix(value)
        case "reply-src": filter.replySource = try prefix(value)
        case "reply-dst": filter.replyDestination = try prefix(value)
        case "sport": filter.originalSourcePort = try port(value)
        case "dport": filter.originalDestinationPort = try port(value)
        case "reply-sport": filter.replySourcePort = try port(value)
        case "reply-dport": filter.replyDestinationPort = try port(value)
        case "proto":
            guard let number = IPProtocol(text: value.text) else {
                throw FormatError(
                    place(value), "`\(value.text)' unsupported protocol",
                    suggestion: nearestWord(value.text, among: IPProtocol.knownNames))
            }
            filter.ipProtocol = number
        case "family":
            guard value.text == "ipv4" || value.text == "ipv6" else {
                throw FormatError(
                    place(value), "unknown protocol family `\(value.text)'",
                    suggestion: nearestWord(value.text, among: ["ipv4", "ipv6"]))
            }
            filter.family = value.text == "ipv4" ? .ipv4 : .ipv6
        case "mark":
            let parts = value.text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let numbers = parts.compactMap { parseNumeral($0, max: UInt64(UInt32.max)) }
            guard numbers.count == parts.count else {
                throw FormatError(place(value), "`\(value.text)' is no mark")
            }
            filter.mark = (UInt32(numbers[0]), numbers.count == 2 ? UInt32(numbers[1]) : .max)
        case "zone":
            guard let zone = parseNumeral(value.text, max: 65535) else {
                throw FormatError(place(value), "`\(value.text)' is no zone")
            }
            filter.zone = UInt16(zone)
        case "state": filter.state = value.text
        default: break
        }
    }

    private func prefix(_ value: Token) throws(FormatError) -> IPPrefix {
        guard let prefix = IPPrefix(value.text) else {
            throw FormatError(place(value), "Invalid IP address `\(value.text)'")
        }
        return prefix
    }

    private func port(_ value: Token) throws(FormatError) -> UInt16 {
        guard let port = parseNumeral(value.text, max: 65535).map({ UInt16($0) }) ?? serviceNames[value.text]
        else {
            throw FormatError(place(value), "Invalid port `\(value.text)'")
        }
        return port
    }
}
