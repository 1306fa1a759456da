/// An EtherType (IEEE 802 registration), host order.
@frozen
public struct EtherType: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt16
    @inlinable @inline(__always) public init(rawValue: UInt16) { self.rawValue = rawValue }

    @inlinable @inline(__always) public static var ipv4: EtherType { .init(rawValue: 0x0800) }
    @inlinable @inline(__always) public static var arp: EtherType { .init(rawValue: 0x0806) }
    @inlinable @inline(__always) public static var transparentEthernet: EtherType { .init(rawValue: 0x6558) }
    @inlinable @inline(__always) public static var rarp: EtherType { .init(rawValue: 0x8035) }
    @inlinable @inline(__always) public static var vlan: EtherType { .init(rawValue: 0x8100) }
    @inlinable @inline(__always) public static var ipv6: EtherType { .init(rawValue: 0x86dd) }
    @inlinable @inline(__always) public static var pppoe: EtherType { .init(rawValue: 0x8864) }
    @inlinable @inline(__always) public static var mpls: EtherType { .init(rawValue: 0x8847) }
    @inlinable @inline(__always) public static var lldp: EtherType { .init(rawValue: 0x88cc) }
    @inlinable @inline(__always) public static var qinq: EtherType { .init(rawValue: 0x88a8) }

    @inlinable @inline(__always) public var isIP: Bool { self == .ipv4 || self == .ipv6 }
}
