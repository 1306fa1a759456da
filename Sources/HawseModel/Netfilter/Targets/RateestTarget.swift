/// RATEEST (`xt_RATEEST`): feeds a named estimator; no effect on the packet.
public struct RateestTarget: Hashable, Sendable {
    public var name: String
    /// As the kernel is told: log2 of the interval in quarter seconds, minus 2 … 3.
    public var interval: Int8
    public var ewmaLog: UInt8

    public init(name: String, interval: Int8, ewmaLog: UInt8) {
        self.name = name
        self.interval = interval
        self.ewmaLog = ewmaLog
    }
}
