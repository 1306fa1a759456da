/// `-m ipv6header` (`ip6t_ipv6header`): which extension headers a packet has.
public struct IPv6HeaderMatch: Hashable, Sendable {
    /// As `MASK_*` of `ip6t_ipv6header.h`.
    public struct Headers: OptionSet, Hashable, Sendable {
        public var rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let hopByHop = Headers(rawValue: 0x80)
        public static let destinationOptions = Headers(rawValue: 0x40)
        public static let routing = Headers(rawValue: 0x20)
        public static let fragment = Headers(rawValue: 0x10)
        public static let ah = Headers(rawValue: 0x08)
        public static let esp = Headers(rawValue: 0x04)
        public static let none = Headers(rawValue: 0x02)
        public static let upperProtocol = Headers(rawValue: 0x01)
    }

    public var headers: Headers
    /// `--soft`: at least these; else exactly these.
    public var isSoft: Bool
    public var inverted: Bool

    public init(headers: Headers, isSoft: Bool = false, inverted: Bool = false) {
        self.headers = headers
        self.isSoft = isSoft
        self.inverted = inverted
    }
}
