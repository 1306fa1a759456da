/// The 128 bits of an address as a host-order number, without its family: what tables store and compare.
///
/// An IPv4 address stands in the low 32 bits of `low`, as `union nf_inet_addr` holds both families.
@frozen
public struct AddressBits: Hashable, Sendable, Comparable {
    public var high: UInt64
    public var low: UInt64

    @inlinable @inline(__always)
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An IPv4 address given as a host-order number: 10.0.0.1 is `0x0a000001`.
    @inlinable @inline(__always)
    public init(ipv4 value: UInt32) {
        self.init(high: 0, low: UInt64(value))
    }

    @inlinable @inline(__always) public static var zero: AddressBits { AddressBits(high: 0, low: 0) }
    @inlinable @inline(__always) public var ipv4: UInt32 { UInt32(truncatingIfNeeded: low) }
    @inlinable @inline(__always) public var isZero: Bool { high | low == 0 }

    /// The four 32-bit words in network order of significance, each a host-order number (IPv6).
    @inlinable @inline(__always)
    public var words: (UInt32, UInt32, UInt32, UInt32) {
        (
            UInt32(truncatingIfNeeded: high >> 32), UInt32(truncatingIfNeeded: high),
            UInt32(truncatingIfNeeded: low >> 32), UInt32(truncatingIfNeeded: low)
        )
    }

    // One branch: a comparison field by field becomes two, or a call.
    @inlinable @inline(__always)
    public static func == (a: Self, b: Self) -> Bool { (a.high ^ b.high) | (a.low ^ b.low) == 0 }

    @inlinable @inline(__always)
    public static func & (a: Self, b: Self) -> Self { Self(high: a.high & b.high, low: a.low & b.low) }
    @inlinable @inline(__always)
    public static func | (a: Self, b: Self) -> Self { Self(high: a.high | b.high, low: a.low | b.low) }
    @inlinable @inline(__always)
    public static func ^ (a: Self, b: Self) -> Self { Self(high: a.high ^ b.high, low: a.low ^ b.low) }
    @inlinable @inline(__always)
    public static prefix func ~ (a: Self) -> Self { Self(high: ~a.high, low: ~a.low) }

    @inlinable @inline(__always)
    public static func < (a: Self, b: Self) -> Bool { a.high != b.high ? a.high < b.high : a.low < b.low }

    /// Adds with carry and wrap-around.
    @inlinable
    public func adding(_ amount: UInt64) -> Self {
        let (sum, carry) = low.addingReportingOverflow(amount)
        return Self(high: high &+ (carry ? 1 : 0), low: sum)
    }

    /// The network mask of a prefix length, within the family's width.
    @inlinable
    public static func mask(prefixLength: Int, family: AddressFamily) -> Self {
        if family == .ipv4 {
            return Self(ipv4: prefixLength == 0 ? 0 : UInt32.max << (32 - UInt32(prefixLength)))
        }
        if prefixLength <= 64 {
            return Self(high: prefixLength == 0 ? 0 : UInt64.max << (64 - UInt64(prefixLength)), low: 0)
        }
        return Self(high: .max, low: prefixLength == 128 ? .max : UInt64.max << (128 - UInt64(prefixLength)))
    }

    /// The prefix length when the mask is contiguous; `nil` for odd masks such as 255.0.255.0.
    public func prefixLength(family: AddressFamily) -> Int? {
        let length: Int
        if family == .ipv4 {
            length = (~ipv4).leadingZeroBitCount
        } else {
            let ones = (~high).leadingZeroBitCount
            length = ones < 64 ? ones : 64 + (~low).leadingZeroBitCount
        }
        return Self.mask(prefixLength: length, family: family) == self ? length : nil
    }
}
