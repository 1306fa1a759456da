import Hawse

/// Traffic of the generator through a node: TCP with handshakes and closings, new flows coming and old ones going, both
/// directions, IPv4 or IPv6, of one size or of the IMIX. It is forwarded and tracked, past kube-proxy's Services.
public final class GeneratedLoad {
    public let node: Dataplane
    public let traffic = Traffic()
    private var now = Instant(seconds: 1_000)

    /// `newFlows`: of a million packets so many begin or end a flow.
    public init(family: AddressFamily, size: TrafficSpec.Size, flows: Int, packets: Int = 50_000, newFlows: Double = 0) throws {
        var node = KubeNode(services: 1000).spec
        guard let server6 = IPAddress("2001:db8:1::2"), let client6 = IPAddress("2001:db8::fe"), let own0 = IPPrefix("2001:db8::1/64"),
            let own1 = IPPrefix("2001:db8:1::1/64"), let clients6 = IPPrefix("2001:db8:c::/64"), let clients4 = IPPrefix("198.18.0.0/16"),
            let far6 = IPPrefix("2001:db8:f::/48"), let far4 = IPAddress("172.31.0.1"), let address6 = IPAddress("2001:db8:f::1")
        else { fatalError("addresses") }
        node.interfaces[0].addresses.append(own0)
        node.interfaces[1].addresses.append(own1)
        node.neighbors += [
            Neighbor(address: client6, mac: MACAddress(0x0200_0000_fefe), device: "eth0"),
            Neighbor(address: server6, mac: MACAddress(0x0200_0000_0b02), device: "eth1"),
        ]
        node.routes += [
            Route(destination: .all(.ipv6), nextHops: [.init(gateway: client6, device: "eth0")]),
            Route(destination: far6, nextHops: [.init(gateway: server6, device: "eth1")]),
        ]
        node.sysctls["net.ipv6.conf.all.forwarding"] = "1"
        var filter = Table.builtin(.filter)
        filter.chains[1].rules = [
            Rule(matches: [.conntrack(ConntrackMatch(states: .invalid))], target: .drop),
            Rule(matches: [.conntrack(ConntrackMatch(states: [.related, .established]))], target: .accept),
        ]
        node.ip6tables = RuleSet(family: .ipv6, tables: [filter])
        self.node = try Dataplane(node, seed: 1)
        var spec = TrafficSpec()
        spec.packets = packets
        spec.flows = flows
        spec.size = size
        spec.newFlows = newFlows
        spec.clients = [family == .ipv6 ? clients6 : clients4]
        spec.destinations = [.init(address: family == .ipv6 ? address6 : far4, port: 80)]
        fill(spec)
        self.node.keepsOutputs = false
    }

    /// Clients' frames come in by eth0, servers' by eth1, each addressed to the node.
    private func fill(_ spec: TrafficSpec) {
        guard let eth0 = node.interfaceIndex("eth0"), let eth1 = node.interfaceIndex("eth1") else { return }
        let server = spec.destinations[0].address
        var generator = TrafficGenerator(spec)
        while let (frame, _) = generator.next() {
            var bytes = Array(frame)
            let source = server.family == .ipv6 ? Array(bytes[22..<38]) : Array(bytes[26..<30])
            let isServer = source == server.bytes
            bytes.replaceSubrange(0..<6, with: [2, 0, 0, 0, 1, isServer ? 2 : 1])
            traffic.append(bytes, on: isServer ? eth1 : eth0)
        }
    }

    /// Plays all packets once; connections are forgotten first, so that every round opens the same ones.
    public func round() {
        node.flushConnections()
        now = traffic.play(through: node, from: now)
    }
}
