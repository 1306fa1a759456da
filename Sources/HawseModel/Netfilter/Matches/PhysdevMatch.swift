/// `-m physdev` (`xt_physdev`): ports of a bridge.
public struct PhysdevMatch: Hashable, Sendable {
    public var inPort: InterfaceMatch?
    public var outPort: InterfaceMatch?
    /// `false` is `! --physdev-is-in`; likewise below.
    public var isIn: Bool?
    public var isOut: Bool?
    public var isBridged: Bool?

    public init(
        inPort: InterfaceMatch? = nil, outPort: InterfaceMatch? = nil, isIn: Bool? = nil,
        isOut: Bool? = nil, isBridged: Bool? = nil
    ) {
        self.inPort = inPort
        self.outPort = outPort
        self.isIn = isIn
        self.isOut = isOut
        self.isBridged = isBridged
    }
}
