/// `-m connmark` (`xt_connmark`): the connection's mark under a mask.
public struct ConnmarkMatch: Hashable, Sendable {
    public var mark: MaskedValue

    public init(_ mark: MaskedValue) {
        self.mark = mark
    }
}
