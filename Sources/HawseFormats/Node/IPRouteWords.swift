import HawseModel
import HawseWire

/// The words of one iproute2 command line, taken from the left.
struct IPRouteWords {
    private var tokens: [Token]
    private var next = 0
    let location: SourceLocation

    init(_ line: String, at location: SourceLocation) throws(FormatError) {
        tokens = try tokenize(line, rules: .shell, firstColumn: max(1, location.column), at: location)
        self.location = location
    }

    var isAtEnd: Bool { next >= tokens.count }
    var peek: String? { next < tokens.count ? tokens[next].text : nil }

    mutating func take() -> String? {
        guard next < tokens.count else { return nil }
        next += 1
        return tokens[next - 1].text
    }

    /// Takes the next word when it is this one.
    mutating func accept(_ word: String) -> Bool {
        guard peek == word else { return false }
        next += 1
        return true
    }

    /// The argument of the word just taken.
    mutating func argument(of word: String) throws(FormatError) -> String {
        guard let value = take() else { throw error("`\(word)' needs an argument") }
        return value
    }

    mutating func number<Value: FixedWidthInteger>(_ word: String, _ type: Value.Type = Value.self)
        throws(FormatError) -> Value
    {
        let text = try argument(of: word)
        guard let value = parseNumber(text, type) else { throw error("`\(text)' is no number for `\(word)'") }
        return value
    }

    /// A service type: hexadecimal with or without `0x` (`rtnl_dsfield_a2n`).
    mutating func serviceType(_ word: String) throws(FormatError) -> UInt8 {
        let text = try argument(of: word)
        guard let value = UInt8(text.hasPrefix("0x") ? String(text.dropFirst(2)) : text, radix: 16) else {
            throw error("`\(text)' is no service type for `\(word)'")
        }
        return value
    }

    mutating func address(_ word: String) throws(FormatError) -> IPAddress {
        let text = try argument(of: word)
        guard let value = IPAddress(text) else { throw error("`\(text)' is no address for `\(word)'") }
        return value
    }

    /// A prefix, `default`, or `all` (then of the family given).
    mutating func prefix(_ word: String, family: AddressFamily?) throws(FormatError) -> IPPrefix {
        try prefix(text: argument(of: word), family: family)
    }

    func prefix(text: String, family: AddressFamily?) throws(FormatError) -> IPPrefix {
        if text == "default" || text == "all" { return .all(family ?? .ipv4) }
        guard let value = IPPrefix(text) else { throw error("`\(text)' is no address or prefix") }
        return value
    }

    func error(_ message: String, suggestion: String? = nil) -> FormatError {
        var place = location
        if next > 0, next <= tokens.count { place.column = tokens[next - 1].column }
        return FormatError(place, message, suggestion: suggestion)
    }

    func unknown(_ word: String, _ known: [String]) -> FormatError {
        error("unknown word `\(word)'", suggestion: nearestWord(word, among: known))
    }

    /// Decimal, or hexadecimal behind 0x.
    private func parseNumber<Value: FixedWidthInteger>(_ text: String, _ type: Value.Type) -> Value? {
        text.hasPrefix("0x") ? Value(text.dropFirst(2), radix: 16) : Value(text)
    }
}
