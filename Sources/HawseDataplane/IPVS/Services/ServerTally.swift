import HawseModel
import HawseWire

/// What known flows have counted for a real server and not yet handed on: to the server itself, its service and the total,
/// all within one period of the estimators. One cache line, where the three would be half a dozen.
struct ServerTally {
    var incomingPackets: UInt64 = 0
    var incomingBytes: UInt64 = 0
    var outgoingPackets: UInt64 = 0
    var outgoingBytes: UInt64 = 0
    /// The next server on the list of those that have counted something; -1: the last.
    var next: Int32 = -1
    var isListed: UInt32 = 0
    private var padding: (UInt64, UInt64, UInt64) = (0, 0, 0)

    /// A packet of so many IP bytes; requests come in, replies go out.
    @inline(__always)
    mutating func count(_ direction: Direction, _ bytes: Int) {
        withUnsafeMutableBytes(of: &self) { raw in
            guard let place = raw.baseAddress.map({ $0 + Int(direction.rawValue) &* 16 }) else { return }
            let words = place.assumingMemoryBound(to: UInt64.self)
            words[0] &+= 1
            words[1] &+= UInt64(truncatingIfNeeded: bytes)
        }
    }
}

extension IPVSState {
    /// Counts a known flow's packet for a server that is in its service.
    @inline(__always)
    mutating func tally(_ server: Int32, _ direction: Direction, bytes: Int) {
        let tally = servers.tallies + Int(server)
        tally.pointee.count(direction, bytes)
        if tally.pointee.isListed == 0 { list(tally, server) }
    }

    @inline(never)
    private mutating func list(_ tally: UnsafeMutablePointer<ServerTally>, _ server: Int32) {
        tally.pointee.isListed = 1
        tally.pointee.next = firstTally
        firstTally = server
    }

    /// Hands on what has been tallied: before the period ends, before anybody reads a counter, before a server changes.
    mutating func settleTallies() {
        while firstTally >= 0 {
            let tally = servers.tallies + Int(firstTally)
            let server = servers[firstTally]
            let counts = tally.pointee
            add(counts, to: &server.pointee.counters)
            add(counts, to: &services[server.pointee.service].pointee.counters)
            add(counts, to: &total)
            firstTally = counts.next
            tally.pointee = ServerTally()
        }
    }

    private func add(_ tally: ServerTally, to counters: inout IPVSCounters) {
        counters.reach(period)
        counters.counts.incomingPackets &+= tally.incomingPackets
        counters.counts.incomingBytes &+= tally.incomingBytes
        counters.counts.outgoingPackets &+= tally.outgoingPackets
        counters.counts.outgoingBytes &+= tally.outgoingBytes
    }
}
