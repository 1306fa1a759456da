/// ULOG (`ipt_ULOG`): gone from the kernel, accepted in text; no effect on the packet.
public struct ULogTarget: Hashable, Sendable {
    /// 1…32.
    public var group: UInt8
    public var prefix: String
    public var copyRange: UInt32
    public var threshold: UInt32

    public init(group: UInt8 = 1, prefix: String = "", copyRange: UInt32 = 0, threshold: UInt32 = 1) {
        self.group = group
        self.prefix = prefix
        self.copyRange = copyRange
        self.threshold = threshold
    }
}
