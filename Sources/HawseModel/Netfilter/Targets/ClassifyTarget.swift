/// CLASSIFY (`xt_CLASSIFY`): sets the packet's priority.
public struct ClassifyTarget: Hashable, Sendable {
    /// major << 16 | minor.
    public var priority: UInt32

    public init(_ priority: UInt32) {
        self.priority = priority
    }
}
