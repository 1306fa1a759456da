import HawseModel

/// `-m statistic` (`statistic_mt`).
struct StatisticOperation: MatchOperation {
    var isRandom: Bool
    var inverted: Bool
    /// Of 2³¹.
    var probability: UInt32
    /// Period minus one, and where the rule stands in it.
    var every: UInt32
    var count: UInt32

    init(_ match: StatisticMatch) {
        inverted = match.inverted
        switch match.mode {
        case .random(let probability):
            isRandom = true
            self.probability = probability
            every = 0
            count = 0
        case .nth(let every, let packet):
            isRandom = false
            probability = 0
            self.every = every == 0 ? 0 : every - 1
            count = self.every &- min(packet, self.every)
        }
    }

    /// One draw; `probability`: of 2³¹.
    @inline(__always)
    static func wins(_ probability: UInt32, _ chance: inout RandomStream) -> Bool {
        chance.nextUInt32() & 0x7fff_ffff < probability
    }

    @inline(__always)
    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let hit: Bool
        if operation.pointee.isRandom {
            hit = wins(operation.pointee.probability, &context.node.pointee.chance.statistic)
        } else {
            let old = operation.pointee.count
            operation.pointee.count = old == operation.pointee.every ? 0 : old &+ 1
            hit = operation.pointee.count == 0
        }
        return hit != operation.pointee.inverted
    }
}
