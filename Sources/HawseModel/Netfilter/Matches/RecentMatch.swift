import HawseWire

/// `-m recent` (`xt_recent`).
public struct RecentMatch: Hashable, Sendable {
    public enum Operation: UInt8, Hashable, Sendable { case set, check, update, remove }

    public var operation: Operation
    public var inverted: Bool
    public var name: String
    /// 0: not given.
    public var seconds: UInt32
    /// 0: not given.
    public var hitCount: UInt32
    public var checksTTL: Bool
    public var reaps: Bool
    /// `--rdest`.
    public var byDestination: Bool
    /// All ones of the family unless `--mask` is given.
    public var mask: AddressBits

    public init(
        operation: Operation, inverted: Bool = false, name: String = "DEFAULT", seconds: UInt32 = 0,
        hitCount: UInt32 = 0, checksTTL: Bool = false, reaps: Bool = false, byDestination: Bool = false,
        mask: AddressBits
    ) {
        self.operation = operation
        self.inverted = inverted
        self.name = name
        self.seconds = seconds
        self.hitCount = hitCount
        self.checksTTL = checksTTL
        self.reaps = reaps
        self.byDestination = byDestination
        self.mask = mask
    }
}
