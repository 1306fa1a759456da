/// The IP version. Raw values are the version nibble of the header.
public enum AddressFamily: UInt8, Sendable, Hashable, CaseIterable, Comparable {
    case ipv4 = 4
    case ipv6 = 6

    /// Bits in an address: 32 or 128.
    @inlinable public var bitCount: Int { self == .ipv4 ? 32 : 128 }
    /// Bytes in an address: 4 or 16.
    @inlinable public var byteCount: Int { self == .ipv4 ? 4 : 16 }

    @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
