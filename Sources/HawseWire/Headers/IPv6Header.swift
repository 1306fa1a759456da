/// An IPv6 header (`struct ipv6hdr`, RFC 8200).
@frozen
public struct IPv6Header {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of the header.
    @inlinable @inline(__always) public static var length: Int { 40 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var versionWord: Int { 0 }
        @inlinable @inline(__always) public static var payloadLength: Int { 4 }
        @inlinable @inline(__always) public static var nextHeader: Int { 6 }
        @inlinable @inline(__always) public static var hopLimit: Int { 7 }
        @inlinable @inline(__always) public static var source: Int { 8 }
        @inlinable @inline(__always) public static var destination: Int { 24 }
    }

    /// Version, traffic class and flow label as one word; 0x60000000 for class and label 0.
    @inlinable @inline(__always)
    public var versionWord: UInt32 {
        get { base.loadBE32(at: Field.versionWord) }
        nonmutating set { base.storeBE32(newValue, at: Field.versionWord) }
    }

    @inlinable @inline(__always)
    public var version: UInt8 {
        get { base.load8(at: 0) >> 4 }
        nonmutating set { base.store8(base.load8(at: 0) & 0x0f | newValue << 4, at: 0) }
    }

    /// DSCP in the upper six bits, ECN in the lower two.
    @inlinable @inline(__always)
    public var trafficClass: UInt8 {
        get { UInt8(truncatingIfNeeded: versionWord >> 20) }
        nonmutating set { versionWord = versionWord & 0xf00f_ffff | UInt32(newValue) << 20 }
    }

    /// 20 bits.
    @inlinable @inline(__always)
    public var flowLabel: UInt32 {
        get { versionWord & 0x000f_ffff }
        nonmutating set { versionWord = versionWord & 0xfff0_0000 | newValue & 0x000f_ffff }
    }

    /// Bytes behind this header, extension headers included.
    @inlinable @inline(__always)
    public var payloadLength: UInt16 {
        get { base.loadBE16(at: Field.payloadLength) }
        nonmutating set { base.storeBE16(newValue, at: Field.payloadLength) }
    }

    @inlinable @inline(__always)
    public var nextHeader: IPProtocol {
        get { base.loadProtocol(at: Field.nextHeader) }
        nonmutating set { base.store8(newValue.rawValue, at: Field.nextHeader) }
    }

    @inlinable @inline(__always)
    public var hopLimit: UInt8 {
        get { base.load8(at: Field.hopLimit) }
        nonmutating set { base.store8(newValue, at: Field.hopLimit) }
    }

    @inlinable @inline(__always)
    public var source: AddressBits {
        get { base.loadAddressBits(at: Field.source) }
        nonmutating set { base.storeAddressBits(newValue, at: Field.source) }
    }

    @inlinable @inline(__always)
    public var destination: AddressBits {
        get { base.loadAddressBits(at: Field.destination) }
        nonmutating set { base.storeAddressBits(newValue, at: Field.destination) }
    }
}
