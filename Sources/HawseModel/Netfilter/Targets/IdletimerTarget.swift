/// IDLETIMER (`xt_IDLETIMER`): no effect on the packet.
public struct IdletimerTarget: Hashable, Sendable {
    /// Seconds.
    public var timeout: UInt32
    public var label: String
    public var isAlarm: Bool

    public init(timeout: UInt32, label: String, isAlarm: Bool = false) {
        self.timeout = timeout
        self.label = label
        self.isAlarm = isAlarm
    }
}
