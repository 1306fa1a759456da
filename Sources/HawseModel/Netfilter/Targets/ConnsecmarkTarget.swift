/// CONNSECMARK (`xt_CONNSECMARK`): no effect on the packet's bytes.
public struct ConnsecmarkTarget: Hashable, Sendable {
    public enum Operation: String, Hashable, Sendable, CaseIterable { case save, restore }

    public var operation: Operation

    public init(_ operation: Operation) {
        self.operation = operation
    }
}
