/// Unsigned numbers as `xtables_strtoul` reads them: decimal, hexadecimal after 0x, octal after 0; blanks and a plus in front.
func parseNumeral(_ text: some StringProtocol, max: UInt64 = .max) -> UInt64? {
    var digits = withoutBlanksAndPlus(text)
    var radix: UInt64 = 10
    if digits.count > 2, digits.first == UInt8(ascii: "0"),
        digits[digits.startIndex + 1] | 0x20 == UInt8(ascii: "x")
    {
        digits = digits.dropFirst(2)
        radix = 16
    } else if digits.count > 1, digits.first == UInt8(ascii: "0") {
        digits = digits.dropFirst()
        radix = 8
    }
    return parseDigits(digits, radix: radix, max: max)
}

/// What `strtoul` skips.
private func withoutBlanksAndPlus(_ text: some StringProtocol) -> ArraySlice<UInt8> {
    let digits = Array(text.utf8).drop { $0 == 0x20 || (9...13).contains($0) }
    return digits.first == UInt8(ascii: "+") ? digits.dropFirst() : digits
}

/// The number that a text begins with, whatever follows (`strtoul` with nobody looking at its end).
func parseNumeralPrefix(_ text: some StringProtocol) -> UInt64? {
    let bytes = Array(text.utf8)
    for end in stride(from: bytes.count, to: 0, by: -1) {
        if let value = parseNumeral(String(decoding: bytes[..<end], as: UTF8.self)) { return value }
    }
    return nil
}

/// A decimal number that a text begins with (`atoi`).
func parseDecimalPrefix(_ text: some StringProtocol, max: UInt64 = .max) -> UInt64? {
    parseDigits(withoutBlanksAndPlus(text).prefix { (0x30...0x39).contains($0) }, radix: 10, max: max)
}

/// Decimal digits with what `strtoul` skips in front.
func parseLooseDecimal(_ text: some StringProtocol, max: UInt64 = .max) -> UInt64? {
    parseDigits(withoutBlanksAndPlus(text), radix: 10, max: max)
}

/// Plain decimal digits.
func parseDecimal(_ text: some StringProtocol, max: UInt64 = .max) -> UInt64? {
    parseDigits(Array(text.utf8)[...], radix: 10, max: max)
}

/// Hexadecimal digits with or without 0x.
func parseHexadecimal(_ text: some StringProtocol, max: UInt64 = .max) -> UInt64? {
    var digits = Array(text.utf8)[...]
    if digits.count > 2, digits.first == UInt8(ascii: "0"),
        digits[digits.startIndex + 1] | 0x20 == UInt8(ascii: "x")
    {
        digits = digits.dropFirst(2)
    }
    return parseDigits(digits, radix: 16, max: max)
}

private func parseDigits(_ digits: ArraySlice<UInt8>, radix: UInt64, max: UInt64) -> UInt64? {
    guard !digits.isEmpty else { return nil }
    var value: UInt64 = 0
    for byte in digits {
        let digit: UInt64
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = UInt64(byte - UInt8(ascii: "A") + 10)
        default: return nil
        }
        guard digit < radix else { return nil }
        let (product, overflow) = value.multipliedReportingOverflow(by: radix)
        let (sum, carry) = product.addingReportingOverflow(digit)
        guard !overflow, !carry, sum <= max else { return nil }
        value = sum
    }
    return value
}

func hexText(_ value: some FixedWidthInteger) -> String { "0x" + String(value, radix: 16) }

/// Hexadecimal with at least `width` digits and 0x in front: `%#04x` is width 2.
func hexText(_ value: some FixedWidthInteger, width: Int) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// Decimal with leading zeros.
func paddedText(_ value: some FixedWidthInteger, width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
