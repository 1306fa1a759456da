/// A UDP header, and a UDP-Lite one, whose length field is the checksum coverage.
@frozen
public struct UDPHeader {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of the header.
    @inlinable @inline(__always) public static var length: Int { 8 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var sourcePort: Int { 0 }
        @inlinable @inline(__always) public static var destinationPort: Int { 2 }
        @inlinable @inline(__always) public static var datagramLength: Int { 4 }
        @inlinable @inline(__always) public static var checksum: Int { 6 }
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

    /// Bytes of header and data; 0 in a jumbogram. UDP-Lite: covered bytes, 0 for all.
    @inlinable @inline(__always)
    public var datagramLength: UInt16 {
        get { base.loadBE16(at: Field.datagramLength) }
        nonmutating set { base.storeBE16(newValue, at: Field.datagramLength) }
    }

    /// 0: not computed.
    @inlinable @inline(__always)
    public var checksum: UInt16 {
        get { base.loadBE16(at: Field.checksum) }
        nonmutating set { base.storeBE16(newValue, at: Field.checksum) }
    }
}
