/// `-m dscp` (`xt_dscp`).
public struct DSCPMatch: Hashable, Sendable {
    /// 0…63.
    public var value: UInt8
    public var inverted: Bool

    public init(value: UInt8, inverted: Bool = false) {
        self.value = value
        self.inverted = inverted
    }
}
