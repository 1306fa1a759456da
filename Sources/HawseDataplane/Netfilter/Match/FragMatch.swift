import HawseModel
import HawseWire

/// `-m frag` (`frag_mt6`). `--fraglen` is parsed and shown, but the kernel never compares it.
struct FragOperation: MatchOperation {
    var id: NumberRange<UInt32>
    var checksReserved: Bool
    var isFirst: Bool
    var hasMore: Bool
    var isLast: Bool

    init(_ match: FragMatch) {
        id = NumberRange(match.id)
        checksReserved = match.checksReserved
        isFirst = match.isFirst
        hasMore = match.hasMore
        isLast = match.isLast
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        guard let header = context.extensionHeader(.fragment, bytes: 8) else { return false }
        let field = header.loadBE16(at: 2)
        let test = operation.pointee
        return test.id.contains(header.loadBE32(at: 4))
            && !(test.checksReserved && (header.load8(at: 1) != 0 || field & 6 != 0))
            && !(test.isFirst && field & ~7 != 0)
            && !(test.hasMore && field & 1 == 0)
            && !(test.isLast && field & 1 != 0)
    }
}
