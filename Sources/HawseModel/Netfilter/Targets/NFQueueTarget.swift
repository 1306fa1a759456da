/// NFQUEUE (`xt_NFQUEUE` revision 3).
public struct NFQueueTarget: Hashable, Sendable {
    public var first: UInt16
    /// Queues to balance over.
    public var count: UInt16
    /// Without a listener: accept instead of drop.
    public var bypass: Bool
    public var cpuFanout: Bool

    public init(first: UInt16 = 0, count: UInt16 = 1, bypass: Bool = false, cpuFanout: Bool = false) {
        self.first = first
        self.count = count
        self.bypass = bypass
        self.cpuFanout = cpuFanout
    }
}
