/// `-m connlabel` (`xt_connlabel`).
public struct ConnlabelMatch: Hashable, Sendable {
    /// 0…127.
    public var bit: UInt16
    /// `--set`: sets the label, and fails when that is not possible.
    public var sets: Bool
    public var inverted: Bool

    public init(bit: UInt16, sets: Bool = false, inverted: Bool = false) {
        self.bit = bit
        self.sets = sets
        self.inverted = inverted
    }
}
