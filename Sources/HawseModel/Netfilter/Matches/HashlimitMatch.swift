/// `-m hashlimit` (`xt_hashlimit` revision 3): a token bucket per tuple.
public struct HashlimitMatch: Hashable, Sendable {
    /// As `enum` of `xt_hashlimit.h`.
    public struct Mode: OptionSet, Hashable, Sendable {
        public var rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let destinationAddress = Mode(rawValue: 1 << 0)
        public static let destinationPort = Mode(rawValue: 1 << 1)
        public static let sourceAddress = Mode(rawValue: 1 << 2)
        public static let sourcePort = Mode(rawValue: 1 << 3)
        /// `--hashlimit-above`.
        public static let above = Mode(rawValue: 1 << 4)
        public static let bytes = Mode(rawValue: 1 << 5)
        public static let rateMatch = Mode(rawValue: 1 << 6)
    }

    /// As the kernel is told: 1,000,000 × unit seconds / packets; with `.bytes`,
    /// 2³² − 1 over (bytes a second / 16 + 1).
    public var average: UInt64
    /// Packets; with `.bytes`, whole seconds' worth of the average (0: no burst given).
    public var burst: UInt64
    public var mode: Mode
    public var name: String
    /// Prefix length.
    public var sourceMask: Int
    /// Prefix length.
    public var destinationMask: Int
    /// Buckets; 0: the kernel chooses.
    public var size: UInt32
    /// Entries; 0: eight times the buckets.
    public var maximum: UInt32
    /// Milliseconds.
    public var gcInterval: UInt32
    /// Milliseconds; 0: by the rate's unit.
    public var expire: UInt32
    /// Seconds; with `.rateMatch`.
    public var rateInterval: UInt32

    public init(
        average: UInt64, burst: UInt64 = 5, mode: Mode = [], name: String, sourceMask: Int,
        destinationMask: Int, size: UInt32 = 0, maximum: UInt32 = 0, gcInterval: UInt32 = 1000,
        expire: UInt32 = 0, rateInterval: UInt32 = 0
    ) {
        self.average = average
        self.burst = burst
        self.mode = mode
        self.name = name
        self.sourceMask = sourceMask
        self.destinationMask = destinationMask
        self.size = size
        self.maximum = maximum
        self.gcInterval = gcInterval
        self.expire = expire
        self.rateInterval = rateInterval
    }
}
