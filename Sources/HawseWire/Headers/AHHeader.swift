/// An authentication header (`struct ip_auth_hdr`, RFC 4302).
@frozen
public struct AHHeader {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of the fixed part.
    @inlinable @inline(__always) public static var length: Int { 12 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var nextHeader: Int { 0 }
        @inlinable @inline(__always) public static var lengthField: Int { 1 }
        @inlinable @inline(__always) public static var reserved: Int { 2 }
        @inlinable @inline(__always) public static var spi: Int { 4 }
        @inlinable @inline(__always) public static var sequence: Int { 8 }
    }

    @inlinable @inline(__always)
    public var nextHeader: IPProtocol {
        get { base.loadProtocol(at: Field.nextHeader) }
        nonmutating set { base.store8(newValue.rawValue, at: Field.nextHeader) }
    }

    /// 32-bit words minus 2.
    @inlinable @inline(__always)
    public var lengthField: UInt8 {
        get { base.load8(at: Field.lengthField) }
        nonmutating set { base.store8(newValue, at: Field.lengthField) }
    }

    /// Bytes (`ipv6_authlen`).
    @inlinable @inline(__always)
    public var headerLength: Int {
        get { (Int(lengthField) + 2) * 4 }
        nonmutating set { lengthField = UInt8(truncatingIfNeeded: (newValue >> 2) - 2) }
    }

    @inlinable @inline(__always)
    public var reserved: UInt16 {
        get { base.loadBE16(at: Field.reserved) }
        nonmutating set { base.storeBE16(newValue, at: Field.reserved) }
    }

    /// Security parameters index.
    @inlinable @inline(__always)
    public var spi: UInt32 {
        get { base.loadBE32(at: Field.spi) }
        nonmutating set { base.storeBE32(newValue, at: Field.spi) }
    }

    @inlinable @inline(__always)
    public var sequence: UInt32 {
        get { base.loadBE32(at: Field.sequence) }
        nonmutating set { base.storeBE32(newValue, at: Field.sequence) }
    }
}
