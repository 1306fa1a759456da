/// `-m ttl` (`ipt_ttl`) and `-m hl` (`ip6t_hl`).
public struct TTLMatch: Hashable, Sendable {
    public enum Comparison: UInt8, Hashable, Sendable { case equal, notEqual, lessThan, greaterThan }

    public var comparison: Comparison
    public var value: UInt8

    public init(comparison: Comparison, value: UInt8) {
        self.comparison = comparison
        self.value = value
    }
}
