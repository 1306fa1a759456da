import HawseModel

/// `-m limit` (`limit_mt`): a bucket of credits that fills by the jiffy.
struct LimitOperation: MatchOperation {
    /// A power of two below 2³² over the jiffies of a day (`CREDITS_PER_JIFFY` at 250 Hz).
    static let creditsPerJiffy: UInt32 = 128
    static let scale: UInt32 = 10_000

    var credit: UInt32
    var cap: UInt32
    var cost: UInt32
    /// Jiffies.
    var previous: UInt64

    init(_ match: LimitMatch, now: Instant, _ compiler: RuleCompiler) throws(DataplaneError) {
        let product = match.average &* match.burst
        guard match.burst != 0, Self.credits(product) >= Self.credits(match.average) else {
            throw compiler.refusal("limit: burst \(match.burst) at this rate overflows; lower the burst or raise the rate")
        }
        credit = Self.credits(product)
        cap = credit
        cost = Self.credits(match.average)
        // A rule loaded before the node's clock runs begins with its first packet.
        previous = now == .zero ? .max : now.jiffies
    }

    /// `user2credits`
    static func credits(_ user: UInt32) -> UInt32 {
        let perSecond = UInt32(Instant.hertz) * creditsPerJiffy
        return user > .max / perSecond ? user / scale &* perSecond : user &* perSecond / scale
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let now = context.node.pointee.now.jiffies
        if operation.pointee.previous == .max { operation.pointee.previous = now }
        let passed = UInt32(truncatingIfNeeded: now &- operation.pointee.previous)
        operation.pointee.previous = now
        var credit = operation.pointee.credit &+ passed &* creditsPerJiffy
        credit = min(credit, operation.pointee.cap)
        let hit = operation.pointee.cost <= credit
        operation.pointee.credit = hit ? credit &- operation.pointee.cost : credit
        return hit
    }
}

extension Instant {
    /// Timer ticks a second of the recorded kernel (`CONFIG_HZ`).
    static let hertz: Int64 = 250

    /// Ticks since the epoch.
    @inline(__always)
    var jiffies: UInt64 { UInt64(truncatingIfNeeded: nanoseconds / (1_000_000_000 / Self.hertz)) }
}
