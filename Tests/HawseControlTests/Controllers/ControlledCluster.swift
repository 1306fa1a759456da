import HawseControl
import Testing

/// A small cluster out of text, run until nothing more happens by itself.
enum ControlledCluster {
    static func build(_ manifests: String, nodes: Int = 3) -> ClusterState {
        var loader = ManifestLoader(strict: true)
        for index in 1...nodes {
            loader.load(
                text: "apiVersion: v1\nkind: Node\nmetadata: {name: node-\(index)}\n"
                    + "spec: {podCIDR: 10.244.\(index).0/24, podCIDRs: [10.244.\(index).0/24]}\n"
                    + "status: {addresses: [{type: InternalIP, address: 192.168.50.1\(index)}], "
                    + "allocatable: {cpu: '64', memory: 64Gi, pods: '110'}, conditions: [{type: Ready, status: 'True'}]}\n",
                file: "node-\(index).yaml")
        }
        loader.load(text: manifests, file: "a.yaml")
        #expect(loader.diagnostics.map(\.description) == [])
        let (state, problems) = ClusterState.build(from: loader.objects, seed: 3)
        #expect(problems.map(\.description) == [])
        return state
    }
}

extension ClusterState {
    func job(_ name: String) -> Kubernetes.Job? { store.jobs["default", name] }

    /// The oldest first.
    var podsByAge: [Kubernetes.Pod] {
        store.list(Kubernetes.Pod.self).sorted {
            ($0.metadata.creationTimestamp?.microseconds ?? 0, $0.metadata.name)
                < ($1.metadata.creationTimestamp?.microseconds ?? 0, $1.metadata.name)
        }
    }

    mutating func annotate(_ pod: Kubernetes.Pod, _ key: String, _ value: String) throws {
        try modify(Kubernetes.Pod.self, pod.key) { $0.metadata.annotations[key] = value }
        settle()
    }
}
