/// `-m mark` (`xt_mark`): the packet's mark under a mask.
public struct MarkMatch: Hashable, Sendable {
    public var mark: MaskedValue

    public init(_ mark: MaskedValue) { self.mark = mark }
}
