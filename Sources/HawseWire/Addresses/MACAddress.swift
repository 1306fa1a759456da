/// A 48-bit Ethernet address in the low bits of `value`: 02:00:00:00:00:01 is `0x0200_0000_0001`.
@frozen
public struct MACAddress: Hashable, Sendable, Comparable {
    public var value: UInt64

    @inlinable @inline(__always)
    public init(_ value: UInt64) { self.value = value & 0xffff_ffff_ffff }

    @inlinable public static var zero: MACAddress { MACAddress(0) }
    @inlinable public static var broadcast: MACAddress { MACAddress(0xffff_ffff_ffff) }
    @inlinable public var isBroadcast: Bool { value == 0xffff_ffff_ffff }
    /// The group bit: multicast and broadcast.
    @inlinable public var isGroup: Bool { value >> 40 & 1 == 1 }

    @inlinable public static func < (a: Self, b: Self) -> Bool { a.value < b.value }

    /// The modified EUI-64 link-local address (RFC 4291 appendix A).
    public var linkLocal: IPAddress {
        let upper = (value >> 24) ^ 0x02_0000
        return IPAddress(ipv6High: 0xfe80 << 48, low: upper << 40 | 0xfffe << 24 | value & 0xff_ffff)
    }
}

extension MACAddress: LosslessStringConvertible {
    public init?(_ text: String) {
        var value: UInt64 = 0
        var count = 0
        for part in text.split(separator: ":", omittingEmptySubsequences: false) {
            // UInt8(_:radix:) alone would take signs: "+1", "-0".
            guard (1...2).contains(part.utf8.count), part.allSatisfy(\.isHexDigit),
                let byte = UInt8(part, radix: 16)
            else { return nil }
            value = value << 8 | UInt64(byte)
            count += 1
        }
        guard count == 6 else { return nil }
        self.init(value)
    }

    public var description: String {
        let hex: [UInt8] = Array("0123456789abcdef".utf8)
        var out: [UInt8] = []
        for shift in stride(from: UInt64(40), through: 0, by: -8) {
            if shift != 40 { out.append(UInt8(ascii: ":")) }
            let byte = Int(value >> shift & 255)
            out.append(hex[byte >> 4])
            out.append(hex[byte & 15])
        }
        return String(decoding: out, as: UTF8.self)
    }
}
