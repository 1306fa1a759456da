import HawseModel

extension RuleContext {
    /// `ct->mark`, also of the template that a CT target has attached.
    var connectionMark: UnsafeMutablePointer<UInt32>? {
        guard let connection else { return packet.pointee.connectionTemplate.mark }
        return withUnsafeMutablePointer(to: &connection.pointee.mark) { $0 }
    }
}

/// `-m connmark` (`connmark_mt`).
struct ConnmarkOperation: MatchOperation {
    var mark: MaskedNumber

    init(_ match: ConnmarkMatch) { mark = MaskedNumber(match.mark) }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        guard let mark = context.connectionMark else { return false }
        return operation.pointee.mark.holds(mark.pointee)
    }
}
