import HawseModel
import HawseWire

/// A connection that a helper foresees (`struct nf_conntrack_expect`): FTP's data channel, TFTP's answers.
struct Expectation {
    /// Source fields count only where the mask has ones.
    var tuple: Tuple
    var sourceMask: AddressBits
    var sourcePortMask: UInt16
    var zone: UInt16
    /// Handle of the connection on whose behalf it waits.
    var master: UInt32
    var timeout: Instant
    var isPermanent = false
    /// Direction of the master's packet that announced it.
    var direction: Direction
    /// NAT: what to do to the expected connection (`nf_nat_follow_master`), and the port the helper first saw.
    var followsMaster = false
    var savedAddress: AddressBits = .zero
    var savedPort: UInt16 = 0
}

/// Pending expectations; few, so that a scan finds them. Bounded by `nf_conntrack_expect_max`.
struct ExpectationTable {
    private(set) var entries: [Expectation] = []

    @inline(__always) var isEmpty: Bool { entries.isEmpty }

    mutating func removeAll(of master: UInt32) { entries.removeAll { $0.master == master } }

    mutating func append(_ expectation: Expectation) { entries.append(expectation) }

    mutating func remove(at index: Int) { entries.remove(at: index) }

    mutating func removeAll() { entries.removeAll() }

    /// The expectation that a new connection meets (`nf_ct_find_expectation`).
    func match(_ tuple: Tuple, zone: UInt16, now: Instant) -> Int? {
        entries.firstIndex {
            $0.zone == zone && $0.timeout > now && $0.tuple.destination == tuple.destination
                && $0.tuple.destinationPort == tuple.destinationPort && $0.tuple.ipProtocol == tuple.ipProtocol
                && $0.tuple.version == tuple.version
                && ($0.tuple.source ^ tuple.source) & $0.sourceMask == .zero
                && ($0.tuple.sourcePort ^ tuple.sourcePort) & $0.sourcePortMask == 0
        }
    }
}
