/// A set of IPv6 headers, bits as the kernel's `ip6t_ipv6header` match has them.
@frozen
public struct IPv6HeaderSet: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    @inlinable @inline(__always) public init(rawValue: UInt8) { self.rawValue = rawValue }

    @inlinable @inline(__always) public static var hopByHop: IPv6HeaderSet { .init(rawValue: 128) }
    @inlinable @inline(__always) public static var destinationOptions: IPv6HeaderSet { .init(rawValue: 64) }
    @inlinable @inline(__always) public static var routing: IPv6HeaderSet { .init(rawValue: 32) }
    @inlinable @inline(__always) public static var fragment: IPv6HeaderSet { .init(rawValue: 16) }
    @inlinable @inline(__always) public static var ah: IPv6HeaderSet { .init(rawValue: 8) }
    @inlinable @inline(__always) public static var esp: IPv6HeaderSet { .init(rawValue: 4) }
    @inlinable @inline(__always) public static var noNextHeader: IPv6HeaderSet { .init(rawValue: 2) }
    @inlinable @inline(__always) public static var upperProtocol: IPv6HeaderSet { .init(rawValue: 1) }

    /// The header's own bit; `upperProtocol` for what is no extension header.
    @inlinable @inline(__always)
    public init(_ protocolNumber: IPProtocol) {
        switch protocolNumber {
        case .hopByHop: self = .hopByHop
        case .routing: self = .routing
        case .fragment: self = .fragment
        case .esp: self = .esp
        case .ah: self = .ah
        case .noNextHeader: self = .noNextHeader
        case .destinationOptions: self = .destinationOptions
        default: self = .upperProtocol
        }
    }

    /// All headers of a packet of `length` bytes from its IPv6 header on, as `-m ipv6header` sees them: the
    /// walk goes on behind any fragment header. `nil` when the packet ends within a header's first two bytes:
    /// no match.
    @inlinable
    public static func present(in packet: UnsafeRawPointer, length: Int) -> IPv6HeaderSet? {
        var seen: IPv6HeaderSet = []
        var type = packet.loadProtocol(at: 6)
        var offset = 40
        while IPv6ExtensionWalk.isExtension(type) || type == .esp {
            seen.insert(IPv6HeaderSet(type))
            if type == .noNextHeader || type == .esp { return seen }
            guard length &- offset >= 2 else { return nil }
            let size = IPv6ExtensionWalk.headerLength(type, packet, at: offset)
            type = packet.loadProtocol(at: offset)
            offset &+= size
            if offset > length { break }
        }
        if type != .noNextHeader, type != .esp { seen.insert(.upperProtocol) }
        return seen
    }
}
