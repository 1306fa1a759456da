/// `-m frag` (`ip6t_frag`): the IPv6 fragment header.
public struct FragMatch: Hashable, Sendable {
    public var id: ValueRange<UInt32>?
    /// `--fraglen`: the header's own length in bytes.
    public var length: Flagged<UInt32>?
    public var checksReserved: Bool
    /// Offset 0.
    public var isFirst: Bool
    public var hasMore: Bool
    public var isLast: Bool

    public init(
        id: ValueRange<UInt32>? = nil, length: Flagged<UInt32>? = nil, checksReserved: Bool = false,
        isFirst: Bool = false, hasMore: Bool = false, isLast: Bool = false
    ) {
        self.id = id
        self.length = length
        self.checksReserved = checksReserved
        self.isFirst = isFirst
        self.hasMore = hasMore
        self.isLast = isLast
    }
}
