import HawseModel
import HawseWire

/// Reads one line of a text byte by byte, without making strings. What it does not find leaves it where it was.
struct ByteCursor {
    let bytes: UnsafeBufferPointer<UInt8>
    private(set) var at = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { at == bytes.count }
    /// The next word is over: a blank or the line's end follows.
    var isAtWordEnd: Bool { at == bytes.count || bytes[at] == UInt8(ascii: " ") }
    var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    mutating func reset(to place: Int) { at = place }

    @inline(__always)
    mutating func take(_ byte: UInt8) -> Bool {
        guard at < bytes.count, bytes[at] == byte else { return false }
        at += 1
        return true
    }

    @inline(__always)
    mutating func take(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard at + count <= bytes.count else { return false }
        for i in 0..<count where bytes[at + i] != text.utf8Start[i] { return false }
        at += count
        return true
    }

    /// The word whole, and nothing behind it.
    @inline(__always)
    mutating func takeWord(_ text: StaticString) -> Bool {
        let start = at
        if take(text), isAtWordEnd { return true }
        at = start
        return false
    }

    /// Everything up to a blank; `nil` when there is nothing, or a quote or backslash that would have to be understood.
    mutating func bareWord() -> UnsafeBufferPointer<UInt8>? {
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: " ") {
            let byte = bytes[at]
            // Other white space cuts words too.
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || (byte >= 9 && byte <= 13) {
                at = start
                return nil
            }
            at += 1
        }
        return at > start ? UnsafeBufferPointer(rebasing: bytes[start..<at]) : nil
    }

    /// `"…"` without escapes, or a bare word: what is inside.
    mutating func word() -> UnsafeBufferPointer<UInt8>? {
        let start = at
        guard take(UInt8(ascii: "\"")) else { return bareWord() }
        let inside = at
        while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
            if bytes[at] == UInt8(ascii: "\\") {
                at = start
                return nil
            }
            at += 1
        }
        guard at < bytes.count else {
            at = start
            return nil
        }
        at += 1
        guard isAtWordEnd else {
            at = start
            return nil
        }
        return UnsafeBufferPointer(rebasing: bytes[inside..<(at - 1)])
    }

    /// Decimal digits without leading zeros, up to `max`.
    @inline(__always)
    mutating func decimal(max: UInt64) -> UInt64? {
        let start = at
        var value: UInt64 = 0
        while at < bytes.count, at - start < 19 {
            let digit = bytes[at] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            value = value &* 10 &+ UInt64(digit)
            at += 1
        }
        let isPlain = at > start && (bytes[start] != UInt8(ascii: "0") || at == start + 1)
        guard isPlain, value <= max, next.map({ $0 &- UInt8(ascii: "0") >= 10 }) ?? true else {
            at = start
            return nil
        }
        return value
    }

    /// `0x` and lower-case hexadecimal digits, 32 bits.
    mutating func hexadecimal() -> UInt32? {
        let start = at
        guard take("0x") else { return nil }
        var value: UInt32 = 0
        let first = at
        while at < bytes.count, at - first < 8 {
            let digit: UInt8
            switch bytes[at] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = bytes[at] - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = bytes[at] - UInt8(ascii: "a") + 10
            default: digit = 16
            }
            if digit == 16 { break }
            value = value << 4 | UInt32(digit)
            at += 1
        }
        guard at > first else {
            at = start
            return nil
        }
        return value
    }

    /// Dotted decimal.
    @inline(__always)
    mutating func ipv4() -> UInt32? {
        let start = at
        var value: UInt32 = 0
        for i in 0..<4 {
            guard i == 0 || take(UInt8(ascii: ".")), let octet = decimal(max: 255) else {
                at = start
                return nil
            }
            value = value << 8 | UInt32(octet)
        }
        return value
    }

    /// `[packets:bytes]`
    mutating func counters() -> Counters? {
        let start = at
        guard take(UInt8(ascii: "[")), let packets = decimal(max: .max), take(UInt8(ascii: ":")),
            let bytes = decimal(max: .max), take(UInt8(ascii: "]"))
        else {
            at = start
            return nil
        }
        return Counters(packets: packets, bytes: bytes)
    }
}
