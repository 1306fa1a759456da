import HawseModel
import HawseWire

/// What stood after an option, with readers for the kinds of values that iptables knows (`xtoptions.c`).
struct OptionArgument {
    /// The match or target, as in `-m NAME`.
    var owner: String
    /// As the option's key, without dashes.
    var option: String
    var text: String
    /// The second word of an option that takes two.
    var second: String
    /// Whether any word was given; only an optional one can be missing.
    var isGiven: Bool
    var inverted: Bool
    var family: AddressFamily
    /// Where the argument begins, or the option when it has none.
    var location: SourceLocation

    func refuse(_ message: String, suggestion: String? = nil) -> FormatError {
        FormatError(location, "\(owner): \(message)", suggestion: suggestion)
    }

    func bad(_ wanted: String) -> FormatError {
        refuse("bad value \"\(text)\" for option \"--\(option)\": \(wanted)")
    }

    func number(max: UInt64 = UInt64(UInt32.max), min: UInt64 = 0) throws(FormatError) -> UInt64 {
        try number(text, min: min, max: max)
    }

    func number(_ text: some StringProtocol, min: UInt64 = 0, max: UInt64) throws(FormatError) -> UInt64 {
        guard let value = parseNumeral(text, max: max), value >= min else {
            throw bad("a number from \(min) to \(max) is wanted")
        }
        return value
    }

    func uint8(min: UInt64 = 0, max: UInt64 = 255) throws(FormatError) -> UInt8 {
        UInt8(try number(max: max, min: min))
    }
    func uint16(min: UInt64 = 0, max: UInt64 = 65535) throws(FormatError) -> UInt16 {
        UInt16(try number(max: max, min: min))
    }
    func uint32(min: UInt64 = 0, max: UInt64 = UInt64(UInt32.max)) throws(FormatError) -> UInt32 {
        UInt32(try number(max: max, min: min))
    }

    /// `a`, `a:b`, `a:` or `:b`, within 0…`max`.
    func range(max: UInt64) throws(FormatError) -> (UInt64, UInt64) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw bad("a value or a range is wanted") }
        let lower = parts[0].isEmpty ? 0 : try number(parts[0], max: max)
        guard parts.count == 2 else { return (lower, lower) }
        return (lower, parts[1].isEmpty ? max : try number(parts[1], max: max))
    }

    func range8() throws(FormatError) -> ValueRange<UInt8> {
        let (a, b) = try range(max: 255)
        return ValueRange(UInt8(a), UInt8(b), inverted: inverted)
    }
    func range16() throws(FormatError) -> ValueRange<UInt16> {
        let (a, b) = try range(max: 65535)
        return ValueRange(UInt16(a), UInt16(b), inverted: inverted)
    }
    func range32() throws(FormatError) -> ValueRange<UInt32> {
        let (a, b) = try range(max: UInt64(UInt32.max))
        return ValueRange(UInt32(a), UInt32(b), inverted: inverted)
    }

    /// Numbers are decimal, and of them the low 16 bits count (`xtables_getportbyname` asks `getaddrinfo`).
    func decimalPort(_ text: some StringProtocol) throws(FormatError) -> UInt16 {
        if let number = parseLooseDecimal(text, max: UInt64(UInt32.max)) { return UInt16(truncatingIfNeeded: number) }
        return try service(text)
    }

    func port(_ text: some StringProtocol) throws(FormatError) -> UInt16 {
        if let number = parseNumeral(text, max: 65535) { return UInt16(number) }
        return try service(text)
    }

    private func service(_ text: some StringProtocol) throws(FormatError) -> UInt16 {
        guard let number = serviceNames[String(text)] else {
            throw refuse(
                "invalid port/service `\(text)' specified",
                suggestion: nearestWord(String(text), among: serviceNames.keys))
        }
        return number
    }

    /// `80`, `80:90`, `80:`, `:90`. Services are known by name for TCP and UDP only (`named`).
    func portRange(named: Bool = true) throws(FormatError) -> ValueRange<UInt16> {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw bad("a port or a range of ports is wanted") }
        func end(_ part: Substring) throws(FormatError) -> UInt16 { named ? try port(part) : UInt16(try number(part, max: 65535)) }
        let lower = parts[0].isEmpty && parts.count == 2 ? 0 : try end(parts[0])
        let upper = parts.count == 1 ? lower : parts[1].isEmpty ? .max : try end(parts[1])
        guard lower <= upper else { throw refuse("invalid portrange (min > max)") }
        return ValueRange(lower, upper, inverted: inverted)
    }

    /// As `portRange`, with neither end looked at: the range may be upside down, and of numbers the low 16 bits count
    /// (`xtopt_parse_mport`).
    func looseNumberedPorts() throws(FormatError) -> ValueRange<UInt16> {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw bad("a port or a range of ports is wanted") }
        func end(_ part: Substring) throws(FormatError) -> UInt16 {
            try decimalPort(part)
        }
        let lower = parts[0].isEmpty && parts.count == 2 ? 0 : try end(parts[0])
        let upper = parts.count == 1 ? lower : parts[1].isEmpty ? .max : try end(parts[1])
        return ValueRange(lower, upper, inverted: inverted)
    }

    /// `value[/mask]`, both 32 bits, or one of `names`.
    func masked(names: [UInt32: String] = [:]) throws(FormatError) -> MaskedValue {
        if let named = names.first(where: { $0.value == text }) {
            return MaskedValue(value: named.key, mask: .max, inverted: inverted)
        }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let value = UInt32(try number(parts[0], max: UInt64(UInt32.max)))
        let mask = parts.count == 2 ? UInt32(try number(parts[1], max: UInt64(UInt32.max))) : .max
        return MaskedValue(value: value, mask: mask, inverted: inverted)
    }

    /// As a host's name would be looked up: of IPv4 the last number fills what is left (`inet_aton`).
    func address() throws(FormatError) -> IPAddress {
        guard let host = parseHostAddress(text, family: family) else { return try address(text) }
        return host
    }

    func address(_ text: some StringProtocol) throws(FormatError) -> IPAddress {
        guard let address = IPAddress(String(text)), address.family == family else {
            throw bad("an \(family == .ipv4 ? "IPv4" : "IPv6") address is wanted (names are not resolved)")
        }
        return address
    }

    /// With what `xtables_numeric_to_ipaddr` makes of few or other numbers.
    func looseAddress(_ text: some StringProtocol) throws(FormatError) -> IPAddress {
        guard let address = parseLooseAddress(text, family: family) else { return try address(text) }
        return address
    }

    func addressMatch() throws(FormatError) -> AddressMatch {
        guard var match = parseAddressMatch(text, family: family, inverted: inverted, isHost: true),
            let host = parseHostAddress(
                text.split(separator: "/", omittingEmptySubsequences: false)[0], family: family)
        else {
            throw bad(
                "an \(family == .ipv4 ? "IPv4" : "IPv6") address or network is wanted (names are not resolved)"
            )
        }
        if match.mask.prefixLength(family: family) == nil {
            // xtables takes a mask with holes for a host's.
            match = AddressMatch(
                address: host, mask: .mask(prefixLength: family.bitCount, family: family), inverted: inverted)
        }
        if match.address != host { match.written = host }
        return match
    }

    func prefixLength() throws(FormatError) -> Int { Int(try number(max: UInt64(family.bitCount))) }

    /// A length, or a mask; one with holes is a host's (`xtopt_parse_plenmask`).
    func prefixLengthOrMask() throws(FormatError) -> Int {
        if let length = parseNumeral(text, max: UInt64(family.bitCount)) { return Int(length) }
        return try address().bits.prefixLength(family: family) ?? family.bitCount
    }

    func ipProtocol() throws(FormatError) -> ProtocolMatch {
        guard let number = IPProtocol(text: text), number.rawValue != 0 || text.lowercased() != "all" || text == "all" else {
            throw refuse(
                "unknown protocol \"\(text)\" specified",
                suggestion: nearestWord(text, among: IPProtocol.knownNames))
        }
        return ProtocolMatch(number, inverted: inverted)
    }

    func string(max: Int, min: Int = 1) throws(FormatError) -> String {
        guard text.utf8.count >= min, text.utf8.count <= max else {
            throw bad("from \(min) to \(max) bytes are wanted")
        }
        return text
    }

    /// The value of a word of `table`, in any case.
    func word<Value>(_ table: KeyValuePairs<String, Value>, _ text: String? = nil) throws(FormatError)
        -> Value
    {
        let wanted = (text ?? self.text).lowercased()
        if let found = table.first(where: { $0.key.lowercased() == wanted }) { return found.value }
        throw refuse(
            "unknown value `\(text ?? self.text)' for \"--\(option)\"",
            suggestion: nearestWord(wanted, among: table.map(\.key)))
    }

    /// Commas between words of `table`, each of which may be cut short (`strncasecmp`); the first that fits is meant.
    func shortenedWords<Value>(_ table: KeyValuePairs<String, Value>) throws(FormatError) -> [Value] {
        var values: [Value] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let wanted = part.lowercased()
            guard !wanted.isEmpty else { throw bad("a list of words is wanted") }
            if let found = table.first(where: { $0.key.lowercased().hasPrefix(wanted) }) {
                values.append(found.value)
            } else {
                values.append(try word(table, String(part)))
            }
        }
        return values
    }

    /// Commas between words of `table`.
    func words<Value>(_ table: KeyValuePairs<String, Value>) throws(FormatError) -> [Value] {
        var values: [Value] = []
        for part in text.split(separator: ",") { values.append(try word(table, String(part))) }
        guard !values.isEmpty else { throw bad("a list of words is wanted") }
        return values
    }
}
