/// A VXLAN header (`struct vxlanhdr`, RFC 7348) with the group policy extension.
@frozen
public struct VXLANHeader {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of the header.
    @inlinable @inline(__always) public static var length: Int { 8 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var flags: Int { 0 }
        @inlinable @inline(__always) public static var policyFlags: Int { 1 }
        @inlinable @inline(__always) public static var groupPolicy: Int { 2 }
        @inlinable @inline(__always) public static var vni: Int { 4 }
    }

    /// 0x08: the network identifier is valid; 0x80: group policy is present.
    @inlinable @inline(__always)
    public var flags: UInt8 {
        get { base.load8(at: Field.flags) }
        nonmutating set { base.store8(newValue, at: Field.flags) }
    }

    @inlinable @inline(__always)
    public var hasVNI: Bool {
        get { flags & 0x08 != 0 }
        nonmutating set { flags = flags & ~0x08 | (newValue ? 0x08 : 0) }
    }

    @inlinable @inline(__always)
    public var hasGroupPolicy: Bool {
        get { flags & 0x80 != 0 }
        nonmutating set { flags = flags & ~0x80 | (newValue ? 0x80 : 0) }
    }

    /// 0x40: do not learn; 0x08: policy was applied.
    @inlinable @inline(__always)
    public var policyFlags: UInt8 {
        get { base.load8(at: Field.policyFlags) }
        nonmutating set { base.store8(newValue, at: Field.policyFlags) }
    }

    /// Group policy number.
    @inlinable @inline(__always)
    public var groupPolicy: UInt16 {
        get { base.loadBE16(at: Field.groupPolicy) }
        nonmutating set { base.storeBE16(newValue, at: Field.groupPolicy) }
    }

    /// VXLAN network identifier, 24 bits.
    @inlinable @inline(__always)
    public var vni: UInt32 {
        get { base.loadBE32(at: Field.vni) >> 8 }
        nonmutating set { base.storeBE32(newValue << 8 | base.loadBE32(at: Field.vni) & 0xff, at: Field.vni) }
    }
}
