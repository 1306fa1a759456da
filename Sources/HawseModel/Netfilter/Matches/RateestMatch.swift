/// `-m rateest` (`xt_rateest`): compares rate estimators.
public struct RateestMatch: Hashable, Sendable {
    public enum Comparison: UInt8, Hashable, Sendable { case equal, lessThan, greaterThan }

    public var name1: String
    public var name2: String?
    public var comparison: Comparison
    public var inverted: Bool
    public var isDelta: Bool
    /// Bytes a second.
    public var bps1: UInt32?
    public var pps1: UInt32?
    /// Bytes a second.
    public var bps2: UInt32?
    public var pps2: UInt32?
    /// `--rateest-bps` given, with or without a value.
    public var usesBPS: Bool
    /// `--rateest-pps` given, with or without a value.
    public var usesPPS: Bool

    public init(
        name1: String, name2: String? = nil, comparison: Comparison, inverted: Bool = false,
        isDelta: Bool = false, bps1: UInt32? = nil, pps1: UInt32? = nil, bps2: UInt32? = nil,
        pps2: UInt32? = nil, usesBPS: Bool = false, usesPPS: Bool = false
    ) {
        self.name1 = name1
        self.name2 = name2
        self.comparison = comparison
        self.inverted = inverted
        self.isDelta = isDelta
        self.bps1 = bps1
        self.pps1 = pps1
        self.bps2 = bps2
        self.pps2 = pps2
        self.usesBPS = usesBPS
        self.usesPPS = usesPPS
    }
}
