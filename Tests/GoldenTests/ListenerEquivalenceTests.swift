import Hawse
import Testing

/// Packets for the node's own listeners, sent to it or to a virtual server whose real server it is: the short way leaves the same
/// node as the walk.
@Suite struct ListenerEquivalenceTests {
    private static let node = AddressBits(ipv4: 0xc000_0201)
    private static let service = AddressBits(ipv4: 0x0a60_0001)
    private static let rules = """
        *mangle
        :PREROUTING ACCEPT
        :INPUT ACCEPT
        -A PREROUTING -m conntrack --ctstate NEW
        -A INPUT -m ipvs --ipvs -j MARK --set-mark 0x1
        COMMIT
        *nat
        :PREROUTING ACCEPT
        -A PREROUTING -p udp --dport 5300 -j REDIRECT --to-ports 53
        COMMIT
        *filter
        :INPUT ACCEPT
        :OUTPUT ACCEPT
        -A INPUT -m conntrack --ctstate ESTABLISHED
        -A INPUT -m mark --mark 0x1
        -A INPUT -p udp -m udp --dport 53 -m limit --limit 1/sec --limit-burst 1 -s 198.51.100.9
        -A INPUT -p udp -m udp --dport 53 -j ACCEPT
        COMMIT
        """

    private static func spec() throws -> NodeSpec {
        var spec = NodeSpec(name: "node-a")
        spec.interfaces = [
            InterfaceSpec(
                name: "eth0", mac: MACAddress(0x0200_0000_0101),
                addresses: [
                    IPPrefix(IPAddress(family: .ipv4, bits: node), length: 24), IPPrefix(IPAddress(family: .ipv4, bits: service), length: 32),
                ])
        ]
        let gateway = IPAddress(ipv4: 0xc000_02fe)
        spec.routes = [Route(destination: IPPrefix(IPAddress(ipv4: 0), length: 0), nextHops: [.init(gateway: gateway, device: "eth0")])]
        spec.neighbors = [Neighbor(address: gateway, mac: MACAddress(0x0200_0000_fefe), device: "eth0")]
        spec.sysctls = Sysctls(["net.netfilter.nf_conntrack_acct": "1", "net.ipv4.vs.conntrack": "1"])
        spec.listeners = [Listener(ipProtocol: .udp, family: .ipv4, port: 53)]
        spec.iptables = try IPTablesParser(family: .ipv4).parse(rules)
        spec.ipvs = IPVSSpec(services: [
            VirtualService(
                key: .address(ipProtocol: .udp, address: IPAddress(family: .ipv4, bits: service), port: 53), scheduler: .rr,
                destinations: [
                    Destination(address: IPAddress(family: .ipv4, bits: node), port: 53, forwarding: .masquerade, weight: 1)
                ])
        ])
        return spec
    }

    /// An IPv4 datagram.
    private static func datagram(_ from: AddressBits, _ port: UInt16, to: AddressBits, _ toPort: UInt16, _ payload: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0x62, count: 28 + payload)
        bytes.withUnsafeMutableBytes { raw in
            guard let ip = raw.baseAddress else { return }
            ip.storeBE32(0x4500 << 16 | UInt32(28 + payload), at: 0)
            ip.storeBE32(0, at: 4)
            ip.storeBE32(0x4011_0000, at: 8)
            ip.storeBE32(from.ipv4, at: 12)
            ip.storeBE32(to.ipv4, at: 16)
            IPv4Header(ip).storeChecksum()
            ip.storeBE32(UInt32(port) << 16 | UInt32(toPort), at: 20)
            ip.storeBE32(UInt32(8 + payload) << 16, at: 24)
            TransportChecksum.store(
                ip + 20, length: 8 + payload, protocolNumber: .udp, family: .ipv4, source: from, destination: to)
        }
        return bytes
    }

    /// What there is to see of a node after some traffic.
    private struct Sight: Equatable {
        var outcomes = OutcomeCounts()
        var rules: [RuleSet] = []
        var connections: [String] = []
        var ipvs = IPVSListing()
        var frames = 0
    }

    private func play(usesFlowCache: Bool) throws -> (Sight, KnownFlowCounts) {
        let node = try Dataplane(Self.spec(), seed: 5)
        node.usesFlowCache = usesFlowCache
        let eth0 = try #require(node.interfaceIndex("eth0"))
        var chance = RandomStream(seed: 9, purpose: "listener-equivalence")
        var now = Instant(seconds: 100)
        var sight = Sight()
        for _ in 0..<4000 {
            now = now + Int64(chance.below(40_000_000))
            let number = chance.below(24)
            let client = AddressBits(ipv4: 0xc633_6401 + number % 12)
            let port = UInt16(20_000 + number)
            let target = number % 3 == 0 ? Self.service : Self.node
            let toPort: UInt16 = number % 3 == 1 ? 5300 : 53
            if chance.below(5) == 0, number % 3 == 2 {
                let answer = Self.datagram(target, toPort, to: client, port, Int(chance.below(30)))
                answer.withUnsafeBytes { node.send($0, at: now) }
            } else {
                var packet = Self.datagram(client, port, to: target, toPort, Int(chance.below(30)))
                if chance.below(50) == 0 { packet[packet.count - 1] ^= 0x40 }
                let frame = [2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0xfe, 0xfe, 8, 0] + packet
                frame.withUnsafeBytes { node.receive($0, on: eth0, at: now) }
            }
            node.takeOutputs { _ in sight.frames += 1 }
        }
        sight.outcomes = node.outcomes
        sight.rules = [node.ruleSet(.ipv4)]
        sight.connections = node.connections().map { "\($0)" }.sorted()
        sight.ipvs = node.ipvsListing()
        return (sight, node.knownFlowCounts)
    }

    @Test func theShortWayToAListenerChangesNothing() throws {
        let (plain, none) = try play(usesFlowCache: false)
        let (cached, known) = try play(usesFlowCache: true)
        #expect(plain.outcomes.delivered > 2000, "\(plain.outcomes)")
        #expect(none.packets == 0)
        #expect(known.delivered > 1500 && known.virtual > 400, "\(known)")
        #expect(cached.outcomes == plain.outcomes)
        #expect(cached.frames == plain.frames)
        let (sameRules, sameConnections, sameIPVS) = (
            cached.rules == plain.rules, cached.connections == plain.connections, cached.ipvs == plain.ipvs
        )
        #expect(sameRules && sameConnections && sameIPVS)
    }
}
