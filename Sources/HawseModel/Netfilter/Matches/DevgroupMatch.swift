/// `-m devgroup` (`xt_devgroup`).
public struct DevgroupMatch: Hashable, Sendable {
    /// The incoming device's group.
    public var source: MaskedValue?
    /// The outgoing device's group.
    public var destination: MaskedValue?

    public init(source: MaskedValue? = nil, destination: MaskedValue? = nil) {
        self.source = source
        self.destination = destination
    }
}
