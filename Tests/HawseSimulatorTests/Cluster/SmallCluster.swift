import HawseControl
import HawseDataplane
import HawseModel
import HawseSimulator
import HawseWire

/// Three nodes with two pods each, and no Services: flannel's network alone.
enum SmallCluster {
    static func plan(_ configuration: String, nodes count: Int = 3, isIPv6: Bool = false) throws -> ClusterPlan {
        let flannel = try Flannel.NetworkConfiguration.read(configuration).configuration
        var nodes: [ClusterPlan.Node] = []
        var pods: [ClusterPlan.Pod] = []
        for number in 1...count {
            var addresses = [IPAddress(ipv4: 0xc000_0200 + UInt32(number))]
            var ranges = [IPPrefix(IPAddress(ipv4: 0x0af4_0000 + UInt32(number) << 8), length: 24)]
            if isIPv6 {
                addresses.append(IPAddress(ipv6High: 0x2001_0db8_000f_0000, low: UInt64(number)))
                ranges.append(IPPrefix(IPAddress(ipv6High: 0xfd00_0042_0000_0000 + UInt64(number), low: 0), length: 64))
            }
            nodes.append(ClusterPlan.Node(name: "node-\(number)", addresses: addresses, podRanges: ranges))
            for pod in 0..<2 {
                let podAddresses = ranges.map { range in
                    IPAddress(family: range.family, bits: range.address.bits.adding(UInt64(10 + pod)))
                }
                pods.append(
                    ClusterPlan.Pod(
                        namespace: "default", name: "pod-\(number)-\(pod)", node: "node-\(number)", addresses: podAddresses))
            }
        }
        return ClusterPlan(nodes: nodes, pods: pods, flannel: flannel)
    }

    static func cluster(_ plan: ClusterPlan, seed: UInt64 = 1) -> Cluster {
        Cluster(plan, seed: seed) { index, positions in
            var spec = plan.nodeSpec(index, positions)
            if let lease = plan.leases[index] { plan.daemon(index).install(lease, into: &spec) }
            return spec
        }
    }

    static let vxlan = #"{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan"}}"#
}

/// Everything that crosses the underlay, by node.
final class UnderlayFrames {
    var frames: [(node: Int, bytes: [UInt8])] = []

    init(_ cluster: Cluster) {
        cluster.onTransmit = { [unowned self] node, bytes in frames.append((node, bytes)) }
    }

    /// The kinds of outer packets: `udp 8472`, `proto 4`, `tcp`.
    var kinds: Set<String> {
        Set(
            frames.map { _, bytes in
                guard bytes.count >= 38 else { return "short" }
                switch (Int(bytes[12]) << 8 | Int(bytes[13]), bytes[23], bytes[20]) {
                case (0x0800, 17, _): return "udp \(Int(bytes[36]) << 8 | Int(bytes[37]))"
                case (0x0800, let number, _): return "proto \(number)"
                case (0x86dd, _, 17): return "udp6 \(Int(bytes[56]) << 8 | Int(bytes[57]))"
                case (0x86dd, _, let number): return "proto6 \(number)"
                default: return "other"
                }
            })
    }
}
