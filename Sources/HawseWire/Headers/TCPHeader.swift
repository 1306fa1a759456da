/// A TCP header (`struct tcphdr`, RFC 9293).
@frozen
public struct TCPHeader {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of a header without options.
    @inlinable @inline(__always) public static var length: Int { 20 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var sourcePort: Int { 0 }
        @inlinable @inline(__always) public static var destinationPort: Int { 2 }
        @inlinable @inline(__always) public static var sequence: Int { 4 }
        @inlinable @inline(__always) public static var acknowledgement: Int { 8 }
        @inlinable @inline(__always) public static var dataOffset: Int { 12 }
        @inlinable @inline(__always) public static var flags: Int { 13 }
        @inlinable @inline(__always) public static var window: Int { 14 }
        @inlinable @inline(__always) public static var checksum: Int { 16 }
        @inlinable @inline(__always) public static var urgent: Int { 18 }
        @inlinable @inline(__always) public static var options: Int { 20 }
    }

    @inlinable @inline(__always)
    public var sourcePort: UInt16 {
        get { base.loadBE16(at: Field.sourcePort) }
        nonmutating set { base.storeBE16(newValue, at: Field.sourcePort) }
    }

    @inlinable @inline(__always)
    public var destinationPort: UInt16 {
        get { base.loadBE16(at: Field.destinationPort) }
        nonmutating set { base.storeBE16(newValue, at: Field.destinationPort) }
    }

    @inlinable @inline(__always)
    public var sequence: UInt32 {
        get { base.loadBE32(at: Field.sequence) }
        nonmutating set { base.storeBE32(newValue, at: Field.sequence) }
    }

    @inlinable @inline(__always)
    public var acknowledgement: UInt32 {
        get { base.loadBE32(at: Field.acknowledgement) }
        nonmutating set { base.storeBE32(newValue, at: Field.acknowledgement) }
    }

    /// Bytes including options (the data offset), 0…60; below 20 is malformed.
    @inlinable @inline(__always)
    public var headerLength: Int {
        get { Int(base.load8(at: Field.dataOffset) >> 4) * 4 }
        nonmutating set {
            let low = base.load8(at: Field.dataOffset) & 0x0f
            base.store8(UInt8(truncatingIfNeeded: newValue >> 2) << 4 | low, at: Field.dataOffset)
        }
    }

    @inlinable @inline(__always)
    public var flags: TCPFlags {
        get { TCPFlags(rawValue: base.load8(at: Field.flags)) }
        nonmutating set { base.store8(newValue.rawValue, at: Field.flags) }
    }

    /// As sent, not scaled.
    @inlinable @inline(__always)
    public var window: UInt16 {
        get { base.loadBE16(at: Field.window) }
        nonmutating set { base.storeBE16(newValue, at: Field.window) }
    }

    @inlinable @inline(__always)
    public var checksum: UInt16 {
        get { base.loadBE16(at: Field.checksum) }
        nonmutating set { base.storeBE16(newValue, at: Field.checksum) }
    }

    @inlinable @inline(__always)
    public var urgent: UInt16 {
        get { base.loadBE16(at: Field.urgent) }
        nonmutating set { base.storeBE16(newValue, at: Field.urgent) }
    }

    /// The options between the fixed header and the data offset, within `available` bytes from the header's
    /// start.
    @inlinable @inline(__always)
    public func options(available: Int) -> TCPOptions {
        TCPOptions(UnsafeRawPointer(base) + Self.length, count: min(headerLength, available) - Self.length)
    }
}
