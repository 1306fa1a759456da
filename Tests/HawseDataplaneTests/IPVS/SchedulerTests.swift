import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

/// The schedulers that look at loads, against a plain model over a history of additions, edits and deletions.
struct SchedulerTests {
    struct Server {
        var address: IPAddress
        var weight: Int
        var active = 0
        var inactive = 0
    }

    /// What each scheduler says of servers in list order, from its description.
    static func expected(_ scheduler: VirtualService.Scheduler, _ servers: [Server]) -> IPAddress? {
        let usable = servers.filter { $0.weight > 0 }
        /// The first with the least ratio.
        func least(_ cost: (Server) -> Int, perWeight: Bool = true) -> IPAddress? {
            var best = usable.first
            for server in usable.dropFirst() {
                guard let present = best else { break }
                let isLess = perWeight
                    ? cost(server) * present.weight < cost(present) * server.weight : cost(server) < cost(present)
                if isLess { best = server }
            }
            return best?.address
        }
        switch scheduler {
        case .lc: return least({ $0.active * 257 + $0.inactive }, perWeight: false)
        case .wlc: return least { $0.active * 257 + $0.inactive }
        case .sed: return least { $0.active + 1 }
        case .nq: return usable.first { $0.active == 0 }?.address ?? least { $0.active + 1 }
        case .fo: return usable.max { $0.weight < $1.weight }.flatMap { most in
            usable.first { $0.weight == most.weight }?.address
        }
        case .ovf:
            let room = usable.filter { $0.active <= $0.weight }
            let most = room.map(\.weight).max()
            return room.first { $0.weight == most }?.address
        default: return nil
        }
    }

    @Test(arguments: [VirtualService.Scheduler.lc, .wlc, .sed, .nq, .fo, .ovf])
    func followsItsDescription(_ scheduler: VirtualService.Scheduler) throws {
        var chance = RandomStream(seed: 5, purpose: "test")
        let rig = try SchedulerRig(scheduler)
        var servers: [Server] = []
        for step in 0..<600 {
            switch chance.below(10) {
            case 0 where servers.count < 12:
                let server = SchedulerRig.server(step, weight: Int32(chance.below(6)))
                try rig.add(server)
                servers.insert(Server(address: server.address, weight: Int(server.weight)), at: 0)
            case 1 where servers.count > 2:
                let gone = servers.remove(at: Int(chance.below(UInt32(servers.count))))
                try rig.remove(Destination(address: gone.address, port: 8080))
            case 2 where !servers.isEmpty:
                let i = Int(chance.below(UInt32(servers.count)))
                servers[i].weight = Int(chance.below(6))
                try rig.edit(
                    Destination(
                        address: servers[i].address, port: 8080, forwarding: .masquerade,
                        weight: Int32(servers[i].weight)))
            case 3...5 where !servers.isEmpty:
                let i = Int(chance.below(UInt32(servers.count)))
                servers[i].active = Int(chance.below(9))
                servers[i].inactive = Int(chance.below(600))
                rig.load(servers[i].address, active: Int32(servers[i].active), inactive: Int32(servers[i].inactive))
            default: break
            }
            #expect(rig.choose() == Self.expected(scheduler, servers), "step \(step)")
        }
    }

    @Test func olderKernelsCountActiveConnectionsOneLess() throws {
        let rig = try SchedulerRig(.lc)
        try rig.add(SchedulerRig.server(1))
        try rig.add(SchedulerRig.server(2))
        rig.load(IPAddress(ipv4: 0x0a01_0001), active: 1, inactive: 0)
        rig.load(IPAddress(ipv4: 0x0a01_0002), active: 0, inactive: 256)
        // 257 against 256; before, 256 against 256, and the head of the list wins.
        #expect(rig.choose() == IPAddress(ipv4: 0x0a01_0002))
        rig.load(IPAddress(ipv4: 0x0a01_0002), active: 0, inactive: 257)
        #expect(rig.choose() == IPAddress(ipv4: 0x0a01_0002))
        rig.dataplane.ipvs.setOverheadBeforeTotalConnections(true)
        #expect(rig.choose() == IPAddress(ipv4: 0x0a01_0001))
    }

    @Test func roundRobinBeginsWithTheLastAddedAndSurvivesDeletion() throws {
        let rig = try SchedulerRig(.rr)
        for n in 1...4 { try rig.add(SchedulerRig.server(n)) }
        func next() -> UInt32? { rig.choose().map { $0.bits.ipv4 & 0xff } }
        #expect([next(), next()] == [4, 3])
        // The one the cursor is on goes: the cursor steps back to 4, so that 2 is next.
        try rig.remove(SchedulerRig.server(3))
        #expect([next(), next(), next(), next()] == [2, 1, 4, 2])
        // A new one is at the head: it comes after the end.
        try rig.add(SchedulerRig.server(5))
        #expect([next(), next(), next()] == [1, 5, 4])
        try rig.edit(SchedulerRig.server(2, weight: 0))
        #expect([next(), next(), next()] == [1, 5, 4])
        for n in [1, 4, 5] { try rig.edit(SchedulerRig.server(n, weight: 0)) }
        #expect(next() == nil)
    }

    @Test func weightedRoundRobinGivesEveryServerItsWeight() throws {
        var chance = RandomStream(seed: 9, purpose: "test")
        for _ in 0..<40 {
            let rig = try SchedulerRig(.rr)
            let weights = (0..<Int(1 + chance.below(7))).map { _ in Int32(chance.below(9)) }
            for (n, weight) in weights.enumerated() { try rig.add(SchedulerRig.server(n, weight: weight)) }
            // From a fresh start, one whole round has every server as often as its weight says, over the divisor.
            try rig.dataplane.ipvs.apply(.editService(VirtualService(key: rig.key, scheduler: .wrr)))
            let divisor = HashTableTests.divisor(weights.map(Int.init))
            if divisor == 0 {
                #expect(rig.choose() == nil)
                continue
            }
            let total = weights.reduce(0) { $0 + Int($1) } / divisor
            var counts: [Int: Int] = [:]
            for _ in 0..<total {
                let address = try #require(rig.choose())
                counts[Int(address.bits.ipv4 & 0xffff), default: 0] += 1
            }
            for (n, weight) in weights.enumerated() { #expect(counts[n] ?? 0 == Int(weight) / divisor) }
        }
    }

    @Test func thresholdsHoldServersBackUntilConnectionsEnd() throws {
        let rig = try SchedulerRig(.wlc)
        try rig.add(SchedulerRig.server(1, upper: 4))
        let node = rig.dataplane.node
        var made: [VirtualConnectionRef] = []
        func connect() -> Bool {
            guard let address = rig.choose() else { return false }
            let flow = VirtualFlow(
                version: 4, ipProtocol: .tcp, client: AddressBits(ipv4: UInt32(made.count + 1)), clientPort: 9,
                virtual: AddressBits(ipv4: 0x0a60_0001), virtualPort: 80)
            let server = node.pointee.ipvs.findServer(node.pointee.ipvs.services.find(rig.key), address, 8080)
            let connection = node.pointee.ipvs.makeConnection(
                flow, destination: address.bits, port: 8080, version: 4, flags: [], server: server, mark: 0)
            if let connection { made.append(connection) }
            return connection != nil
        }
        #expect([connect(), connect(), connect(), connect(), connect()] == [true, true, true, true, false])
        node.pointee.ipvs.drop(made.removeLast(), node)
        // Three quarters of four must be fallen below.
        #expect(!connect())
        node.pointee.ipvs.drop(made.removeLast(), node)
        #expect(connect())
    }

    @Test func deletedServersComeBackWithTheirConnections() throws {
        let rig = try SchedulerRig(.wlc)
        for n in 1...2 { try rig.add(SchedulerRig.server(n)) }
        let node = rig.dataplane.node
        let service = node.pointee.ipvs.services.find(rig.key)
        let server = node.pointee.ipvs.findServer(service, IPAddress(ipv4: 0x0a01_0001), 8080)
        let flow = VirtualFlow(
            version: 4, ipProtocol: .tcp, client: AddressBits(ipv4: 1), clientPort: 9,
            virtual: AddressBits(ipv4: 0x0a60_0001), virtualPort: 80)
        let made = node.pointee.ipvs.makeConnection(
            flow, destination: AddressBits(ipv4: 0x0a01_0001), port: 8080, version: 4, flags: [], server: server, mark: 0)
        let connection = try #require(made)
        connection.pointee.setTimeout(100 * Jiffies.perSecond)
        node.pointee.ipvs.restart(connection)
        try rig.remove(SchedulerRig.server(1))
        #expect(rig.dataplane.ipvsListing().services[0].destinations.count == 1)
        try rig.add(SchedulerRig.server(1))
        let listed = rig.dataplane.ipvsListing().services[0].destinations
        #expect(listed.map(\.destination.address.bits.ipv4) == [0x0a01_0001, 0x0a01_0002])
        #expect(listed[0].inactiveConnections == 1)
        // Without connections, it is forgotten after two minutes at the latest after the second look.
        try rig.remove(SchedulerRig.server(1))
        rig.dataplane.advance(to: Instant(seconds: 1_700_000_000 + 600))
        #expect(node.pointee.ipvs.trash.isEmpty)
        #expect(rig.dataplane.ipvs.connectionCount == 0)
    }
}
