import HawseModel

/// `-m connlabel` (`connlabel_mt`).
struct ConnlabelOperation: MatchOperation {
    var low: UInt64
    var high: UInt64
    var sets: Bool
    var inverted: Bool

    init(_ match: ConnlabelMatch) {
        low = match.bit < 64 ? 1 << UInt64(match.bit) : 0
        high = match.bit >= 64 ? 1 << UInt64(match.bit - 64) : 0
        sets = match.sets
        inverted = match.inverted
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let test = operation.pointee
        guard let connection = context.connection else { return test.inverted }
        if let cold = context.node.pointee.connections.cold(connection),
            cold.pointee.labelsLow & test.low | cold.pointee.labelsHigh & test.high != 0
        {
            return !test.inverted
        }
        guard test.sets, let cold = context.node.pointee.connections.makeExtension(connection) else { return test.inverted }
        cold.pointee.labelsLow |= test.low
        cold.pointee.labelsHigh |= test.high
        return !test.inverted
    }
}
