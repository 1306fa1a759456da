/// A rule's target (`-j` or `-g`), one case and one file in `Targets/` each.
public indirect enum Target: Hashable, Sendable {
    case accept
    case drop
    case `return`
    /// `-j CHAIN`: a user chain of the same table.
    case jump(String)
    /// `-g CHAIN`.
    case goto(String)
    case dnat(NATTarget)
    case mark(MarkTarget)
    case masquerade(MasqueradeTarget)
    case reject(RejectTarget)
    case snat(NATTarget)
}
