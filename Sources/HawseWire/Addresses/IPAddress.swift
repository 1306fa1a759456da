/// An IPv4 or IPv6 address.
///
/// Text is RFC 4291 / RFC 5952 (as `inet_ntop` prints it); IPv4 is strict dotted decimal.
@frozen
public struct IPAddress: Hashable, Sendable, Comparable {
    public var family: AddressFamily
    public var bits: AddressBits

    @inlinable
    public init(family: AddressFamily, bits: AddressBits) {
        self.family = family
        self.bits = bits
    }

    /// An IPv4 address from a host-order number.
    @inlinable
    public init(ipv4 value: UInt32) {
        self.init(family: .ipv4, bits: AddressBits(ipv4: value))
    }

    @inlinable
    public init(ipv6High high: UInt64, low: UInt64) {
        self.init(family: .ipv6, bits: AddressBits(high: high, low: low))
    }

    @inlinable public static func unspecified(_ family: AddressFamily) -> IPAddress {
        IPAddress(family: family, bits: .zero)
    }

    @inlinable public static func < (a: Self, b: Self) -> Bool {
        a.family != b.family ? a.family < b.family : a.bits < b.bits
    }

    @inlinable public var isUnspecified: Bool { bits.isZero }

    public var isLoopback: Bool {
        family == .ipv4 ? bits.ipv4 >> 24 == 127 : bits.high == 0 && bits.low == 1
    }

    public var isMulticast: Bool {
        family == .ipv4 ? bits.ipv4 >> 28 == 0xe : bits.high >> 56 == 0xff
    }

    /// 169.254.0.0/16 or fe80::/10.
    public var isLinkLocal: Bool {
        family == .ipv4 ? bits.ipv4 >> 16 == 0xa9fe : bits.high >> 54 == 0x3fa
    }

    /// The address's bytes in network order: 4 or 16.
    public var bytes: [UInt8] {
        family == .ipv4
            ? (0..<4).map { UInt8(truncatingIfNeeded: bits.low >> (24 - 8 * UInt64($0))) }
            : (0..<16).map { i in
                let word = i < 8 ? bits.high : bits.low
                return UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64(i & 7)))
            }
    }

    /// From 4 or 16 bytes in network order; `nil` for any other count.
    public init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4:
            self.init(ipv4: bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self.init(
                ipv6High: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) })
        default:
            return nil
        }
    }
}
