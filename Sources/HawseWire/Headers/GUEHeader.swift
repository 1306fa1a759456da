/// A generic UDP encapsulation header, variant 0 (`struct guehdr`), as IPVS tunnels use it.
@frozen
public struct GUEHeader {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of a header without options.
    @inlinable @inline(__always) public static var length: Int { 4 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var first: Int { 0 }
        @inlinable @inline(__always) public static var protocolNumber: Int { 1 }
        @inlinable @inline(__always) public static var flags: Int { 2 }
    }

    /// Two bits version, one bit control, five bits option length in 32-bit words.
    @inlinable @inline(__always)
    public var first: UInt8 {
        get { base.load8(at: Field.first) }
        nonmutating set { base.store8(newValue, at: Field.first) }
    }

    @inlinable @inline(__always)
    public var protocolNumber: IPProtocol {
        get { base.loadProtocol(at: Field.protocolNumber) }
        nonmutating set { base.store8(newValue.rawValue, at: Field.protocolNumber) }
    }

    /// 0x0001: private options are present (remote checksum offload).
    @inlinable @inline(__always)
    public var flags: UInt16 {
        get { base.loadBE16(at: Field.flags) }
        nonmutating set { base.storeBE16(newValue, at: Field.flags) }
    }

    /// Bytes with options.
    @inlinable @inline(__always)
    public var headerLength: Int {
        get { 4 + Int(first & 0x1f) * 4 }
        nonmutating set { first = first & 0xe0 | UInt8(truncatingIfNeeded: (newValue &- 4) >> 2) & 0x1f }
    }
}
