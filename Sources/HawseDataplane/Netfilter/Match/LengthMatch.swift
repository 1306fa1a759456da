import HawseModel

/// `-m length` (`length_mt`).
struct LengthOperation: MatchOperation {
    var length: NumberRange<UInt16>

    init(_ match: LengthMatch) { length = NumberRange(match.length) }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let range = operation.pointee.length
        let length = context.packet.length
        return (length >= Int(range.lower) && length <= Int(range.upper)) != range.inverted
    }
}
