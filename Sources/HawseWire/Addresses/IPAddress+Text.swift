extension IPAddress: LosslessStringConvertible {
    public init?(_ text: String) {
        self.init(text[...])
    }

    public init?(_ text: Substring) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let value = parseIPv6(text.utf8) else { return nil }
            self.init(family: .ipv6, bits: value)
        } else {
            guard let value = parseIPv4(text.utf8) else { return nil }
            self.init(ipv4: value)
        }
    }

    public var description: String {
        family == .ipv4 ? formatIPv4(bits.ipv4) : formatIPv6(bits)
    }

    /// `10.0.0.1:80` or `[fd00::1]:80`.
    public func description(port: UInt16) -> String {
        guard family == .ipv4 else { return "[\(self)]:\(port)" }
        let value = bits.ipv4
        return String(unsafeUninitializedCapacity: 24) { buffer in
            buffer.baseAddress.map { DecimalText.writeIPv4(value, port: port, $0) } ?? 0
        }
    }
}

private func parseIPv4(_ text: Substring.UTF8View) -> UInt32? {
    var value: UInt32 = 0
    var octet: UInt32 = 0
    var digits = 0
    var dots = 0
    for byte in text {
        if byte == UInt8(ascii: ".") {
            guard digits > 0, dots < 3 else { return nil }
            value = value << 8 | octet
            octet = 0
            digits = 0
            dots += 1
        } else {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            // "01" is octal to some parsers and decimal to others; inet_pton refuses it, and so do we.
            guard !(digits > 0 && octet == 0) else { return nil }
            octet = octet * 10 + UInt32(byte - UInt8(ascii: "0"))
            digits += 1
            guard octet <= 255, digits <= 3 else { return nil }
        }
    }
    guard dots == 3, digits > 0 else { return nil }
    return value << 8 | octet
}

private func hexDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
}

/// RFC 4291 section 2.2, including `::` and a dotted-decimal tail.
private func parseIPv6(_ text: Substring.UTF8View) -> AddressBits? {
    var groups: [UInt32] = []
    var gap: Int?
    let bytes = Array(text)
    guard bytes.count >= 2, bytes.count <= 45 else { return nil }
    var i = 0
    if bytes[0] == UInt8(ascii: ":") {
        guard bytes[1] == UInt8(ascii: ":") else { return nil }
        gap = 0
        i = 2
    }
    while i < bytes.count {
        let start = i
        var group: UInt32 = 0
        while i < bytes.count, let digit = hexDigit(bytes[i]) {
            group = group << 4 | digit
            i += 1
            guard i - start <= 4 else { break }
        }
        if i < bytes.count, bytes[i] == UInt8(ascii: ".") {
            let tail = text[text.index(text.startIndex, offsetBy: start)...]
            guard let v4 = parseIPv4(tail) else { return nil }
            groups += [v4 >> 16, v4 & 0xffff]
            i = bytes.count
            break
        }
        guard i > start, i - start <= 4, groups.count < 8 else { return nil }
        groups.append(group)
        if i == bytes.count { break }
        guard bytes[i] == UInt8(ascii: ":") else { return nil }
        i += 1
        guard i < bytes.count else { return nil }
        if bytes[i] == UInt8(ascii: ":") {
            guard gap == nil else { return nil }
            gap = groups.count
            i += 1
        }
    }
    guard groups.count <= 8, gap == nil ? groups.count == 8 : groups.count <= 7 else { return nil }
    if let gap { groups.insert(contentsOf: repeatElement(0, count: 8 - groups.count), at: gap) }
    let high = groups[0..<4].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
    let low = groups[4..<8].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
    return AddressBits(high: high, low: low)
}

private func formatIPv4(_ value: UInt32) -> String {
    String(unsafeUninitializedCapacity: 16) { buffer in
        buffer.baseAddress.map { DecimalText.writeIPv4(value, $0) } ?? 0
    }
}

/// RFC 5952 with glibc's rules: the longest run of two or more zero groups, the first of equals;
/// `::ffff:a.b.c.d` and `::a.b.c.d` keep the dotted tail.
private func formatIPv6(_ bits: AddressBits) -> String {
    var groups: [UInt16] = []
    for i in 0..<8 {
        let word = i < 4 ? bits.high : bits.low
        groups.append(UInt16(truncatingIfNeeded: word >> (48 - 16 * UInt64(i & 3))))
    }
    var best = 0..<0
    var i = 0
    while i < 8 {
        let start = i
        while i < 8, groups[i] == 0 { i += 1 }
        if i - start > best.count, i - start >= 2 { best = start..<i }
        i = max(i, start + 1)
    }
    if best.lowerBound == 0, best.count == 6 || (best.count == 5 && groups[5] == 0xffff) {
        return "::" + (best.count == 5 ? "ffff:" : "") + formatIPv4(bits.ipv4)
    }
    let head = groups[..<best.lowerBound].map { String($0, radix: 16) }.joined(separator: ":")
    let tail = groups[best.upperBound...].map { String($0, radix: 16) }.joined(separator: ":")
    return best.isEmpty
        ? groups.map { String($0, radix: 16) }.joined(separator: ":") : head + "::" + tail
}
