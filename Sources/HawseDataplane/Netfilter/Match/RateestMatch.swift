import HawseModel

/// `-m rateest` (`xt_rateest_mt`): compares the estimates of named estimators.
struct RateestOperation: MatchOperation {
    var first: UInt32
    /// `.max`: none.
    var second: UInt32
    var comparison: UInt8
    var inverted: Bool
    var isDelta: Bool
    var usesBytes: Bool
    var usesPackets: Bool
    var bytes1: UInt32
    var packets1: UInt32
    var bytes2: UInt32
    var packets2: UInt32

    init(_ match: RateestMatch, _ compiler: RuleCompiler) {
        let named = compiler.surroundings.named
        first = named.pointee.estimatorIndex(match.name1)
        second = match.name2.map { named.pointee.estimatorIndex($0) } ?? .max
        comparison = match.comparison.rawValue
        inverted = match.inverted
        isDelta = match.isDelta
        usesBytes = match.usesBPS
        usesPackets = match.usesPPS
        bytes1 = match.bps1 ?? 0
        packets1 = match.pps1 ?? 0
        bytes2 = match.bps2 ?? 0
        packets2 = match.pps2 ?? 0
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let test = operation.pointee
        let now = context.node.pointee.now
        var (bytes1, packets1) = context.node.pointee.named.estimate(test.first, at: now)
        var bytes2 = test.bytes2
        var packets2 = test.packets2
        if test.isDelta {
            bytes1 = test.bytes1 >= bytes1 ? test.bytes1 - bytes1 : 0
            packets1 = test.packets1 >= packets1 ? test.packets1 - packets1 : 0
        }
        if test.second != .max {
            (bytes2, packets2) = context.node.pointee.named.estimate(test.second, at: now)
            if test.isDelta {
                bytes2 = test.bytes2 >= bytes2 ? test.bytes2 - bytes2 : 0
                packets2 = test.packets2 >= packets2 ? test.packets2 - packets2 : 0
            }
        } else if !test.isDelta {
            bytes2 = test.bytes1
            packets2 = test.packets1
        }
        var hit = true
        switch RateestMatch.Comparison(rawValue: test.comparison) {
        case .lessThan:
            if test.usesBytes { hit = hit && bytes1 < bytes2 }
            if test.usesPackets { hit = hit && packets1 < packets2 }
        case .greaterThan:
            if test.usesBytes { hit = hit && bytes1 > bytes2 }
            if test.usesPackets { hit = hit && packets1 > packets2 }
        default:
            if test.usesBytes { hit = hit && bytes1 == bytes2 }
            if test.usesPackets { hit = hit && packets1 == packets2 }
        }
        return hit != test.inverted
    }
}
