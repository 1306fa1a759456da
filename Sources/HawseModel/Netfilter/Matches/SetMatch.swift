/// `-m set` (`xt_set` revision 4).
public struct SetMatch: Hashable, Sendable {
    /// A test of an entry's counter, as `struct ip_set_counter_match`.
    public enum Comparison: Hashable, Sendable {
        case equal(UInt64)
        case notEqual(UInt64)
        case lessThan(UInt64)
        case greaterThan(UInt64)
    }

    public var set: SetReference
    public var inverted: Bool
    /// `--return-nomatch`: a `nomatch` entry matches too.
    public var returnNoMatch: Bool
    /// `! --update-counters` clears it.
    public var updateCounters: Bool
    /// `! --update-subcounters` clears it (list:set).
    public var updateSubcounters: Bool
    public var packets: Comparison?
    public var bytes: Comparison?

    public init(
        set: SetReference, inverted: Bool = false, returnNoMatch: Bool = false, updateCounters: Bool = true,
        updateSubcounters: Bool = true, packets: Comparison? = nil, bytes: Comparison? = nil
    ) {
        self.set = set
        self.inverted = inverted
        self.returnNoMatch = returnNoMatch
        self.updateCounters = updateCounters
        self.updateSubcounters = updateSubcounters
        self.packets = packets
        self.bytes = bytes
    }
}
