import HawseModel
import HawseWire

extension Dataplane {
    /// Of the frames of all shards, receives those that are this one's. The others only take their ordinals, and their time
    /// passes.
    func receiveShare(
        _ frames: UnsafeBufferPointer<InputFrame>, _ owners: UnsafePointer<UInt8>, _ number: UInt8, after ordinal: UInt64,
        _ clock: Instant
    ) {
        node.pointee.frameOrdinal = ordinal
        withUnsafeTemporaryAllocation(of: InputFrame.self, capacity: Self.shareSize) { own in
            var filled = 0
            var skipped: UInt32 = 0
            var time = clock
            for index in 0..<frames.count {
                time = max(time, frames[index].time)
                guard owners[index] == number else {
                    skipped &+= 1
                    continue
                }
                var frame = frames[index]
                frame.time = time
                frame.skipped = skipped
                skipped = 0
                own.initializeElement(at: filled, to: frame)
                filled += 1
                if filled == Self.shareSize {
                    receive(UnsafeBufferPointer(own))
                    filled = 0
                }
            }
            receive(UnsafeBufferPointer(rebasing: own[0..<filled]))
            node.pointee.frameOrdinal &+= UInt64(skipped)
            advance(to: time)
        }
    }

    /// Frames that are handed over at a time: of each lot the first ones have nothing fetched ahead.
    static var shareSize: Int { 256 }

    /// What the packets so far have met that packets of other flows have a part in: chance, limits on answers, neighbours
    /// that were not known.
    var orderEvent: OrderDependence? {
        if node.pointee.neighbours.hasResolved { return OrderDependence("neighbours", "an address had to be resolved") }
        if node.pointee.limits.isTouched { return OrderDependence("ICMP", "an answer was subject to a rate limit") }
        if !node.pointee.routing.exceptions.isEmpty { return OrderDependence("routes", "a path MTU or redirect was learnt") }
        if node.pointee.chance != ChanceStreams(seed: seed) { return OrderDependence("chance", "a number was drawn") }
        return nil
    }
}

extension OutcomeCounts {
    static func += (a: inout Self, b: Self) {
        a.transmitted &+= b.transmitted
        a.delivered &+= b.delivered
        a.consumed &+= b.consumed
        a.dropped.merge(b.dropped) { $0 &+ $1 }
    }
}

extension RuleSet {
    /// Adds the counters of a rule set with the same chains and rules.
    mutating func addCounters(of other: RuleSet) {
        for t in tables.indices {
            for c in tables[t].chains.indices {
                tables[t].chains[c].counters += other.tables[t].chains[c].counters
                for r in tables[t].chains[c].rules.indices {
                    tables[t].chains[c].rules[r].counters += other.tables[t].chains[c].rules[r].counters
                }
            }
        }
    }
}
