/// A neighbour solicitation or advertisement (`struct nd_msg`, RFC 4861), ICMPv6 header included.
/// Redirects share the target address; router messages have their options elsewhere.
@frozen
public struct NeighborDiscoveryHeader {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes up to the options of a solicitation or advertisement.
    @inlinable @inline(__always) public static var length: Int { 24 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var type: Int { 0 }
        @inlinable @inline(__always) public static var code: Int { 1 }
        @inlinable @inline(__always) public static var checksum: Int { 2 }
        @inlinable @inline(__always) public static var flags: Int { 4 }
        @inlinable @inline(__always) public static var target: Int { 8 }
        @inlinable @inline(__always) public static var options: Int { 24 }
        @inlinable @inline(__always) public static var routerSolicitationOptions: Int { 8 }
        @inlinable @inline(__always) public static var routerAdvertisementOptions: Int { 16 }
        @inlinable @inline(__always) public static var redirectDestination: Int { 24 }
        @inlinable @inline(__always) public static var redirectOptions: Int { 40 }
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

    /// Advertisement: R, S, O in the top three bits.
    @inlinable @inline(__always)
    public var flags: UInt32 {
        get { base.loadBE32(at: Field.flags) }
        nonmutating set { base.storeBE32(newValue, at: Field.flags) }
    }

    @inlinable @inline(__always)
    public var isRouter: Bool {
        get { flags & 0x8000_0000 != 0 }
        nonmutating set { flags = flags & ~0x8000_0000 | (newValue ? 0x8000_0000 : 0) }
    }

    @inlinable @inline(__always)
    public var isSolicited: Bool {
        get { flags & 0x4000_0000 != 0 }
        nonmutating set { flags = flags & ~0x4000_0000 | (newValue ? 0x4000_0000 : 0) }
    }

    @inlinable @inline(__always)
    public var isOverride: Bool {
        get { flags & 0x2000_0000 != 0 }
        nonmutating set { flags = flags & ~0x2000_0000 | (newValue ? 0x2000_0000 : 0) }
    }

    @inlinable @inline(__always)
    public var target: AddressBits {
        get { base.loadAddressBits(at: Field.target) }
        nonmutating set { base.storeAddressBits(newValue, at: Field.target) }
    }

    /// The options, `available` being the bytes from this header to the packet's end.
    @inlinable @inline(__always)
    public func options(available: Int) -> NeighborDiscoveryOptions {
        NeighborDiscoveryOptions(UnsafeRawPointer(base) + Self.length, count: available - Self.length)
    }
}
