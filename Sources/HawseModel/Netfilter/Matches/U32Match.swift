/// `-m u32` (`xt_u32`): all tests must hold.
public struct U32Match: Hashable, Sendable {
    public enum Operator: UInt8, Hashable, Sendable { case and, leftShift, rightShift, at }

    public struct Step: Hashable, Sendable {
        public var operation: Operator
        public var operand: UInt32

        public init(_ operation: Operator, _ operand: UInt32) {
            self.operation = operation
            self.operand = operand
        }
    }

    public struct Test: Hashable, Sendable {
        /// Offset of the first 32-bit word, from the IP header.
        public var start: UInt32
        public var steps: [Step]
        public var values: [ClosedRange<UInt32>]

        public init(start: UInt32, steps: [Step], values: [ClosedRange<UInt32>]) {
            self.start = start
            self.steps = steps
            self.values = values
        }
    }

    /// At most eleven.
    public var tests: [Test]
    public var inverted: Bool

    public init(tests: [Test], inverted: Bool = false) {
        self.tests = tests
        self.inverted = inverted
    }
}
