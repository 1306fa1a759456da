import HawseModel
import HawseWire

/// Reads what `conntrack -L` prints, with or without `-o extended`, timers and use counts.
public struct ConntrackParser: Sendable {
    /// Named in errors.
    public var file: String

    public init(file: String = "conntrack") { self.file = file }

    public func parse(_ text: some StringProtocol) throws(FormatError) -> [ConnectionListing] {
        var connections: [ConnectionListing] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        where !line.allSatisfy(\.isWhitespace) {
            connections.append(try self.line(line, number: index + 1))
        }
        return connections
    }

    public func line(_ text: some StringProtocol, number: Int = 1) throws(FormatError) -> ConnectionListing {
        let location = SourceLocation(file: file, line: number, column: 1)
        var reader = ConntrackLineReader(
            tokens: try tokenize(text, rules: .shell, at: location)[...], location: location)
        return try reader.connection()
    }
}

private struct ConntrackLineReader {
    var tokens: ArraySlice<Token>
    let location: SourceLocation
    var family: AddressFamily?

    private func error(_ message: String, at token: Token? = nil) -> FormatError {
        var place = location
        if let token = token ?? tokens.first { place.column = token.column }
        return FormatError(place, message)
    }

    private mutating func next(_ wanted: String) throws(FormatError) -> Token {
        guard let token = tokens.popFirst() else { throw error("the line ends where \(wanted) is wanted") }
        return token
    }

    mutating func connection() throws(FormatError) -> ConnectionListing {
        if let word = tokens.first?.text, word == "ipv4" || word == "ipv6" {
            tokens.removeFirst()
            family = word == "ipv4" ? .ipv4 : .ipv6
            let number = try next("the family's number")
            guard number.text == (word == "ipv4" ? "2" : "10") else {
                throw error("\(word) has another number", at: number)
            }
        }
        _ = try next("a protocol's name")
        let number = try next("a protocol's number")
        guard let raw = parseDecimal(number.text, max: 255) else {
            throw error("`\(number.text)' is no protocol", at: number)
        }
        var timeout: UInt32?
        if let seconds = tokens.first.flatMap({ parseDecimal($0.text, max: UInt64(UInt32.max)) }) {
            tokens.removeFirst()
            timeout = UInt32(seconds)
        }
        var state: String?
        if let word = tokens.first?.text, !word.contains("="), !word.hasPrefix("[") {
            tokens.removeFirst()
            state = word
        }
        let original = try side(zoneName: "zone-orig")
        var isReplied = true
        if tokens.first?.text == "[UNREPLIED]" {
            tokens.removeFirst()
            isReplied = false
        }
        let reply = try side(zoneName: "zone-reply")
        var connection = ConnectionListing(
            family: original.source.family, ipProtocol: IPProtocol(rawValue: UInt8(raw)), timeout: timeout,
            state: state,
            original: original, reply: reply, isReplied: isReplied, mark: nil)
        guard family == nil || family == connection.family else {
            throw error("the addresses are of another family")
        }
        while let token = tokens.popFirst() { try attribute(token, &connection) }
        return connection
    }

    private func number(_ token: Token, _ text: Substring, max: UInt64) throws(FormatError) -> UInt64 {
        guard let value = parseNumeral(text, max: max) else {
            throw error("`\(token.text)' has no number up to \(max)", at: token)
        }
        return value
    }

    private func attribute(_ token: Token, _ connection: inout ConnectionListing) throws(FormatError) {
        if token.text == "[ASSURED]" {
            connection.isAssured = true
            return
        }
        let parts = token.text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw error("`\(token.text)' is not understood", at: token) }
        switch parts[0] {
        case "mark": connection.mark = UInt32(try number(token, parts[1], max: UInt64(UInt32.max)))
        case "zone": connection.zone = UInt16(try number(token, parts[1], max: 65535))
        case "helper": connection.helper = String(parts[1])
        case "use": connection.uses = UInt32(try number(token, parts[1], max: UInt64(UInt32.max)))
        default:
            var refusal = error("`\(token.text)' is not understood", at: token)
            refusal.suggestion = nearestWord(String(parts[0]), among: ["mark", "zone", "helper", "use"])
            throw refusal
        }
    }

    /// `src=… dst=… sport=… dport=…` and what may follow of one direction.
    private mutating func side(zoneName: String) throws(FormatError) -> ConnectionListing.Side {
        let source = try address("src")
        let destination = try address("dst")
        var side = ConnectionListing.Side(source: source, destination: destination)
        if let first = try optional("sport", max: 65535) {
            side.ports = .ports(source: UInt16(first), destination: UInt16(try required("dport", max: 65535)))
        } else if let type = try optional("type", max: 255) {
            let code = try required("code", max: 255)
            side.ports = .icmp(
                type: UInt8(type), code: UInt8(code), identifier: UInt16(try required("id", max: 65535)))
        } else if let key = try optional("srckey", max: 65535) {
            side.ports = .gre(
                sourceKey: UInt16(key), destinationKey: UInt16(try required("dstkey", max: 65535)))
        }
        if let zone = try optional(zoneName, max: 65535) { side.zone = UInt16(zone) }
        if let packets = try optional("packets", max: .max) {
            side.counters = Counters(packets: packets, bytes: try required("bytes", max: .max))
        }
        return side
    }

    private mutating func value(_ key: String) -> (Token, Substring)? {
        guard let token = tokens.first, token.text.hasPrefix(key + "=") else { return nil }
        tokens.removeFirst()
        return (token, token.text.dropFirst(key.count + 1))
    }

    private mutating func address(_ key: String) throws(FormatError) -> IPAddress {
        guard let (token, text) = value(key) else { throw error("`\(key)=' is wanted") }
        guard let address = IPAddress(text) else { throw error("`\(text)' is no address", at: token) }
        return address
    }

    private mutating func optional(_ key: String, max: UInt64) throws(FormatError) -> UInt64? {
        guard let (token, text) = value(key) else { return nil }
        return try number(token, text, max: max)
    }

    private mutating func required(_ key: String, max: UInt64) throws(FormatError) -> UInt64 {
        guard let found = try optional(key, max: max) else { throw error("`\(key)=' is wanted") }
        return found
    }
}
