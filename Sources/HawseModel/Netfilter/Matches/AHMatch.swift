/// `-m ah` (`ipt_ah`, `ip6t_ah`).
public struct AHMatch: Hashable, Sendable {
    public var spi: ValueRange<UInt32>?
    /// IPv6 only: the whole header in bytes.
    public var length: Flagged<UInt32>?
    /// IPv6 only: `--ahres`, the reserved field must be zero.
    public var checksReserved: Bool

    public init(
        spi: ValueRange<UInt32>? = nil, length: Flagged<UInt32>? = nil, checksReserved: Bool = false
    ) {
        self.spi = spi
        self.length = length
        self.checksReserved = checksReserved
    }
}
