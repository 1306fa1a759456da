import HawseControl
import HawseModel
import HawseWire

/// The veth pairs of a cluster as places for pods that come and go: each place keeps its device and MAC address, the pods
/// in it change.
struct PodPlaces {
    private var free: [String: [Int]] = [:]

    /// Adds places to a plan: as many as a node has pods at the most, and some to spare.
    init(_ plan: inout ClusterPlan, peaks: [String: Int]) {
        for node in plan.nodes {
            let present = plan.pods.count { $0.node == node.name && !$0.isHostNetwork }
            let wanted = peaks[node.name, default: present]
            for _ in 0..<max(0, wanted + wanted / 4 + 4 - present) {
                free[node.name, default: []].append(plan.pods.count)
                plan.pods.append(ClusterPlan.Pod(namespace: "", name: "", node: node.name, addresses: []))
            }
        }
        // The place that is free for longest is taken first.
    }

    mutating func take(on node: String) -> Int? {
        guard free[node]?.isEmpty == false else { return nil }
        return free[node]?.removeFirst()
    }

    mutating func give(back number: Int, on node: String) { free[node, default: []].append(number) }

    /// The most pods that each node has at a time, when the scenario runs by itself.
    static func peaks(_ scenario: Scenario, state: ClusterState, seconds: Double) -> [String: Int] {
        var run = ScenarioRun(scenario, state: state)
        var peaks: [String: Int] = [:]
        func count() {
            var present: [String: Int] = [:]
            for pod in run.state.store.pods.all where !pod.spec.nodeName.isEmpty && !pod.spec.hostNetwork && !pod.isFinished {
                present[pod.spec.nodeName, default: 0] += 1
            }
            peaks.merge(present) { max($0, $1) }
        }
        count()
        while let next = run.nextMoment, next <= seconds {
            run.advance(to: max(next, run.elapsed))
            count()
        }
        return peaks
    }
}

extension Cluster {
    /// Another pod has a place, or none any more: its neighbour entry comes or goes, its device stays.
    func setPod(_ pod: ClusterPlan.Pod, at number: Int) {
        let old = plan.pods[number]
        plan.pods[number] = pod
        positions = PlanIndex(plan)
        guard let index = positions.node(named: pod.node), nodes[index].isBuilt, !pod.isHostNetwork else { return }
        var spec = nodes[index].dataplane.spec
        spec.neighbors.removeAll { entry in
            entry.device == ClusterPlan.Device.bridge && old.addresses.contains(entry.address)
                && entry.mac == PlanMAC.pod(number)
        }
        for address in pod.addresses {
            spec.neighbors.removeAll { $0.device == ClusterPlan.Device.bridge && $0.address == address }
            spec.neighbors.append(
                Neighbor(address: address, mac: PlanMAC.pod(number), device: ClusterPlan.Device.bridge))
        }
        nodes[index].dataplane.updateNetwork(spec)
        collect(index)
    }

    /// A pod that shares its node's network needs no place.
    func addHostPod(_ pod: ClusterPlan.Pod) -> Int {
        plan.pods.append(pod)
        positions = PlanIndex(plan)
        return plan.pods.count - 1
    }
}
