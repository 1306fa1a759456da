/// An SCTP common header (`struct sctphdr`, RFC 9260).
@frozen
public struct SCTPHeader {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of the header.
    @inlinable @inline(__always) public static var length: Int { 12 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var sourcePort: Int { 0 }
        @inlinable @inline(__always) public static var destinationPort: Int { 2 }
        @inlinable @inline(__always) public static var verificationTag: Int { 4 }
        @inlinable @inline(__always) public static var checksum: Int { 8 }
        @inlinable @inline(__always) public static var chunks: Int { 12 }
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
    public var verificationTag: UInt32 {
        get { base.loadBE32(at: Field.verificationTag) }
        nonmutating set { base.storeBE32(newValue, at: Field.verificationTag) }
    }

    /// CRC-32C, little endian on the wire.
    @inlinable @inline(__always)
    public var checksum: UInt32 {
        get { base.loadLE32(at: Field.checksum) }
        nonmutating set { base.storeLE32(newValue, at: Field.checksum) }
    }

    /// The chunks, `available` being the bytes from this header to the packet's end.
    @inlinable @inline(__always)
    public func chunks(available: Int) -> SCTPChunks {
        SCTPChunks(UnsafeRawPointer(base), count: available)
    }
}
