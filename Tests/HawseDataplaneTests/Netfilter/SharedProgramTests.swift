import HawseFormats
import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

/// Nodes that have their compiled rules in common behave as if each had its own.
@Suite struct SharedProgramTests {
    /// A table as a proxy writes it, and a chain that names the node's own network.
    private func rules(services: Int, own: String) throws -> RuleSet {
        var text = "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n:SERVICES - [0:0]\n:OWN - [0:0]\n"
        for number in 0..<services { text += ":SVC-\(number) - [0:0]\n" }
        text += "-A PREROUTING -j SERVICES\n-A POSTROUTING -j OWN\n-A OWN -s \(own) ! -d 224.0.0.0/4 -j MASQUERADE\n"
        for number in 0..<services {
            text += "-A SERVICES -d 10.96.0.\(number)/32 -p udp -m udp --dport 53 -j SVC-\(number)\n"
            text += "-A SVC-\(number) -m statistic --mode nth --every 2 --packet 0 -j RETURN\n"
            text += "-A SVC-\(number) -p udp -j DNAT --to-destination 192.0.2.20:\(1000 + number)\n"
        }
        return try IPTablesParser(family: .ipv4, file: "rules", counters: false).parse(text + "COMMIT\n")
    }

    private func node(_ rules: RuleSet, _ programs: SharedPrograms?) throws -> Dataplane {
        var spec = try StackNode().dataplane.spec
        spec.iptables = rules
        return try Dataplane(spec, seed: 7, shared: nil, programs: programs)
    }

    private func play(_ nodes: [Dataplane]) throws -> [[[UInt8]]] {
        var outputs: [[[UInt8]]] = []
        for (number, node) in nodes.enumerated() {
            let eth1 = try #require(node.interfaceIndex("eth1"))
            var frames: [[UInt8]] = []
            for packet in 0..<40 {
                let body = Frame.udp(
                    "10.1.0.10", "10.96.0.\((packet * 7 + number) % 30)", port: 53, sourcePort: UInt16(2000 + packet))
                let frame = Frame.ethernet(StackNode.eth1, StackNode.client, body)
                frame.withUnsafeBytes { node.receive($0, on: eth1, at: Instant(seconds: 1_700_000_000)) }
                node.takeOutputs { frames.append(Array($0.bytes)) }
            }
            outputs.append(frames)
        }
        return outputs
    }

    @Test func copiesCountForThemselves() throws {
        let programs = SharedPrograms()
        let sets = try (0..<4).map { try rules(services: 25, own: $0 < 2 ? "10.1.0.0/24" : "10.\($0).0.0/24") }
        let shared = try sets.map { try node($0, programs) }
        let plain = try sets.map { try node($0, nil) }
        for node in shared { #expect(node.node.pointee.netfilter4.pointee.programs[2]?.pointee.memory != nil) }
        #expect(try play(shared) == play(plain))
        for (a, b) in zip(shared, plain) { #expect(a.ruleSet(.ipv4) == b.ruleSet(.ipv4)) }
        #expect(shared[0].ruleSet(.ipv4) != shared[1].ruleSet(.ipv4), "each has seen other packets")
        #expect(shared[2].wholeSpec.iptables == sets[2])
    }

    /// Chains change, come and go on one node, and the others do not notice.
    @Test func changesStayWithTheirNode() throws {
        let programs = SharedPrograms()
        let set = try rules(services: 25, own: "10.1.0.0/24")
        let shared = try (0..<3).map { _ in try node(set, programs) }
        let plain = try (0..<3).map { _ in try node(set, nil) }
        var other = try rules(services: 40, own: "10.1.0.0/25")
        other.tables[0].chains.removeAll { $0.name == "SVC-3" }
        for c in other.tables[0].chains.indices { other.tables[0].chains[c].rules.removeAll { $0.target == .jump("SVC-3") } }
        for nodes in [shared, plain] {
            try nodes[1].apply(diff(nodes[1].ruleSet(.ipv4).withZeroCounters, other))
        }
        #expect(try play(shared) == play(plain))
        for (a, b) in zip(shared, plain) { #expect(a.ruleSet(.ipv4) == b.ruleSet(.ipv4)) }
    }

    /// Rules that speak of devices are each node's own.
    @Test func whatNamesADeviceIsNotShared() throws {
        let programs = SharedPrograms()
        let text = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -i eth1 -j DROP\nCOMMIT\n"
        let set = try IPTablesParser(family: .ipv4, file: "rules", counters: false).parse(text)
        let nodes = try (0..<2).map { _ in try node(set, programs) }
        for node in nodes { #expect(node.node.pointee.netfilter4.pointee.programs[3]?.pointee.memory == nil) }
        #expect(try play(nodes) == [[], []])
    }
}
