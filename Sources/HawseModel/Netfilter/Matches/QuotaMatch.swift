/// `-m quota` (`xt_quota`): matches until so many bytes have passed.
public struct QuotaMatch: Hashable, Sendable {
    public var bytes: UInt64
    public var inverted: Bool

    public init(bytes: UInt64, inverted: Bool = false) {
        self.bytes = bytes
        self.inverted = inverted
    }
}
