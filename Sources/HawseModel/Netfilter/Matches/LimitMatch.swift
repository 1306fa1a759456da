/// `-m limit` (`xt_limit`): a token bucket.
public struct LimitMatch: Hashable, Sendable {
    /// As the kernel is told: 10,000 × unit seconds / packets.
    public var average: UInt32
    /// Packets.
    public var burst: UInt32

    public init(average: UInt32, burst: UInt32 = 5) {
        self.average = average
        self.burst = burst
    }
}
