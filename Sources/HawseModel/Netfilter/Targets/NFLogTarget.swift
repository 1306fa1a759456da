/// NFLOG (`xt_NFLOG`): no effect on the packet.
public struct NFLogTarget: Hashable, Sendable {
    public var group: UInt16
    /// At most 63 bytes.
    public var prefix: String
    /// `--nflog-range`, without effect; 0: not given.
    public var range: UInt32
    /// `--nflog-size`: bytes to copy.
    public var size: UInt32?
    /// Packets; 0: not given.
    public var threshold: UInt16

    public init(
        group: UInt16 = 0, prefix: String = "", range: UInt32 = 0, size: UInt32? = nil,
        threshold: UInt16 = 0
    ) {
        self.group = group
        self.prefix = prefix
        self.range = range
        self.size = size
        self.threshold = threshold
    }
}
