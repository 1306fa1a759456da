import HawseModel
import HawseWire

/// `mh`: the table of the Maglev paper, 4093 slots; built from `lastWeight`, so that a server whose weight became 0
/// keeps its slots. Keeps `table`.
///
/// `.schedule1` is mh-fallback, `.schedule2` mh-port.
enum MaglevHashing: IPVSScheduler {
    /// `primes[IP_VS_MH_TAB_INDEX]` with the configured index of 12.
    static let size: UInt32 = 4093
    /// `IP_VS_MH_TAB_BITS`
    private static let turnBits: Int32 = 6
    private static let hash1 = SipHash(key0: 2_654_435_761, key1: 2_654_435_761)
    private static let hash2 = SipHash(key0: 2_654_446_892, key1: 2_654_446_892)

    private struct Share {
        var next: UInt32
        var skip: UInt32
        var turns: Int32
    }

    static func start(_ service: VirtualServerRef, _ ipvs: IPVSState) {
        service.pointee.makeTable(Int(size))
        fill(service, ipvs)
    }

    static func stop(_ service: VirtualServerRef, _ ipvs: IPVSState) { service.pointee.dropTable() }
    static func changed(_ service: VirtualServerRef, _ ipvs: IPVSState) { fill(service, ipvs) }

    /// `ip_vs_mh_reassign`
    private static func fill(_ service: VirtualServerRef, _ ipvs: IPVSState) {
        let count = service.pointee.count
        guard count <= Int(size), let table = service.pointee.table else { return }
        table.update(repeating: -1, count: Int(size))
        var divisor: Int32 = 0
        var highest: Int32 = 0
        for i in 0..<count {
            let weight = ipvs.servers[service.pointee.load(i).pointee.server].pointee.lastWeight
            if weight > 0 { divisor = divisor > 0 ? SchedulerMath.gcd(weight, divisor) : weight }
            highest = max(highest, weight)
        }
        guard divisor >= 1 else { return }
        let bits = 32 - Int32((highest / divisor).leadingZeroBitCount)
        let shift = max(bits - turnBits, 0)
        var shares: [Share] = []
        shares.reserveCapacity(count)
        for i in 0..<count {
            let server = ipvs.servers[service.pointee.load(i).pointee.server]
            let word = SchedulerMath.fold(
                server.pointee.address, serviceVersion: service.pointee.version,
                addressVersion: server.pointee.version) &+ UInt32(server.pointee.port)
            let turns = (server.pointee.lastWeight / divisor) >> shift
            shares.append(
                Share(
                    next: hash1.hash32(word) % size, skip: hash2.hash32(word) % (size - 1) + 1,
                    turns: turns != 0 ? turns : server.pointee.lastWeight != 0 ? 1 : 0))
        }
        populate(service, table, &shares)
    }

    private static func populate(
        _ service: VirtualServerRef, _ table: UnsafeMutablePointer<Int32>, _ shares: inout [Share]
    ) {
        var filled: UInt32 = 0
        while true {
            for i in shares.indices {
                var turn: Int32 = 0
                while turn < shares[i].turns {
                    var place = shares[i].next
                    while table[Int(place)] >= 0 {
                        place += shares[i].skip
                        if place >= size { place -= size }
                    }
                    shares[i].next = place
                    table[Int(place)] = service.pointee.load(i).pointee.server
                    filled += 1
                    if filled == size { return }
                    turn += 1
                }
            }
        }
    }

    static func choose(_ service: VirtualServerRef, _ request: SchedulingRequest, _ ipvs: inout IPVSState) -> Int32 {
        guard let table = service.pointee.table else { return -1 }
        let port = service.pointee.flags.contains(.schedule2) ? request.clientPort : 0
        let word = SchedulerMath.fold(
            request.client, serviceVersion: service.pointee.version, addressVersion: request.version) &+ UInt32(port)
        let first = hash1.hash32(word) % size
        let server = table[Int(first)]
        if server < 0 { return -1 }
        if ipvs.load(server).pointee.isUsable { return server }
        guard service.pointee.flags.contains(.schedule1) else { return -1 }
        for offset in 0..<size {
            let other = table[Int(hash1.hash32(word &+ (offset + first) % size) % size)]
            if other < 0 { return -1 }
            if ipvs.load(other).pointee.isUsable { return other }
        }
        return -1
    }
}
