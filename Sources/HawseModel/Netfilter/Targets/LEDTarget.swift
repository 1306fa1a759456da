/// LED (`xt_LED`): no effect on the packet.
public struct LEDTarget: Hashable, Sendable {
    public var id: String
    /// Milliseconds; all ones: for ever.
    public var delay: UInt32
    public var alwaysBlinks: Bool

    public init(id: String, delay: UInt32 = 0, alwaysBlinks: Bool = false) {
        self.id = id
        self.delay = delay
        self.alwaysBlinks = alwaysBlinks
    }
}
