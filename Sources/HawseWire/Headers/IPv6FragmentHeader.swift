/// The fragment extension header (`struct frag_hdr`, RFC 8200 section 4.5).
@frozen
public struct IPv6FragmentHeader {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of the header.
    @inlinable @inline(__always) public static var length: Int { 8 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var nextHeader: Int { 0 }
        @inlinable @inline(__always) public static var reserved: Int { 1 }
        @inlinable @inline(__always) public static var offsetField: Int { 2 }
        @inlinable @inline(__always) public static var identification: Int { 4 }
    }

    @inlinable @inline(__always)
    public var nextHeader: IPProtocol {
        get { base.loadProtocol(at: Field.nextHeader) }
        nonmutating set { base.store8(newValue.rawValue, at: Field.nextHeader) }
    }

    @inlinable @inline(__always)
    public var reserved: UInt8 {
        get { base.load8(at: Field.reserved) }
        nonmutating set { base.store8(newValue, at: Field.reserved) }
    }

    /// Offset in the upper 13 bits, two reserved bits, M.
    @inlinable @inline(__always)
    public var offsetField: UInt16 {
        get { base.loadBE16(at: Field.offsetField) }
        nonmutating set { base.storeBE16(newValue, at: Field.offsetField) }
    }

    /// Bytes, a multiple of 8.
    @inlinable @inline(__always)
    public var fragmentOffset: Int {
        get { Int(offsetField & 0xfff8) }
        nonmutating set { offsetField = offsetField & 7 | UInt16(truncatingIfNeeded: newValue) & 0xfff8 }
    }

    @inlinable @inline(__always)
    public var moreFragments: Bool {
        get { offsetField & 1 != 0 }
        nonmutating set { offsetField = offsetField & ~1 | (newValue ? 1 : 0) }
    }

    @inlinable @inline(__always)
    public var identification: UInt32 {
        get { base.loadBE32(at: Field.identification) }
        nonmutating set { base.storeBE32(newValue, at: Field.identification) }
    }
}
