/// An ARP message for Ethernet and IPv4 (RFC 826); addresses host order.
@frozen
public struct ARPHeader {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of the header.
    @inlinable @inline(__always) public static var length: Int { 28 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var hardwareType: Int { 0 }
        @inlinable @inline(__always) public static var protocolType: Int { 2 }
        @inlinable @inline(__always) public static var hardwareLength: Int { 4 }
        @inlinable @inline(__always) public static var protocolLength: Int { 5 }
        @inlinable @inline(__always) public static var operation: Int { 6 }
        @inlinable @inline(__always) public static var senderMAC: Int { 8 }
        @inlinable @inline(__always) public static var senderAddress: Int { 14 }
        @inlinable @inline(__always) public static var targetMAC: Int { 18 }
        @inlinable @inline(__always) public static var targetAddress: Int { 24 }
    }

    /// 1: Ethernet.
    @inlinable @inline(__always)
    public var hardwareType: UInt16 {
        get { base.loadBE16(at: Field.hardwareType) }
        nonmutating set { base.storeBE16(newValue, at: Field.hardwareType) }
    }

    @inlinable @inline(__always)
    public var protocolType: EtherType {
        get { base.loadEtherType(at: Field.protocolType) }
        nonmutating set { base.storeBE16(newValue.rawValue, at: Field.protocolType) }
    }

    @inlinable @inline(__always)
    public var hardwareLength: UInt8 {
        get { base.load8(at: Field.hardwareLength) }
        nonmutating set { base.store8(newValue, at: Field.hardwareLength) }
    }

    @inlinable @inline(__always)
    public var protocolLength: UInt8 {
        get { base.load8(at: Field.protocolLength) }
        nonmutating set { base.store8(newValue, at: Field.protocolLength) }
    }

    /// 1 request, 2 reply, 3 and 4 RARP.
    @inlinable @inline(__always)
    public var operation: UInt16 {
        get { base.loadBE16(at: Field.operation) }
        nonmutating set { base.storeBE16(newValue, at: Field.operation) }
    }

    @inlinable @inline(__always)
    public var senderMAC: MACAddress {
        get { base.loadMAC(at: Field.senderMAC) }
        nonmutating set { base.storeMAC(newValue, at: Field.senderMAC) }
    }

    @inlinable @inline(__always)
    public var senderAddress: UInt32 {
        get { base.loadBE32(at: Field.senderAddress) }
        nonmutating set { base.storeBE32(newValue, at: Field.senderAddress) }
    }

    @inlinable @inline(__always)
    public var targetMAC: MACAddress {
        get { base.loadMAC(at: Field.targetMAC) }
        nonmutating set { base.storeMAC(newValue, at: Field.targetMAC) }
    }

    @inlinable @inline(__always)
    public var targetAddress: UInt32 {
        get { base.loadBE32(at: Field.targetAddress) }
        nonmutating set { base.storeBE32(newValue, at: Field.targetAddress) }
    }

    @inlinable @inline(__always) public static var request: UInt16 { 1 }
    @inlinable @inline(__always) public static var reply: UInt16 { 2 }

    /// True for the one combination this lens describes: Ethernet hardware, IPv4 protocol, lengths 6 and 4.
    @inlinable @inline(__always)
    public var isEthernetIPv4: Bool { base.loadBE64(at: 0) >> 16 == 0x0001_0800_0604 }
}
