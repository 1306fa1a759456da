/// `-m ipcomp` (`xt_ipcomp`).
public struct IPCompMatch: Hashable, Sendable {
    public var spi: ValueRange<UInt32>?
    public var checksReserved: Bool

    public init(spi: ValueRange<UInt32>? = nil, checksReserved: Bool = false) {
        self.spi = spi
        self.checksReserved = checksReserved
    }
}
