/// An ICMP or ICMPv6 header: the same eight bytes in both (`struct icmphdr`, `struct icmp6hdr`).
@frozen
public struct ICMPHeader {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of the header.
    @inlinable @inline(__always) public static var length: Int { 8 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var type: Int { 0 }
        @inlinable @inline(__always) public static var code: Int { 1 }
        @inlinable @inline(__always) public static var checksum: Int { 2 }
        @inlinable @inline(__always) public static var rest: Int { 4 }
        @inlinable @inline(__always) public static var identifier: Int { 4 }
        @inlinable @inline(__always) public static var sequence: Int { 6 }
        @inlinable @inline(__always) public static var mtu16: Int { 6 }
        @inlinable @inline(__always) public static var pointer: Int { 4 }
        @inlinable @inline(__always) public static var payload: Int { 8 }
    }

    @inlinable @inline(__always)
    public var type: UInt8 {
        get { base.load8(at: Field.type) }
        nonmutating set { base.store8(newValue, at: Field.type) }
    }

    @inlinable @inline(__always)
    public var code: UInt8 {
        get { base.load8(at: Field.code) }
        nonmutating set { base.store8(newValue, at: Field.code) }
    }

    @inlinable @inline(__always)
    public var checksum: UInt16 {
        get { base.loadBE16(at: Field.checksum) }
        nonmutating set { base.storeBE16(newValue, at: Field.checksum) }
    }

    /// The four bytes that depend on the type.
    @inlinable @inline(__always)
    public var rest: UInt32 {
        get { base.loadBE32(at: Field.rest) }
        nonmutating set { base.storeBE32(newValue, at: Field.rest) }
    }

    /// Echo and timestamp messages.
    @inlinable @inline(__always)
    public var identifier: UInt16 {
        get { base.loadBE16(at: Field.identifier) }
        nonmutating set { base.storeBE16(newValue, at: Field.identifier) }
    }

    /// Echo and timestamp messages.
    @inlinable @inline(__always)
    public var sequence: UInt16 {
        get { base.loadBE16(at: Field.sequence) }
        nonmutating set { base.storeBE16(newValue, at: Field.sequence) }
    }

    /// ICMP fragmentation needed: the next hop's MTU.
    @inlinable @inline(__always)
    public var mtu16: UInt16 {
        get { base.loadBE16(at: Field.mtu16) }
        nonmutating set { base.storeBE16(newValue, at: Field.mtu16) }
    }

    /// ICMPv6 packet too big: the next hop's MTU.
    @inlinable @inline(__always)
    public var mtu: UInt32 {
        get { base.loadBE32(at: Field.rest) }
        nonmutating set { base.storeBE32(newValue, at: Field.rest) }
    }

    /// ICMP redirect: the router's address.
    @inlinable @inline(__always)
    public var gateway: UInt32 {
        get { base.loadBE32(at: Field.rest) }
        nonmutating set { base.storeBE32(newValue, at: Field.rest) }
    }

    /// ICMP parameter problem: offset of the octet in error.
    @inlinable @inline(__always)
    public var pointer: UInt8 {
        get { base.load8(at: Field.pointer) }
        nonmutating set { base.store8(newValue, at: Field.pointer) }
    }
}
