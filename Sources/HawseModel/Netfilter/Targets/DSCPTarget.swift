/// DSCP (`xt_DSCP`).
public struct DSCPTarget: Hashable, Sendable {
    /// 0…63.
    public var value: UInt8

    public init(_ value: UInt8) {
        self.value = value
    }
}
