import HawseModel
import HawseWire

/// A connection that a helper foresees (`struct nf_conntrack_expect`): FTP's data channel, TFTP's answers.
struct Expectation {
    /// The source port is not known.
    var tuple: Tuple
    var zone: UInt16
    /// Handle of the connection on whose behalf it waits.
    var master: UInt32
    var timeout: Instant
    var isPermanent = false
    /// `exp->dir`: against which direction of the master the expected connection runs.
    var direction: Direction = .original
    /// NAT: the expected connection is bound as its master is (`nf_nat_follow_master`), to the port that was meant.
    var followsMaster = false
    var savedPort: UInt16 = 0

    /// The time an expectation waits: both helpers' policies say five minutes.
    static let lifetime = Int64.seconds(300)

    func covers(_ other: Tuple, zone other_: UInt16) -> Bool {
        zone == other_ && tuple.destination == other.destination && tuple.destinationPort == other.destinationPort
            && tuple.ipProtocol == other.ipProtocol && tuple.version == other.version && tuple.source == other.source
    }
}

/// Pending expectations, the latest first; few, so that a scan finds them. Bounded by `nf_conntrack_expect_max`.
struct ExpectationTable {
    private(set) var entries: [Expectation] = []

    @inline(__always) var isEmpty: Bool { entries.isEmpty }

    mutating func removeAll(of master: UInt32) { entries.removeAll { $0.master == master } }

    mutating func insert(_ expectation: Expectation) { entries.insert(expectation, at: 0) }

    mutating func remove(at index: Int) { entries.remove(at: index) }

    mutating func removeAll() { entries.removeAll() }

    /// The expectation that a new connection meets (`nf_ct_find_expectation`).
    func match(_ tuple: Tuple, zone: UInt16, now: Instant) -> Int? {
        entries.firstIndex { $0.timeout > now && $0.covers(tuple, zone: zone) }
    }

    /// `__nf_ct_expect_check`: forgets an older one of the same master; false when another's is in the way.
    mutating func makeRoom(for expectation: Expectation, limit: Int, now: Instant) -> Bool {
        entries.removeAll { $0.timeout <= now }
        if entries.contains(where: {
            $0.master != expectation.master && $0.covers(expectation.tuple, zone: expectation.zone)
        }) {
            return false
        }
        entries.removeAll { $0.master == expectation.master }
        return entries.count < limit
    }
}

extension ConnectionTable {
    /// Takes an expectation out that has been met.
    mutating func unexpect(at index: Int) {
        let master = expectations.entries[index].master
        expectations.remove(at: index)
        if let master = live(master), let cold = cold(master) { cold.pointee.expecting = 0 }
    }
}
