/// A GRE header (RFC 2784, RFC 2890) and PPTP's version 1 (RFC 2637); optional words follow in the order
/// checksum, key, sequence.
@frozen
public struct GREHeader {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of a header without optional words.
    @inlinable @inline(__always) public static var length: Int { 4 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var flags: Int { 0 }
        @inlinable @inline(__always) public static var protocolType: Int { 2 }
        @inlinable @inline(__always) public static var callID: Int { 6 }
    }

    /// Flag bits and, in the low three bits, the version.
    @inlinable @inline(__always)
    public var flags: UInt16 {
        get { base.loadBE16(at: Field.flags) }
        nonmutating set { base.storeBE16(newValue, at: Field.flags) }
    }

    @inlinable @inline(__always)
    public var protocolType: EtherType {
        get { base.loadEtherType(at: Field.protocolType) }
        nonmutating set { base.storeBE16(newValue.rawValue, at: Field.protocolType) }
    }

    @inlinable @inline(__always)
    public var version: UInt8 {
        get { UInt8(truncatingIfNeeded: flags & 7) }
        nonmutating set { flags = flags & ~7 | UInt16(newValue & 7) }
    }

    @inlinable @inline(__always)
    public var hasChecksum: Bool {
        get { flags & 0x8000 != 0 }
        nonmutating set { flags = flags & ~0x8000 | (newValue ? 0x8000 : 0) }
    }

    @inlinable @inline(__always)
    public var hasKey: Bool {
        get { flags & 0x2000 != 0 }
        nonmutating set { flags = flags & ~0x2000 | (newValue ? 0x2000 : 0) }
    }

    @inlinable @inline(__always)
    public var hasSequence: Bool {
        get { flags & 0x1000 != 0 }
        nonmutating set { flags = flags & ~0x1000 | (newValue ? 0x1000 : 0) }
    }

    /// Where the checksum (two bytes, then two reserved) is when `hasChecksum`.
    @inlinable @inline(__always)
    public var checksumOffset: Int {
        4
    }

    /// Where the key is when `hasKey`.
    @inlinable @inline(__always)
    public var keyOffset: Int {
        hasChecksum ? 8 : 4
    }

    /// Where the sequence number is when `hasSequence`.
    @inlinable @inline(__always)
    public var sequenceOffset: Int {
        keyOffset + (hasKey ? 4 : 0)
    }

    /// Bytes of a version 0 header with its optional words.
    @inlinable @inline(__always)
    public var headerLength: Int {
        sequenceOffset + (hasSequence ? 4 : 0)
    }

    /// Version 1: PPTP's call number (the header is then at least 8 bytes).
    @inlinable @inline(__always)
    public var callID: UInt16 {
        get { base.loadBE16(at: Field.callID) }
        nonmutating set { base.storeBE16(newValue, at: Field.callID) }
    }
}
