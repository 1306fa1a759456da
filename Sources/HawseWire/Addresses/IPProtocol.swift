/// An IP protocol number (IANA), the 8-bit field of IPv4 or the next header of IPv6.
@frozen
public struct IPProtocol: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt8
    @inlinable @inline(__always) public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Any protocol, or none yet (`IPPROTO_IP`).
    @inlinable @inline(__always) public static var unspecified: IPProtocol { .init(rawValue: 0) }
    @inlinable @inline(__always) public static var hopByHop: IPProtocol { .init(rawValue: 0) }
    @inlinable @inline(__always) public static var icmp: IPProtocol { .init(rawValue: 1) }
    @inlinable @inline(__always) public static var igmp: IPProtocol { .init(rawValue: 2) }
    @inlinable @inline(__always) public static var ipip: IPProtocol { .init(rawValue: 4) }
    @inlinable @inline(__always) public static var tcp: IPProtocol { .init(rawValue: 6) }
    @inlinable @inline(__always) public static var udp: IPProtocol { .init(rawValue: 17) }
    @inlinable @inline(__always) public static var dccp: IPProtocol { .init(rawValue: 33) }
    @inlinable @inline(__always) public static var ipv6: IPProtocol { .init(rawValue: 41) }
    @inlinable @inline(__always) public static var routing: IPProtocol { .init(rawValue: 43) }
    @inlinable @inline(__always) public static var fragment: IPProtocol { .init(rawValue: 44) }
    @inlinable @inline(__always) public static var gre: IPProtocol { .init(rawValue: 47) }
    @inlinable @inline(__always) public static var esp: IPProtocol { .init(rawValue: 50) }
    @inlinable @inline(__always) public static var ah: IPProtocol { .init(rawValue: 51) }
    @inlinable @inline(__always) public static var icmpv6: IPProtocol { .init(rawValue: 58) }
    @inlinable @inline(__always) public static var noNextHeader: IPProtocol { .init(rawValue: 59) }
    @inlinable @inline(__always) public static var destinationOptions: IPProtocol { .init(rawValue: 60) }
    @inlinable @inline(__always) public static var pim: IPProtocol { .init(rawValue: 103) }
    @inlinable @inline(__always) public static var ipcomp: IPProtocol { .init(rawValue: 108) }
    @inlinable @inline(__always) public static var sctp: IPProtocol { .init(rawValue: 132) }
    @inlinable @inline(__always) public static var mobility: IPProtocol { .init(rawValue: 135) }
    @inlinable @inline(__always) public static var udplite: IPProtocol { .init(rawValue: 136) }
    /// The protocol of a raw socket that brings its own IP header (`IPPROTO_RAW`): its routes go by this one, not the header's.
    @inlinable @inline(__always) public static var raw: IPProtocol { .init(rawValue: 255) }
}
