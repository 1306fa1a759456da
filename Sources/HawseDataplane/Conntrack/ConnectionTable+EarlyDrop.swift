import HawseModel

/// A full table makes room (`early_drop`, net/netfilter/nf_conntrack_core.c).
extension ConnectionTable {
    /// `early_drop`: looks into eight buckets, and of the first that holds some forgets all that are not ASSURED. Which connections
    /// share a bucket hangs on a key that the kernel draws: as many are looked at here as there are in one.
    mutating func earlyDrop(now: Instant) -> Bool {
        guard highest > 0 else { return false }
        for _ in 0..<8 {
            var drops = 0
            for _ in 0..<bucketSize(2 * count) {
                let connection = records[Int(bucketChance.below(UInt32(truncatingIfNeeded: highest))) + 1]
                guard connection.pointee.uses > 0, connection.pointee.isConfirmed, !connection.pointee.isDying else { continue }
                let isOver = isExpired(connection, at: now)
                guard isOver || !connection.pointee.isAssured else { continue }
                remove(connection)
                if !isOver { drops += 1 }
            }
            if drops > 0 || count < settings.maximum { return true }
        }
        return false
    }

    /// How many of some tuples lie in one bucket (Poisson's distribution, as the hash is even).
    private mutating func bucketSize(_ tuples: Int) -> Int {
        let mean = Double(tuples) / Double(settings.buckets)
        guard mean < 16 else { return Int(mean) }
        // e to the power of -mean.
        var rest = 1 - mean / 1024
        for _ in 0..<10 { rest *= rest }
        var chance = Double(bucketChance.nextUInt32()) / 4_294_967_296
        var term = rest
        var size = 0
        while chance >= term, size < 64 {
            chance -= term
            size += 1
            term *= mean / Double(size)
        }
        return size
    }
}
