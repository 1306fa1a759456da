/// TTL (`ipt_TTL`) and HL (`ip6t_HL`).
public struct TTLTarget: Hashable, Sendable {
    public enum Operation: UInt8, Hashable, Sendable { case set, increment, decrement }

    public var operation: Operation
    public var value: UInt8

    public init(operation: Operation, value: UInt8) {
        self.operation = operation
        self.value = value
    }
}
