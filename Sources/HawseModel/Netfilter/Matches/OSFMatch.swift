/// `-m osf` (`xt_osf`): passive fingerprints of a SYN.
public struct OSFMatch: Hashable, Sendable {
    public var genre: Flagged<String>
    /// 0 true comparison, 1 less than, 2 none.
    public var ttl: UInt32?
    /// 0 all, 1 first, 2 known.
    public var log: UInt32?

    public init(genre: Flagged<String>, ttl: UInt32? = nil, log: UInt32? = nil) {
        self.genre = genre
        self.ttl = ttl
        self.log = log
    }
}
