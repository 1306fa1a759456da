import Hawse

/// Hands a whole cluster a schedule: two nodes behind wires that take time, lose and repeat frames, and a plan of faults.
struct ClusterExample {
    static func run() throws {
        let cluster = makeCluster()
        try cluster.buildAll()
        cluster.setLink(node: 0, LinkQuality(delay: 2_000_000, bandwidth: 100_000_000))
        let start = Instant(seconds: 10)
        cluster.advance(to: start)
        cluster.schedule(
            [
                Fault(at: 1_000_000_000, .linkDown(node: 1, true)), Fault(at: 2_000_000_000, .linkDown(node: 1, false)),
                Fault(at: 3_000_000_000, .link(node: 1, LinkQuality(duplicatePerMillion: 1_000_000))),
                Fault(at: 4_000_000_000, .nodeDeleted(node: 1, true)),
                Fault(at: 5_000_000_000, .nodeDeleted(node: 1, false)),
                Fault(at: 6_000_000_000, .nodeGone(node: 1, true)),
            ], from: start)
        var arrivals: [Int64] = []
        cluster.onArrival = { endpoint, _ in if endpoint == .pod(1) { arrivals.append((cluster.now - start) / 1_000_000) } }
        for half in 0..<14 {
            let time = start + Int64(half) * 500_000_000 + 100_000_000
            cluster.schedule(at: time) { cluster.post(datagram(), fromPod: 0) }
        }
        cluster.advance(to: start + 20_000_000_000)
        // Half-second ticks: two on a good wire, two on one that is down, two good, then twice each; none while the peers
        // know nothing of the node, two again twice each, and none to a machine that is off.
        let seconds = arrivals.map { $0 / 1000 }
        let expected: [Int64] = [0, 0, 2, 2, 3, 3, 3, 3, 5, 5, 5, 5]
        guard seconds == expected else { fatalError("arrivals in the seconds \(expected) were due; got \(arrivals) ms") }
        // 100 ms after the tick, and 2 ms of wire.
        guard arrivals.first == 102 else { fatalError("the first was to arrive after 102 ms; got \(arrivals)") }
        print("client: \(arrivals.count) datagrams arrived over wires and faults, \(cluster.lostAtGoneNodes) at a machine that was off")
    }

    static func makeCluster() -> Cluster {
        func node(_ number: UInt32) -> ClusterPlan.Node {
            ClusterPlan.Node(
                name: "node-\(number)", addresses: [IPAddress(ipv4: 0xc000_0200 + number)],
                podRanges: [IPPrefix(IPAddress(ipv4: 0x0af4_0000 + number << 8), length: 24)])
        }
        func pod(_ number: UInt32) -> ClusterPlan.Pod {
            ClusterPlan.Pod(
                namespace: "default", name: "pod-\(number)", node: "node-\(number)",
                addresses: [IPAddress(ipv4: 0x0af4_000a + number << 8)])
        }
        let plan = ClusterPlan(nodes: [node(1), node(2)], pods: [pod(1), pod(2)])
        return Cluster(plan, seed: 1) { index, positions in
            var spec = plan.nodeSpec(index, positions)
            if let lease = plan.leases[index] { plan.daemon(index).install(lease, into: &spec) }
            return spec
        }
    }

    /// From the first pod to the second.
    static func datagram() -> [UInt8] {
        let frame = Client.datagram(from: 0x0af4_010a, to: 0x0af4_020a, ttl: 64)
        return Array(frame.dropFirst(14))
    }
}
