import HawseControl
import HawseDataplane
import HawseModel
import HawseSimulator
import HawseWire
import Testing

/// Thousands of nodes in one process: those that packets come to are built, and all share what they know of each other.
@Suite struct LargeClusterTests {
    static func plan(nodes count: Int, podsPerNode: Int) -> ClusterPlan {
        var nodes: [ClusterPlan.Node] = []
        var pods: [ClusterPlan.Pod] = []
        nodes.reserveCapacity(count)
        pods.reserveCapacity(count * podsPerNode)
        for number in 0..<count {
            let range = IPPrefix(IPAddress(ipv4: 0x0a00_0000 + UInt32(number) << 8), length: 24)
            let name = "node-\(number)"
            nodes.append(
                ClusterPlan.Node(
                    name: name, addresses: [IPAddress(ipv4: 0xac10_0000 + UInt32(number) + 1)], podRanges: [range]))
            for pod in 0..<podsPerNode {
                pods.append(
                    ClusterPlan.Pod(
                        namespace: "default", name: "pod-\(number)-\(pod)", node: name,
                        addresses: [IPAddress(family: .ipv4, bits: range.address.bits.adding(UInt64(pod) + 2))]))
            }
        }
        let flannel = Flannel.NetworkConfiguration(
            network: IPPrefix(IPAddress(ipv4: 0x0a00_0000), length: 11), backend: .vxlan(Flannel.VXLANBackend()))
        return ClusterPlan(nodes: nodes, pods: pods, flannel: flannel, underlayLength: [.ipv4: 16, .ipv6: 64])
    }

    @Test func aPacketFromAnyPodToAnyPod() throws {
        let plan = Self.plan(nodes: 5000, podsPerNode: 30)
        let cluster = SmallCluster.cluster(plan)
        #expect(cluster.builtNodes.isEmpty)
        var chance = RandomStream(seed: 5, purpose: "test")
        for _ in 0..<5 {
            let (from, to) = (Int(chance.below(150_000)), Int(chance.below(150_000)))
            #expect(try FlannelClusterTests.talk(cluster, from: from, to: to, size: 100).outcome == .completed)
        }
        #expect(cluster.builtNodes.count <= 10)
    }

    /// All nodes at once, each of which knows of all others; one is forgotten by all of them, and found again.
    @Test func fiveHundredNodesShareWhatTheyKnow() throws {
        let plan = Self.plan(nodes: 500, podsPerNode: 2)
        let cluster = SmallCluster.cluster(plan)
        try cluster.buildAll()
        var chance = RandomStream(seed: 6, purpose: "test")
        for _ in 0..<10 {
            let (from, to) = (Int(chance.below(1000)), Int(chance.below(1000)))
            if from == to { continue }
            #expect(try FlannelClusterTests.talk(cluster, from: from, to: to, size: 100).outcome == .completed)
        }
        #expect(cluster.nodes[3].dataplane.spec.routes.count < 10)
        #expect(cluster.nodes[3].dataplane.wholeSpec.routes.count >= 499)
        cluster.deleteNode(7)
        #expect(cluster.nodes[3].dataplane.wholeSpec.routes.contains { $0.destination == plan.nodes[7].podRanges[0] } == false)
        #expect(try FlannelClusterTests.talk(cluster, from: 6, to: 14, size: 100).outcome != .completed)
        cluster.registerNode(7)
        #expect(try FlannelClusterTests.talk(cluster, from: 6, to: 14, size: 100).outcome == .completed)
    }
}
