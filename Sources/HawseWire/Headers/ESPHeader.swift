/// An ESP header (RFC 4303).
@frozen
public struct ESPHeader {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of the header.
    @inlinable @inline(__always) public static var length: Int { 8 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var spi: Int { 0 }
        @inlinable @inline(__always) public static var sequence: Int { 4 }
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
