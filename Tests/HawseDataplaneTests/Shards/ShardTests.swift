import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

/// Flows dealt out to shards: of an order-free program every byte, counter and connection is that of one dataplane.
@Suite struct ShardTests {
    @Test(arguments: [2, 3, 5], [true, false])
    func manyShardsAreOne(_ count: Int, _ cached: Bool) throws {
        let spec = try ShardTraffic.spec()
        #expect(OrderDependence.all(of: spec).isEmpty)
        // Fragments in any order come in one batch; in their own order they may come in several.
        let frames = try ShardTraffic.frames(flows: 400, seed: UInt64(count), turnsFragments: cached)
        let one = try ShardTraffic.play(frames, DataplaneShards(spec, count: 1, seed: 3), cached: cached, isWhole: cached)
        let shards = try DataplaneShards(spec, count: count, seed: 3)
        #expect(shards.count == count)
        let many = try ShardTraffic.play(frames, shards, cached: cached, isWhole: cached)
        #expect(shards.orderEvent == nil)
        #expect(one.outputs.count > frames.count / 2)
        let isSame = many.outputs == one.outputs
        #expect(isSame)
        let hasSameState = many.rules == one.rules && many.connections == one.connections
        #expect(hasSameState)
        #expect(!one.connections.isEmpty)
        #expect(many.outcomes == one.outcomes)
        // Each shard had something to do.
        let map = ShardMap(spec, count: count, node: shards.first)
        defer { map.deallocate() }
        let owners = Set(frames.map { frame in frame.bytes.withUnsafeBytes { map.owner($0, on: frame.interface) } })
        #expect(owners.isSuperset(of: (0..<count).map { UInt8($0) }))
        #expect(owners.contains(ShardMap.fragment))
    }

    @Test func whatDependsOnOrderIsNamed() throws {
        func dependence(_ change: (inout NodeSpec) throws -> Void) throws -> OrderDependence? {
            var spec = try ShardTraffic.spec()
            try change(&spec)
            let shards = try DataplaneShards(spec, count: 2)
            let first = shards.dependences.first
            #expect(shards.count == (first == nil ? 2 : 1))
            #expect(try DataplaneShards(spec, count: 2, isApproximate: true).count == 2)
            return first
        }
        func filter(_ rule: Rule) -> (inout NodeSpec) -> Void {
            return { spec in
                var table = Table.builtin(.filter)
                table.chains[1].rules = [rule]
                spec.iptables?[.filter] = table
            }
        }
        #expect(try dependence { _ in } == nil)
        let nth = Match.statistic(StatisticMatch(mode: .nth(every: 3, packet: 0)))
        #expect(
            try dependence(filter(Rule(matches: [nth], target: .drop)))
                == OrderDependence("iptables filter FORWARD rule 1", "statistic nth counts the packets of all flows"))
        let random = Match.statistic(StatisticMatch(mode: .random(probability: 1 << 30)))
        #expect(try dependence(filter(Rule(matches: [random], target: .drop)))?.reason == "statistic random draws from one stream")
        #expect(
            try dependence { spec in
                spec.iptables?[.nat]?.chains[3].rules = [Rule(target: .masquerade(MasqueradeTarget()))]
            }?.reason == "MASQUERADE shares source ports among connections")
        #expect(
            try dependence { $0.interfaces.append(InterfaceSpec(name: "br0", kind: .bridge)) }
                == OrderDependence("br0", "a bridge learns from every frame where its sender is"))
        let service = VirtualService(
            key: .address(ipProtocol: .tcp, address: try StackNode.address("203.0.113.200"), port: 80), scheduler: .rr)
        #expect(
            try dependence { $0.ipvs = IPVSSpec(services: [service]) }?.description
                == "virtual service 203.0.113.200:80: rr chooses by what was chosen before")
    }

    /// What only packets can tell is told when they have passed.
    @Test func neighboursThatHaveToBeResolvedAreNoticed() throws {
        var spec = try ShardTraffic.spec()
        spec.neighbors = []
        let shards = try DataplaneShards(spec, count: 2)
        _ = try ShardTraffic.play(try ShardTraffic.frames(flows: 4, seed: 1), shards, cached: true)
        #expect(shards.orderEvent?.place == "neighbours")
    }

    /// A later fragment that comes a batch before the first one has no ports to go by.
    @Test func lateFirstFragmentsAreNoticed() throws {
        let shards = try DataplaneShards(try ShardTraffic.spec(), count: 4)
        _ = try ShardTraffic.play(try ShardTraffic.frames(flows: 100, seed: 1, turnsFragments: true), shards, cached: true)
        #expect(shards.orderEvent?.place == "fragments")
    }

    /// Approximate shards choose source ports so that replies come back to them.
    @Test func masqueradedRepliesFindTheirShard() throws {
        var spec = try ShardTraffic.spec()
        spec.iptables?[.nat]?.chains[3].rules = [Rule(target: .masquerade(MasqueradeTarget()))]
        let shards = try DataplaneShards(spec, count: 4, isApproximate: true)
        let eth0 = try #require(shards.first.interfaceIndex("eth0"))
        let eth1 = try #require(shards.first.interfaceIndex("eth1"))
        var now = Instant(seconds: 1_700_000_000)
        var came = 0
        for number in 0..<200 {
            let client = "172.16.0.\(1 + number % 200)"
            let request = Frame.ethernet(
                StackNode.eth1, StackNode.client, Frame.udp(client, "203.0.113.\(1 + number % 8)", port: 53, sourcePort: 5000))
            let sent = ShardTraffic.put(request, on: eth1, &now, through: shards)
            let forwarded = try #require(sent.first)
            #expect(sent.count == 1)
            let reply = ShardTraffic.answer(to: forwarded.bytes)
            let back = ShardTraffic.put(reply, on: eth0, &now, through: shards)
            if let frame = back.first, Array(frame.bytes[30..<34]) == [172, 16, 0, UInt8(1 + number % 200)] { came += 1 }
        }
        #expect(came == 200)
    }
}

/// A node with destination NAT, and traffic of all kinds for it.
enum ShardTraffic {
    struct Arrival {
        /// 2 is eth0, 3 eth1: the loopback device comes first.
        var interface: UInt16
        var bytes: [UInt8]
    }

    struct Departure: Hashable {
        var interface: UInt16
        var cause: UInt64
        var time: Instant
        var bytes: [UInt8]
    }

    struct Result {
        var outputs: [Departure] = []
        var rules: RuleSet?
        var connections: Set<ConnectionListing> = []
        var outcomes = OutcomeCounts()
    }

    /// Eight virtual addresses for UDP 53, each with one server 198.18.0.n:8053, reached by eth0; clients by eth1.
    static func spec() throws -> NodeSpec {
        var spec = NodeSpec(name: "n")
        spec.interfaces = [
            InterfaceSpec(name: "eth0", mac: StackNode.eth0, addresses: [try StackNode.prefix("192.0.2.1/24")]),
            InterfaceSpec(name: "eth1", mac: StackNode.eth1, addresses: [try StackNode.prefix("10.1.0.1/24")]),
        ]
        spec.routes = [
            Route(destination: .all(.ipv4), nextHops: [.init(gateway: try StackNode.address("192.0.2.254"), device: "eth0")]),
            Route(
                destination: try StackNode.prefix("172.16.0.0/12"),
                nextHops: [.init(gateway: try StackNode.address("10.1.0.10"), device: "eth1")]),
        ]
        spec.neighbors = [
            Neighbor(address: try StackNode.address("192.0.2.254"), mac: StackNode.server, device: "eth0"),
            Neighbor(address: try StackNode.address("10.1.0.10"), mac: StackNode.client, device: "eth1"),
        ]
        spec.sysctls = Sysctls(["net.ipv4.ip_forward": "1", "net.ipv4.conf.all.rp_filter": "0"])
        var nat = Table.builtin(.nat)
        nat.chains[0].rules = try (1...8).map { number in
            Rule(
                destination: AddressMatch(try StackNode.prefix("203.0.113.\(number)/32")), ipProtocol: ProtocolMatch(.udp),
                matches: [.udp(UDPMatch(destinationPorts: ValueRange(53)))],
                target: .dnat(NATTarget(address: try StackNode.address("198.18.0.\(number)"), port: 8053)))
        }
        var filter = Table.builtin(.filter)
        filter.chains[1].rules = [
            Rule(matches: [.conntrack(ConntrackMatch(states: [.established, .related]))], target: .accept), Rule(target: .accept),
        ]
        spec.iptables = RuleSet(family: .ipv4, tables: [nat, filter])
        return spec
    }

    /// Requests to virtual addresses and past them, replies, fragments, errors about them, ARP: flow after flow, shuffled so
    /// that each flow's packets keep their order.
    static func frames(flows: Int, seed: UInt64, turnsFragments: Bool = false) throws -> [Arrival] {
        var chance = RandomStream(seed: seed, purpose: "shard-test")
        var queues = (0..<flows).map { flow($0, turnsFragments) }
        var frames: [Arrival] = []
        while !queues.isEmpty {
            let index = Int(chance.below(UInt32(queues.count)))
            frames.append(queues[index].removeFirst())
            if queues[index].isEmpty { queues.swapAt(index, queues.count - 1); queues.removeLast() }
            if chance.below(50) == 0 {
                let arp = Frame.arp(1, StackNode.client, 0x0a01_000a, .zero, 0x0a01_0001)
                frames.append(Arrival(interface: 3, bytes: Frame.ethernet(.broadcast, StackNode.client, arp, type: 0x0806)))
            }
        }
        return frames
    }

    private static func flow(_ number: Int, _ turnsFragments: Bool) -> [Arrival] {
        let client = "172.16.\(number / 200).\(1 + number % 200)"
        let port = UInt16(4000 + number)
        let server = "198.18.0.\(1 + number % 8)"
        // Every third flow goes past the virtual address: straight to its server, or elsewhere.
        let isDirect = number % 3 == 2
        let asked = isDirect ? (number % 2 == 0 ? server : "198.51.100.\(1 + number % 50)") : "203.0.113.\(1 + number % 8)"
        let askedPort: UInt16 = isDirect ? (number % 2 == 0 ? 8053 : 123) : 53
        let (from, fromPort) = isDirect ? (asked, askedPort) : (server, UInt16(8053))
        func out(_ payload: Int) -> [UInt8] {
            Frame.udp(client, asked, port: askedPort, sourcePort: port, payload: payload, identification: UInt16(number))
        }
        func back(_ payload: Int) -> [UInt8] {
            Frame.udp(from, client, port: port, sourcePort: fromPort, payload: payload, identification: UInt16(number))
        }
        func toNode(_ packet: [UInt8]) -> Arrival {
            Arrival(interface: 3, bytes: Frame.ethernet(StackNode.eth1, StackNode.client, packet))
        }
        func fromServer(_ packet: [UInt8]) -> Arrival {
            Arrival(interface: 2, bytes: Frame.ethernet(StackNode.eth0, StackNode.server, packet))
        }
        var packets = [toNode(out(10)), fromServer(back(20)), toNode(out(30)), fromServer(back(40))]
        if number % 4 == 1 {
            let answer = fragments(back(900))
            packets += fragments(out(1200)).map(toNode) + (turnsFragments ? answer.reversed() : answer).map(fromServer)
        }
        if number % 5 == 0 {
            let forwarded = isDirect ? out(16) : Frame.udp(client, server, port: 8053, sourcePort: port, payload: 16)
            packets.append(fromServer(unreachable(about: forwarded, from: from, to: client)))
        }
        return packets + [toNode(out(50)), fromServer(back(60))]
    }

    /// A packet in two fragments.
    private static func fragments(_ packet: [UInt8]) -> [[UInt8]] {
        let cut = 20 + 400
        return [(20, cut), (cut, packet.count)].map { start, end in
            var fragment = Array(packet[0..<20]) + Array(packet[start..<end])
            fragment.withUnsafeMutableBytes {
                let ip = IPv4Header($0.baseAddress!)
                ip.totalLength = UInt16($0.count)
                ip.fragmentField = UInt16((start - 20) / 8) | (end < packet.count ? 0x2000 : 0)
                ip.storeChecksum()
            }
            return fragment
        }
    }

    private static func unreachable(about packet: [UInt8], from: String, to: String) -> [UInt8] {
        var error = Array(Frame.udp(from, to, payload: 0)[0..<20]) + [3, 3, 0, 0, 0, 0, 0, 0] + packet
        error.withUnsafeMutableBytes {
            let base = $0.baseAddress!
            let ip = IPv4Header(base)
            ip.protocolNumber = .icmp
            ip.totalLength = UInt16($0.count)
            ip.storeChecksum()
            TransportChecksum.store(
                base + 20, length: $0.count - 20, protocolNumber: .icmp, family: .ipv4, source: ip.sourceBits,
                destination: ip.destinationBits)
        }
        return error
    }

    /// Plays frames a microsecond apart, in batches of uneven size, with a stamp that goes back now and then.
    static func play(_ frames: [Arrival], _ shards: DataplaneShards, cached: Bool, isWhole: Bool = false) throws -> Result {
        shards.usesFlowCache = cached
        var result = Result()
        var start = 0
        var size = isWhole ? frames.count : 1
        while start < frames.count {
            let end = min(frames.count, start + size)
            let bytes = frames[start..<end].flatMap(\.bytes)
            bytes.withUnsafeBytes { raw in
                var at = 0
                var batch: [InputFrame] = []
                for number in start..<end {
                    let late: Int64 = number % 7 == 3 ? 5000 : 0
                    batch.append(
                        InputFrame(
                            bytes: UnsafeRawBufferPointer(rebasing: raw[at..<(at + frames[number].bytes.count)]),
                            interface: frames[number].interface, time: Instant(nanoseconds: 1_700_000_000_000_000_000 + Int64(number) * 1000 - late)))
                    at += frames[number].bytes.count
                }
                batch.withUnsafeBufferPointer { shards.receive($0) }
            }
            take(shards, &result.outputs)
            start = end
            size = size * 2 % 509 + 1
        }
        shards.advance(to: Instant(seconds: 1_700_000_001))
        take(shards, &result.outputs)
        result.rules = shards.ruleSet(.ipv4)
        result.connections = Set(shards.connections())
        result.outcomes = shards.outcomes
        return result
    }

    static func put(_ frame: [UInt8], on interface: UInt16, _ now: inout Instant, through shards: DataplaneShards) -> [Departure] {
        now = now + 1000
        frame.withUnsafeBytes { bytes in
            [InputFrame(bytes: bytes, interface: interface, time: now)].withUnsafeBufferPointer { shards.receive($0) }
        }
        var outputs: [Departure] = []
        take(shards, &outputs)
        return outputs
    }

    private static func take(_ shards: DataplaneShards, _ outputs: inout [Departure]) {
        shards.takeOutputs {
            outputs.append(Departure(interface: $0.interface, cause: $0.cause, time: $0.time, bytes: Array($0.bytes)))
        }
    }

    /// The frame that a server sends back.
    static func answer(to frame: [UInt8]) -> [UInt8] {
        var packet = Array(frame[14...])
        packet.withUnsafeMutableBytes {
            let base = $0.baseAddress!
            let ip = IPv4Header(base)
            (ip.source, ip.destination) = (ip.destination, ip.source)
            ip.ttl = 64
            ip.storeChecksum()
            let udp = UDPHeader(base + 20)
            (udp.sourcePort, udp.destinationPort) = (udp.destinationPort, udp.sourcePort)
        }
        return Frame.ethernet(StackNode.eth0, StackNode.server, packet)
    }
}
