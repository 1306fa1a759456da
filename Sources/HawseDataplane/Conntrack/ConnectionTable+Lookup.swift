import HawseModel
import HawseWire

/// Finding a tuple's connection (`__nf_conntrack_find_get`).
extension ConnectionTable {
    /// `__nf_conntrack_find`: record and direction of a tuple. Entries that ran out are removed on the way.
    ///
    /// `only`: entries of this direction, for a zone that counts in one direction: the kernel compares the zone of the
    /// entry's direction, but looks in the bucket of the other's.
    @inline(__always)
    mutating func find(
        _ tuple: Tuple, zone: UInt16, hash: UInt64, now: Instant, only: Direction? = nil
    ) -> (ConnectionRef, Direction)? {
        var candidates = index.candidates(hash)
        while let reference = candidates.next() {
            let connection = records[Int(reference >> 1)]
            let direction: Direction = reference & 1 == 0 ? .original : .reply
            guard equals(connection, direction, tuple, zone: zone) else { continue }
            if let only, only != direction { continue }
            settle(connection)
            if connection.pointee.timeout <= now {
                remove(connection)
                continue
            }
            // A tuple that is its own reverse: the kernel puts the reply's entry in front.
            if direction == .original, tuple.source.low == tuple.destination.low, only == nil,
                equals(connection, .reply, tuple, zone: zone)
            {
                return (connection, .reply)
            }
            return (connection, direction)
        }
        return nil
    }

    mutating func find(_ tuple: Tuple, zone: UInt16, now: Instant) -> (ConnectionRef, Direction)? {
        find(tuple, zone: zone, hash: hash(tuple, zone: zone), now: now)
    }

    /// Looks in the zone that holds in `direction`.
    mutating func find(
        _ tuple: Tuple, _ zones: ZonePair, in direction: Direction, now: Instant
    ) -> (ConnectionRef, Direction)? {
        let zone = direction == .original ? zones.original : zones.reply
        return find(
            tuple, zone: zone, hash: hash(tuple, zone: zone), now: now,
            only: zones.original == zones.reply ? nil : direction)
    }

    /// `nf_conntrack_find_get`: in the zone of the original direction, then in the reply's.
    mutating func find(_ tuple: Tuple, _ zones: ZonePair, now: Instant) -> (ConnectionRef, Direction)? {
        if let found = find(tuple, zones, in: .original, now: now) { return found }
        return zones.original == zones.reply ? nil : find(tuple, zones, in: .reply, now: now)
    }
}
