import HawseModel

/// `-m connmark` (`connmark_mt`).
struct ConnmarkOperation: MatchOperation {
    var mark: MaskedNumber

    init(_ match: ConnmarkMatch) { mark = MaskedNumber(match.mark) }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        guard let connection = context.connection else { return false }
        return operation.pointee.mark.holds(connection.pointee.mark)
    }
}
