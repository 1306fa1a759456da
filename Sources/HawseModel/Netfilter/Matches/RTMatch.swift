import HawseWire

/// `-m rt` (`ip6t_rt`): the IPv6 routing header.
public struct RTMatch: Hashable, Sendable {
    public var type: Flagged<UInt32>?
    public var segmentsLeft: ValueRange<UInt32>?
    /// Bytes.
    public var length: Flagged<UInt32>?
    public var checksReserved: Bool
    /// Of a type 0 header, at most 16.
    public var addresses: [IPAddress]
    public var isNotStrict: Bool

    public init(
        type: Flagged<UInt32>? = nil, segmentsLeft: ValueRange<UInt32>? = nil,
        length: Flagged<UInt32>? = nil, checksReserved: Bool = false, addresses: [IPAddress] = [],
        isNotStrict: Bool = false
    ) {
        self.type = type
        self.segmentsLeft = segmentsLeft
        self.length = length
        self.checksReserved = checksReserved
        self.addresses = addresses
        self.isNotStrict = isNotStrict
    }
}
