/// CONNMARK (`xt_CONNMARK` revision 2).
public struct ConnmarkTarget: Hashable, Sendable {
    public enum Operation: Hashable, Sendable {
        /// ctmark = (ctmark & ~mask) ^ value.
        case set(value: UInt32, mask: UInt32)
        /// ctmark = (ctmark & ~connectionMask) ^ (mark & packetMask).
        case save(connectionMask: UInt32, packetMask: UInt32)
        /// mark = (mark & ~packetMask) ^ (ctmark & connectionMask).
        case restore(connectionMask: UInt32, packetMask: UInt32)
    }

    /// Bits.
    public enum Shift: Hashable, Sendable {
        case left(UInt8)
        case right(UInt8)
    }

    public var operation: Operation
    /// Applied to the value that is written.
    public var shift: Shift

    public init(_ operation: Operation, shift: Shift = .left(0)) {
        self.operation = operation
        self.shift = shift
    }
}
