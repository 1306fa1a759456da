import BenchmarkSupport
import Foundation
import Hawse

/// A large cluster in one process: how long it takes to stand, and what it costs.
extension Figures {
    /// `services`: how many there are, five endpoints each, in iptables mode.
    static func cluster(nodes count: Int = 5000, podsPerNode: Int = 30, services: Int = 0) throws {
        let before = residentBytes()
        let start = CPUClock.nanoseconds()
        var nodes: [ClusterPlan.Node] = []
        var pods: [ClusterPlan.Pod] = []
        for number in 0..<count {
            let range = IPPrefix(IPAddress(ipv4: 0x0a00_0000 + UInt32(number) << 8), length: 24)
            nodes.append(
                ClusterPlan.Node(
                    name: "node-\(number)", addresses: [IPAddress(ipv4: 0xac10_0000 + UInt32(number) + 1)],
                    podRanges: [range]))
            for pod in 0..<podsPerNode {
                let address = IPAddress(family: .ipv4, bits: range.address.bits.adding(UInt64(pod) + 2))
                pods.append(
                    ClusterPlan.Pod(
                        namespace: "default", name: "pod-\(number)-\(pod)", node: "node-\(number)", addresses: [address]))
            }
        }
        let flannel = Flannel.NetworkConfiguration(
            network: IPPrefix(IPAddress(ipv4: 0x0a00_0000), length: 11), backend: .vxlan(Flannel.VXLANBackend()))
        let plan = ClusterPlan(
            nodes: nodes, pods: pods, flannel: flannel, underlayLength: [.ipv4: 16, .ipv6: 64])
        var proxy = KubeNode.proxy(mode: .iptables)
        if services > 0 { KubeNode.fill(&proxy, KubeNode.objects(services: services, endpoints: 5)) }
        _ = proxy.sync()
        let rules = proxy.state()
        let cluster = Cluster(plan, seed: 1) { index, positions in
            var spec = plan.nodeSpec(index, positions)
            if services > 0 { rules.install(on: &spec) }
            if let lease = plan.leases[index] { plan.daemon(index).install(lease, into: &spec) }
            return spec
        }
        let planned = CPUClock.nanoseconds()
        try cluster.buildAll()
        let built = CPUClock.nanoseconds()
        let bytes = residentBytes() - before
        let arrived = talk(cluster, plan, packets: 10_000)
        let spoken = CPUClock.nanoseconds()
        func text(_ nanoseconds: Double) -> String { "\((nanoseconds / 1e7).rounded() / 100) s" }
        let what = services == 0 ? "" : ", \(services) Services"
        print("| \(count) nodes × \(podsPerNode) pods\(what): plan | \(text(planned - start)) | |")
        print("| all nodes built | \(text(built - planned)) | |")
        print("| memory, all nodes built | \(bytes >> 20) MiB, \(bytes / count) bytes a node | |")
        print("| 10000 packets between random pods, arrived | \(arrived), \(text(spoken - built)) | |")
        print("| memory after them | \((residentBytes() - before) >> 20) MiB | |")
    }

    /// One packet from a random pod to another, so many times; how many arrived.
    private static func talk(_ cluster: Cluster, _ plan: ClusterPlan, packets: Int) -> Int {
        var chance = RandomStream(seed: 5, purpose: "figures")
        var wanted = 0
        var arrived = 0
        cluster.onArrival = { endpoint, _ in if endpoint == .pod(wanted) { arrived += 1 } }
        cluster.advance(to: Instant(seconds: 1_700_000_000))
        for number in 0..<packets {
            let from = Int(chance.below(UInt32(plan.pods.count)))
            wanted = Int(chance.below(UInt32(plan.pods.count)))
            if wanted == from { wanted = (wanted + 1) % plan.pods.count }
            let frame = Flow.segment(
                to: [0, 0, 0, 0, 0, 0], from: plan.pods[from].addresses[0].bits.ipv4, UInt16(1024 + number % 60_000),
                to: plan.pods[wanted].addresses[0].bits.ipv4, 80, flags: Flow.syn, sequence: 1, acknowledgement: 0, payload: 0)
            let packet = Array(frame.dropFirst(14))
            cluster.send(packet, fromPod: from)
        }
        return arrived
    }

    /// What is resident, pages that many mappings have in common counted once (`Pss`): rules that nodes share are mapped by
    /// each of them.
    private static func residentBytes() -> Int {
        if let text = try? String(contentsOfFile: "/proc/self/smaps_rollup", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Pss:") }),
            let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        {
            return kilobytes * 1024
        }
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        return (Int(text.split(separator: " ").dropFirst().first ?? "0") ?? 0) * 4096
    }
}
