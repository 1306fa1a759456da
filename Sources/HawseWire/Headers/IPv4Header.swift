/// An IPv4 header (`struct iphdr`, RFC 791).
@frozen
public struct IPv4Header {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of a header without options.
    @inlinable @inline(__always) public static var length: Int { 20 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var versionAndLength: Int { 0 }
        @inlinable @inline(__always) public static var tos: Int { 1 }
        @inlinable @inline(__always) public static var totalLength: Int { 2 }
        @inlinable @inline(__always) public static var identification: Int { 4 }
        @inlinable @inline(__always) public static var fragmentField: Int { 6 }
        @inlinable @inline(__always) public static var ttl: Int { 8 }
        @inlinable @inline(__always) public static var protocolNumber: Int { 9 }
        @inlinable @inline(__always) public static var checksum: Int { 10 }
        @inlinable @inline(__always) public static var source: Int { 12 }
        @inlinable @inline(__always) public static var destination: Int { 16 }
        @inlinable @inline(__always) public static var options: Int { 20 }
    }

    /// Version nibble and header length in 32-bit words, as one byte; 0x45 without options.
    @inlinable @inline(__always)
    public var versionAndLength: UInt8 {
        get { base.load8(at: Field.versionAndLength) }
        nonmutating set { base.store8(newValue, at: Field.versionAndLength) }
    }

    @inlinable @inline(__always)
    public var version: UInt8 {
        get { versionAndLength >> 4 }
        nonmutating set { versionAndLength = versionAndLength & 0x0f | newValue << 4 }
    }

    /// Bytes, 0…60; below 20 is malformed.
    @inlinable @inline(__always)
    public var headerLength: Int {
        get { Int(versionAndLength & 0x0f) * 4 }
        nonmutating set {
            versionAndLength = versionAndLength & 0xf0 | UInt8(truncatingIfNeeded: newValue >> 2) & 0x0f
        }
    }

    /// DSCP in the upper six bits, ECN in the lower two.
    @inlinable @inline(__always)
    public var tos: UInt8 {
        get { base.load8(at: Field.tos) }
        nonmutating set { base.store8(newValue, at: Field.tos) }
    }

    /// 0…63.
    @inlinable @inline(__always)
    public var dscp: UInt8 {
        get { tos >> 2 }
        nonmutating set { tos = tos & 3 | newValue << 2 }
    }

    /// 0…3.
    @inlinable @inline(__always)
    public var ecn: UInt8 {
        get { tos & 3 }
        nonmutating set { tos = tos & 0xfc | newValue & 3 }
    }

    /// Bytes of header and payload.
    @inlinable @inline(__always)
    public var totalLength: UInt16 {
        get { base.loadBE16(at: Field.totalLength) }
        nonmutating set { base.storeBE16(newValue, at: Field.totalLength) }
    }

    @inlinable @inline(__always)
    public var identification: UInt16 {
        get { base.loadBE16(at: Field.identification) }
        nonmutating set { base.storeBE16(newValue, at: Field.identification) }
    }

    /// Flags and offset as one word (`frag_off`).
    @inlinable @inline(__always)
    public var fragmentField: UInt16 {
        get { base.loadBE16(at: Field.fragmentField) }
        nonmutating set { base.storeBE16(newValue, at: Field.fragmentField) }
    }

    @inlinable @inline(__always)
    public var dontFragment: Bool {
        get { fragmentField & 0x4000 != 0 }
        nonmutating set { fragmentField = fragmentField & ~0x4000 | (newValue ? 0x4000 : 0) }
    }

    @inlinable @inline(__always)
    public var moreFragments: Bool {
        get { fragmentField & 0x2000 != 0 }
        nonmutating set { fragmentField = fragmentField & ~0x2000 | (newValue ? 0x2000 : 0) }
    }

    /// Bytes, a multiple of 8.
    @inlinable @inline(__always)
    public var fragmentOffset: Int {
        get { Int(fragmentField & 0x1fff) * 8 }
        nonmutating set {
            fragmentField = fragmentField & ~0x1fff | UInt16(truncatingIfNeeded: newValue >> 3) & 0x1fff
        }
    }

    /// More fragments or an offset (`ip_is_fragment`).
    @inlinable @inline(__always)
    public var isFragment: Bool {
        fragmentField & 0x3fff != 0
    }

    /// A fragment without the transport header.
    @inlinable @inline(__always)
    public var isLaterFragment: Bool {
        fragmentField & 0x1fff != 0
    }

    @inlinable @inline(__always)
    public var ttl: UInt8 {
        get { base.load8(at: Field.ttl) }
        nonmutating set { base.store8(newValue, at: Field.ttl) }
    }

    @inlinable @inline(__always)
    public var protocolNumber: IPProtocol {
        get { base.loadProtocol(at: Field.protocolNumber) }
        nonmutating set { base.store8(newValue.rawValue, at: Field.protocolNumber) }
    }

    @inlinable @inline(__always)
    public var checksum: UInt16 {
        get { base.loadBE16(at: Field.checksum) }
        nonmutating set { base.storeBE16(newValue, at: Field.checksum) }
    }

    @inlinable @inline(__always)
    public var source: UInt32 {
        get { base.loadBE32(at: Field.source) }
        nonmutating set { base.storeBE32(newValue, at: Field.source) }
    }

    @inlinable @inline(__always)
    public var destination: UInt32 {
        get { base.loadBE32(at: Field.destination) }
        nonmutating set { base.storeBE32(newValue, at: Field.destination) }
    }

    @inlinable @inline(__always)
    public var sourceBits: AddressBits {
        get { AddressBits(ipv4: source) }
        nonmutating set { source = newValue.ipv4 }
    }

    @inlinable @inline(__always)
    public var destinationBits: AddressBits {
        get { AddressBits(ipv4: destination) }
        nonmutating set { destination = newValue.ipv4 }
    }

    /// Computes and stores the header checksum (`ip_send_check`). The header must be whole.
    @inlinable
    public func storeChecksum() {
        checksum = 0
        checksum = InternetChecksum.checksum(base, count: headerLength)
    }

    /// True when the header checksum is right (`ip_fast_csum`). The header must be whole.
    @inlinable
    public var isChecksumValid: Bool { InternetChecksum.sum(base, count: headerLength) == 0xffff }

    /// Decrements the TTL and updates the checksum as the kernel's `ip_decrease_ttl` does.
    @inlinable @inline(__always)
    public func decrementTTL() {
        ttl = ttl &- 1
        let sum = UInt32(checksum) + 0x0100
        checksum = UInt16(truncatingIfNeeded: sum + (sum >= 0xffff ? 1 : 0))
    }
}
