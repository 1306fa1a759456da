/// An inclusive range under an optional `!`: ports, lengths, marks.
public struct ValueRange<Value: Comparable & Hashable & Sendable>: Hashable, Sendable {
    public var lower: Value
    public var upper: Value
    public var inverted: Bool

    public init(_ lower: Value, _ upper: Value, inverted: Bool = false) {
        self.lower = lower
        self.upper = upper
        self.inverted = inverted
    }

    public init(_ value: Value, inverted: Bool = false) {
        self.init(value, value, inverted: inverted)
    }

    public func contains(_ value: Value) -> Bool { (value >= lower && value <= upper) != inverted }
}

/// A value under a mask with an optional `!`: `--mark 0x4000/0x4000`.
public struct MaskedValue: Hashable, Sendable {
    public var value: UInt32
    public var mask: UInt32
    public var inverted: Bool

    public init(value: UInt32, mask: UInt32 = .max, inverted: Bool = false) {
        self.value = value
        self.mask = mask
        self.inverted = inverted
    }
}

/// A value with an optional `!`.
public struct Flagged<Value: Hashable & Sendable>: Hashable, Sendable {
    public var value: Value
    public var inverted: Bool

    public init(_ value: Value, inverted: Bool = false) {
        self.value = value
        self.inverted = inverted
    }
}

/// The directions of a connection, as `enum ip_conntrack_dir`.
public enum ConnectionDirection: UInt8, Hashable, Sendable {
    case original = 0
    case reply = 1
}
