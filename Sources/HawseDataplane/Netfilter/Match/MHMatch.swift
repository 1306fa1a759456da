import HawseModel
import HawseWire

/// `-m mh` (`mh_mt6`).
struct MHOperation: MatchOperation {
    var types: NumberRange<UInt8>

    init(_ match: MHMatch) { types = NumberRange(match.types) }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        if context.packet.isLaterFragment { return false }
        guard let header = context.transport(6) else { return false }
        guard header.loadProtocol(at: 0) == .noNextHeader else {
            context.hotdrop = true
            return false
        }
        return operation.pointee.types.contains(header.load8(at: 2))
    }
}
