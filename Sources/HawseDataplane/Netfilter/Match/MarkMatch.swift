import HawseModel

/// `-m mark` (`mark_mt`).
struct MarkOperation: MatchOperation {
    var mark: MaskedNumber

    init(_ match: MarkMatch) { mark = MaskedNumber(match.mark) }

    @inline(__always)
    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        operation.pointee.mark.holds(context.packet.pointee.mark)
    }
}
