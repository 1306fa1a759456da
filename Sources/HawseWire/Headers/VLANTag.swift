/// An 802.1Q or 802.1ad tag: the four bytes behind the MAC addresses, starting with the tag's own EtherType.
@frozen
public struct VLANTag {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of the header.
    @inlinable @inline(__always) public static var length: Int { 4 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var tagType: Int { 0 }
        @inlinable @inline(__always) public static var control: Int { 2 }
    }

    /// 0x8100 or 0x88a8.
    @inlinable @inline(__always)
    public var tagType: EtherType {
        get { base.loadEtherType(at: Field.tagType) }
        nonmutating set { base.storeBE16(newValue.rawValue, at: Field.tagType) }
    }

    /// Priority, drop eligibility and VLAN number (TCI).
    @inlinable @inline(__always)
    public var control: UInt16 {
        get { base.loadBE16(at: Field.control) }
        nonmutating set { base.storeBE16(newValue, at: Field.control) }
    }

    /// VLAN number, 0…4095.
    @inlinable @inline(__always)
    public var vlan: UInt16 {
        get { control & 0x0fff }
        nonmutating set { control = control & 0xf000 | newValue & 0x0fff }
    }

    /// Priority code point, 0…7.
    @inlinable @inline(__always)
    public var priority: UInt8 {
        get { UInt8(truncatingIfNeeded: control >> 13) }
        nonmutating set { control = control & 0x1fff | UInt16(newValue & 7) << 13 }
    }

    @inlinable @inline(__always)
    public var dropEligible: Bool {
        get { control & 0x1000 != 0 }
        nonmutating set { control = control & 0xefff | (newValue ? 0x1000 : 0) }
    }
}
