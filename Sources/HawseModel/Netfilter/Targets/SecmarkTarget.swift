/// SECMARK (`xt_SECMARK`): no effect on the packet's bytes.
public struct SecmarkTarget: Hashable, Sendable {
    public var context: String

    public init(_ context: String) {
        self.context = context
    }
}
