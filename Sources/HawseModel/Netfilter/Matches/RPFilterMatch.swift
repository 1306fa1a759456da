/// `-m rpfilter` (`xt_rpfilter`).
public struct RPFilterMatch: Hashable, Sendable {
    public var loose: Bool
    public var validMark: Bool
    public var acceptLocal: Bool
    public var inverted: Bool

    public init(
        loose: Bool = false, validMark: Bool = false, acceptLocal: Bool = false, inverted: Bool = false
    ) {
        self.loose = loose
        self.validMark = validMark
        self.acceptLocal = acceptLocal
        self.inverted = inverted
    }
}
