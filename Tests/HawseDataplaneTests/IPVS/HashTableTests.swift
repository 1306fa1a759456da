import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

/// The tables of sh and mh against models written from their descriptions alone, slow and plain.
struct HashTableTests {
    struct Server {
        var address: UInt32
        var port: UInt16
        var weight: Int
    }

    /// In list order: every server as many slots in a row as it has weight (at least one), over and over.
    static func slowSourceTable(_ servers: [Server]) -> [UInt32?] {
        if servers.isEmpty { return Array(repeating: nil, count: 256) }
        let round = servers.flatMap { Array(repeating: Optional($0.address), count: max($0.weight, 1)) }
        return (0..<256).map { round[$0 % round.count] }
    }

    /// SipHash with one compression and three finalisation rounds of a 32-bit word, low half.
    static func sip13(_ word: UInt32, key: UInt64) -> UInt32 {
        func left(_ x: UInt64, _ n: UInt64) -> UInt64 { x << n | x >> (64 - n) }
        var v: [UInt64] = [
            key ^ 0x736f_6d65_7073_6575, key ^ 0x646f_7261_6e64_6f6d, key ^ 0x6c79_6765_6e65_7261,
            key ^ 0x7465_6462_7974_6573,
        ]
        func round() {
            v[0] &+= v[1]
            v[2] &+= v[3]
            v[1] = left(v[1], 13) ^ v[0]
            v[3] = left(v[3], 16) ^ v[2]
            v[0] = left(v[0], 32)
            v[2] &+= v[1]
            v[0] &+= v[3]
            v[1] = left(v[1], 17) ^ v[2]
            v[3] = left(v[3], 21) ^ v[0]
            v[2] = left(v[2], 32)
        }
        let block = UInt64(word) | 4 << 56
        v[3] ^= block
        round()
        v[0] ^= block
        v[2] ^= 0xff
        for _ in 0..<3 { round() }
        return UInt32(truncatingIfNeeded: v[0] ^ v[1] ^ v[2] ^ v[3])
    }

    static func divisor(_ numbers: [Int]) -> Int {
        let positive = numbers.filter { $0 > 0 }
        guard let least = positive.min() else { return 0 }
        return (1...least).last { d in positive.allSatisfy { $0 % d == 0 } } ?? 1
    }

    /// Every server has its own order of all 4093 places, and takes the first free ones in turn.
    static func slowMaglevTable(_ servers: [Server]) -> [UInt32?] {
        let size = 4093
        var table: [UInt32?] = Array(repeating: nil, count: size)
        let divisor = divisor(servers.map(\.weight))
        if divisor == 0 { return table }
        let highest = servers.map { $0.weight / divisor }.max() ?? 0
        let bits = String(highest, radix: 2).count
        let shift = max(bits - 6, 0)
        let orders = servers.map { server -> [Int] in
            let word = server.address &+ UInt32(server.port)
            let start = Int(sip13(word, key: 2_654_435_761)) % size
            let skip = Int(sip13(word, key: 2_654_446_892)) % (size - 1) + 1
            return (0..<size).map { (start + $0 * skip) % size }
        }
        var reached = Array(repeating: 0, count: servers.count)
        var free = size
        while free > 0 {
            for (i, server) in servers.enumerated() where server.weight > 0 {
                let turns = max((server.weight / divisor) >> shift, 1)
                for _ in 0..<turns where free > 0 {
                    while table[orders[i][reached[i]]] != nil { reached[i] += 1 }
                    table[orders[i][reached[i]]] = server.address
                    free -= 1
                }
            }
        }
        return table
    }

    static func random(_ count: Int, _ chance: inout RandomStream) -> [Server] {
        let spread: [UInt32] = [2, 5, 20, 300, 65_536]
        let most = spread[Int(chance.below(UInt32(spread.count)))]
        return (0..<count).map { i in
            Server(
                address: 0x0a01_0000 + UInt32(i) * 7 + chance.below(7), port: 8080,
                weight: Int(chance.below(most)))
        }
    }

    @Test func sourceTableForUpTo200Servers() throws {
        var chance = RandomStream(seed: 11, purpose: "test")
        for count in 1...200 {
            let servers = Self.random(count, &chance)
            let rig = try SchedulerRig(.sh)
            for server in servers.reversed() { try add(server, rig) }
            #expect(rig.table == Self.slowSourceTable(servers), "\(count) servers")
        }
    }

    @Test(arguments: [1..<25, 25..<75, 75..<130, 130..<201])
    func maglevTableForUpTo200Servers(_ counts: Range<Int>) throws {
        var chance = RandomStream(seed: UInt64(counts.lowerBound), purpose: "test")
        for count in counts {
            let servers = Self.random(count, &chance)
            let rig = try SchedulerRig(.mh)
            // One rebuild instead of one for every server: the scheduler is set when all are there.
            try rig.dataplane.ipvs.apply(.editService(VirtualService(key: rig.key, scheduler: .rr)))
            for server in servers.reversed() { try add(server, rig) }
            try rig.dataplane.ipvs.apply(.editService(VirtualService(key: rig.key, scheduler: .mh)))
            #expect(rig.table == Self.slowMaglevTable(servers), "\(count) servers")
        }
    }

    private func add(_ server: Server, _ rig: SchedulerRig) throws {
        try rig.add(
            Destination(
                address: IPAddress(ipv4: server.address), port: server.port, forwarding: .masquerade,
                weight: Int32(server.weight)))
    }

    @Test func maglevRebuildsLikeFromScratch() throws {
        var chance = RandomStream(seed: 3, purpose: "test")
        let rig = try SchedulerRig(.mh)
        var servers: [Server] = []
        for step in 0..<60 {
            if servers.count < 3 || chance.below(3) > 0 {
                let server = Server(
                    address: 0x0a01_0000 + UInt32(step), port: 8080, weight: Int(1 + chance.below(9)))
                try add(server, rig)
                servers.insert(server, at: 0)
            } else {
                let server = servers.remove(at: Int(chance.below(UInt32(servers.count))))
                try rig.remove(Destination(address: IPAddress(ipv4: server.address), port: server.port))
            }
            #expect(rig.table == Self.slowMaglevTable(servers))
        }
    }

    @Test func weightZeroKeepsItsPlacesInMaglev() throws {
        let rig = try SchedulerRig(.mh)
        for n in 1...5 { try rig.add(SchedulerRig.server(n, weight: 3)) }
        let before = rig.table
        try rig.edit(SchedulerRig.server(2, weight: 0))
        #expect(rig.table == before)
        let drained = IPAddress(ipv4: 0x0a01_0002)
        let choices = (0..<2000).map { rig.choose(client: UInt32($0) &* 2_654_435_769) }
        #expect(!choices.contains(drained))
        #expect(choices.contains(nil))
    }

    @Test func destinationTableIgnoresWeights() throws {
        let rig = try SchedulerRig(.dh)
        for n in 1...3 { try rig.add(SchedulerRig.server(n, weight: Int32(n * 10))) }
        #expect(rig.table.prefix(4) == [0x0a01_0003, 0x0a01_0002, 0x0a01_0001, 0x0a01_0003])
        #expect(rig.table.count == 256)
    }

    @Test func fallbackFindsAServerWhereverOneIs() throws {
        for scheduler in [VirtualService.Scheduler.sh, .mh] {
            let rig = try SchedulerRig(scheduler, [.schedule1])
            for n in 1...4 { try rig.add(SchedulerRig.server(n)) }
            for n in 1...3 { try rig.edit(SchedulerRig.server(n, weight: 0)) }
            let choices = Set((0..<500).map { rig.choose(client: UInt32($0) &* 0x9e37_79b9) })
            #expect(choices == [IPAddress(ipv4: 0x0a01_0004)])
        }
    }
}
