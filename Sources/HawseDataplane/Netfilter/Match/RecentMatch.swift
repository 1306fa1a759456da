import HawseModel
import HawseWire

/// `-m recent` (`recent_mt`).
struct RecentOperation: MatchOperation {
    var table: UnsafeMutablePointer<RecentTable>
    var operation: UInt8
    var inverted: Bool
    var seconds: UInt32
    var hitCount: UInt32
    var checksTTL: Bool
    var reaps: Bool
    var byDestination: Bool

    init(_ match: RecentMatch, _ table: UnsafeMutablePointer<RecentTable>) {
        self.table = table
        operation = match.operation.rawValue
        inverted = match.inverted
        seconds = match.seconds
        hitCount = match.hitCount
        checksTTL = match.checksTTL
        reaps = match.reaps
        byDestination = match.byDestination
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let packet = context.packet
        let rule = operation.pointee
        let table = rule.table
        let now = context.node.pointee.now.jiffies
        var ttl = packet.hopLimit
        // The TTL as it was before this node forwarded the packet.
        if packet.pointee.outInterface != 0, packet.pointee.uid == -1 { ttl = ttl &+ 1 }
        let address = (rule.byDestination ? packet.destinationBits : packet.sourceBits) & table.pointee.mask
        let kind = RecentMatch.Operation(rawValue: rule.operation)

        var found = table.pointee.find(address, packet.family)
        if let index = found, rule.checksTTL, ttl != 0 {
            let known = table.pointee[index].pointee.ttl
            if known != 0, known != ttl { found = nil }
        }
        guard let index = found else {
            guard kind == .set else { return rule.inverted }
            table.pointee.insert(address, packet.family, ttl: ttl, now: now)
            return !rule.inverted
        }
        var result = rule.inverted
        switch kind {
        case .set: result.toggle()
        case .remove:
            table.pointee.remove(index)
            return !result
        default:
            let since = now &- UInt64(rule.seconds) &* UInt64(Instant.hertz)
            if table.pointee.hits(index, hitCount: rule.hitCount, since: since, limited: rule.seconds != 0) {
                result.toggle()
            }
            if rule.reaps {
                let updates = kind == .update && result
                table.pointee.reap(before: since, keeping: updates ? index : nil)
            }
        }
        if kind == .set || (kind == .update && result) {
            table.pointee.update(index, ttl: ttl, now: now)
        }
        return result
    }
}
