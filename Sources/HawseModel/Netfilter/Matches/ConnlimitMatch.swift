/// `-m connlimit` (`xt_connlimit`): tracked connections of a group of hosts, this one included.
public struct ConnlimitMatch: Hashable, Sendable {
    public var limit: UInt32
    /// `--connlimit-above`: more than `limit`; else at most `limit`.
    public var isAbove: Bool
    /// Prefix length the hosts are grouped by, 0…32 or 0…128.
    public var maskLength: Int
    public var byDestination: Bool

    public init(limit: UInt32, isAbove: Bool, maskLength: Int, byDestination: Bool = false) {
        self.limit = limit
        self.isAbove = isAbove
        self.maskLength = maskLength
        self.byDestination = byDestination
    }
}
