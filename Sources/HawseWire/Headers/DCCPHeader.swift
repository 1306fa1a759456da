/// A DCCP header (`struct dccp_hdr`, RFC 4340 section 5.1).
@frozen
public struct DCCPHeader {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of the generic header with short sequence numbers.
    @inlinable @inline(__always) public static var length: Int { 12 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var sourcePort: Int { 0 }
        @inlinable @inline(__always) public static var destinationPort: Int { 2 }
        @inlinable @inline(__always) public static var dataOffset: Int { 4 }
        @inlinable @inline(__always) public static var coverage: Int { 5 }
        @inlinable @inline(__always) public static var checksum: Int { 6 }
        @inlinable @inline(__always) public static var typeAndX: Int { 8 }
        @inlinable @inline(__always) public static var sequenceHigh: Int { 9 }
        @inlinable @inline(__always) public static var sequence: Int { 10 }
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

    /// In 32-bit words.
    @inlinable @inline(__always)
    public var dataOffset: UInt8 {
        get { base.load8(at: Field.dataOffset) }
        nonmutating set { base.store8(newValue, at: Field.dataOffset) }
    }

    /// Bytes including options.
    @inlinable @inline(__always)
    public var headerLength: Int {
        get { Int(dataOffset) * 4 }
        nonmutating set { dataOffset = UInt8(truncatingIfNeeded: newValue >> 2) }
    }

    /// CCVal in the upper nibble, checksum coverage in the lower.
    @inlinable @inline(__always)
    public var coverage: UInt8 {
        get { base.load8(at: Field.coverage) }
        nonmutating set { base.store8(newValue, at: Field.coverage) }
    }

    @inlinable @inline(__always)
    public var checksum: UInt16 {
        get { base.loadBE16(at: Field.checksum) }
        nonmutating set { base.storeBE16(newValue, at: Field.checksum) }
    }

    @inlinable @inline(__always)
    public var typeAndX: UInt8 {
        get { base.load8(at: Field.typeAndX) }
        nonmutating set { base.store8(newValue, at: Field.typeAndX) }
    }

    /// 0 request, 1 response, 2 data, 3 ack, 4 data-ack, 5 close request, 6 close, 7 reset, 8 sync, 9
    /// sync-ack.
    @inlinable @inline(__always)
    public var type: UInt8 {
        get { typeAndX >> 1 & 0x0f }
        nonmutating set { typeAndX = typeAndX & 0xe1 | (newValue & 0x0f) << 1 }
    }

    /// X: sequence numbers have 48 bits and the generic header is 16 bytes.
    @inlinable @inline(__always)
    public var extendedSequence: Bool {
        get { typeAndX & 1 != 0 }
        nonmutating set { typeAndX = typeAndX & 0xfe | (newValue ? 1 : 0) }
    }
}
