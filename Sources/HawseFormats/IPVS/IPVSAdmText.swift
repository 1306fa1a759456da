import HawseModel
import HawseWire

/// Words as ipvsadm reads them.
enum IPVSAdmText {
    /// `strtol` in base 10, whole and within bounds.
    static func number(_ text: String, _ least: Int64, _ most: Int64) -> Int64? {
        var digits = Substring(text).drop { $0 == " " || $0 == "\t" }
        let isNegative = digits.first == "-"
        if isNegative || digits.first == "+" { digits = digits.dropFirst() }
        guard let value = parseDecimal(digits, max: UInt64(Int64.max)) else { return nil }
        let signed = isNegative ? -Int64(value) : Int64(value)
        return signed >= least && signed <= most ? signed : nil
    }

    /// `inet_aton`: one to four numbers, of which the last fills the bytes that are left.
    static func shortIPv4(_ text: some StringProtocol) -> IPAddress? {
        if let address = plainIPv4(text.utf8) { return address }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...4).contains(parts.count) else { return nil }
        var value: UInt64 = 0
        for (i, part) in parts.enumerated() {
            let isLast = i == parts.count - 1
            let bits = isLast ? 32 - 8 * i : 8
            guard let number = parseNumeral(part, max: 1 << UInt64(bits) - 1) else { return nil }
            value |= number << UInt64(isLast ? 0 : 24 - 8 * i)
        }
        return IPAddress(ipv4: UInt32(truncatingIfNeeded: value))
    }

    /// Four decimal numbers without a zero in front: as nearly all are.
    private static func plainIPv4(_ bytes: some Sequence<UInt8>) -> IPAddress? {
        var (value, number, digits, dots) = (UInt32(0), UInt32(0), 0, 0)
        for byte in bytes {
            if byte == UInt8(ascii: ".") {
                guard digits > 0, dots < 3 else { return nil }
                value = value << 8 | number
                (number, digits, dots) = (0, 0, dots + 1)
            } else {
                guard byte >= 0x30, byte <= 0x39, digits == 0 || number != 0 else { return nil }
                number = number * 10 + UInt32(byte - 0x30)
                digits += 1
                guard number <= 255 else { return nil }
            }
        }
        return dots == 3 && digits > 0 ? IPAddress(ipv4: value << 8 | number) : nil
    }

    /// `10.0.0.1`, `10.0.0.1:80`, `10.0.0.1:http`, `[fd00::1]:80`, `fd00::1`.
    static func addressAndPort(_ text: String, _ ipProtocol: IPProtocol) -> (address: IPAddress, port: UInt16?)? {
        if text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) { return nil }
        var host = Substring(text)
        var portText: Substring?
        if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), let address = plainIPv4(text[..<colon].utf8) {
            host = text[text.utf8.index(after: colon)...]
            if let port = number(String(host), 0, 65535) { return (address, UInt16(port)) }
            guard let port = serviceNames[String(host)] else { return nil }
            return (address, port)
        }
        if text.hasPrefix("[") {
            // The bracket wants a port behind it.
            guard let end = text.firstIndex(of: "]") else { return nil }
            let rest = text[text.index(after: end)...]
            guard rest.hasPrefix(":") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            portText = rest.dropFirst()
        } else if IPAddress(host)?.family != .ipv6, let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            portText = text[text.index(after: colon)...]
        }
        guard let address = IPAddress(host).flatMap({ $0.family == .ipv6 ? $0 : nil }) ?? shortIPv4(host) else {
            return nil
        }
        // The port behind a bracket is one of IPv6.
        if text.hasPrefix("["), address.family == .ipv4 { return (address, nil) }
        guard let portText else { return (address, nil) }
        if let port = number(String(portText), 0, 65535) { return (address, UInt16(port)) }
        guard let port = serviceNames[String(portText)] else { return nil }
        return (address, port)
    }
}
