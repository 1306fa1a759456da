/// `-m esp` (`xt_esp`).
public struct ESPMatch: Hashable, Sendable {
    public var spi: ValueRange<UInt32>?

    public init(spi: ValueRange<UInt32>? = nil) {
        self.spi = spi
    }
}
