/// `-m statistic` (`xt_statistic`).
public struct StatisticMatch: Hashable, Sendable {
    public enum Mode: Hashable, Sendable {
        /// The kernel's 31-bit fraction: probability × 2³¹.
        case random(probability: UInt32)
        /// Every `every`th packet, at 0-based position `packet` of each group.
        case nth(every: UInt32, packet: UInt32)
    }

    public var mode: Mode
    public var inverted: Bool

    public init(mode: Mode, inverted: Bool = false) {
        self.mode = mode
        self.inverted = inverted
    }
}
