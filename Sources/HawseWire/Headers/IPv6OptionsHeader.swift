/// A hop-by-hop or destination options header, and the common first two bytes of extension headers.
@frozen
public struct IPv6OptionsHeader {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of the shortest such header.
    @inlinable @inline(__always) public static var length: Int { 8 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var nextHeader: Int { 0 }
        @inlinable @inline(__always) public static var lengthField: Int { 1 }
        @inlinable @inline(__always) public static var options: Int { 2 }
    }

    @inlinable @inline(__always)
    public var nextHeader: IPProtocol {
        get { base.loadProtocol(at: Field.nextHeader) }
        nonmutating set { base.store8(newValue.rawValue, at: Field.nextHeader) }
    }

    /// Units of 8 bytes, not counting the first.
    @inlinable @inline(__always)
    public var lengthField: UInt8 {
        get { base.load8(at: Field.lengthField) }
        nonmutating set { base.store8(newValue, at: Field.lengthField) }
    }

    /// Bytes (`ipv6_optlen`).
    @inlinable @inline(__always)
    public var headerLength: Int {
        get { (Int(lengthField) + 1) * 8 }
        nonmutating set { lengthField = UInt8(truncatingIfNeeded: (newValue >> 3) - 1) }
    }
}
