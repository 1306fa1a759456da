/// An Ethernet II header (`struct ethhdr`).
@frozen
public struct EthernetHeader {
    public let base: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    public init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// Bytes of the header.
    @inlinable @inline(__always) public static var length: Int { 14 }

    /// Byte offsets of the fields.
    public enum Field {
        @inlinable @inline(__always) public static var destination: Int { 0 }
        @inlinable @inline(__always) public static var source: Int { 6 }
        @inlinable @inline(__always) public static var etherType: Int { 12 }
    }

    @inlinable @inline(__always)
    public var destination: MACAddress {
        get { base.loadMAC(at: Field.destination) }
        nonmutating set { base.storeMAC(newValue, at: Field.destination) }
    }

    @inlinable @inline(__always)
    public var source: MACAddress {
        get { base.loadMAC(at: Field.source) }
        nonmutating set { base.storeMAC(newValue, at: Field.source) }
    }

    /// The type of what follows; values below 0x600 are an 802.3 length.
    @inlinable @inline(__always)
    public var etherType: EtherType {
        get { base.loadEtherType(at: Field.etherType) }
        nonmutating set { base.storeBE16(newValue.rawValue, at: Field.etherType) }
    }
}
