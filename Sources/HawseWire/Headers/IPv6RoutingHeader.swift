/// A routing header (`struct ipv6_rt_hdr`).
@frozen
public struct IPv6RoutingHeader {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of the shortest such header.
    @inlinable @inline(__always) public static var length: Int { 8 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var nextHeader: Int { 0 }
        @inlinable @inline(__always) public static var lengthField: Int { 1 }
        @inlinable @inline(__always) public static var type: Int { 2 }
        @inlinable @inline(__always) public static var segmentsLeft: Int { 3 }
        @inlinable @inline(__always) public static var addresses: Int { 8 }
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

    /// Bytes.
    @inlinable @inline(__always)
    public var headerLength: Int {
        get { (Int(lengthField) + 1) * 8 }
        nonmutating set { lengthField = UInt8(truncatingIfNeeded: (newValue >> 3) - 1) }
    }

    @inlinable @inline(__always)
    public var type: UInt8 {
        get { base.load8(at: Field.type) }
        nonmutating set { base.store8(newValue, at: Field.type) }
    }

    @inlinable @inline(__always)
    public var segmentsLeft: UInt8 {
        get { base.load8(at: Field.segmentsLeft) }
        nonmutating set { base.store8(newValue, at: Field.segmentsLeft) }
    }
}
