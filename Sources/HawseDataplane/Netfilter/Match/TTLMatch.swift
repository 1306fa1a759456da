import HawseModel

/// `-m ttl` (`ttl_mt`) and `-m hl` (`hl_mt6`).
struct TTLOperation: MatchOperation {
    var comparison: UInt8
    var value: UInt8

    init(_ match: TTLMatch) {
        comparison = match.comparison.rawValue
        value = match.value
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let ttl = context.packet.hopLimit
        let value = operation.pointee.value
        switch TTLMatch.Comparison(rawValue: operation.pointee.comparison) {
        case .equal: return ttl == value
        case .notEqual: return ttl != value
        case .lessThan: return ttl < value
        case .greaterThan: return ttl > value
        case nil: return false
        }
    }
}
