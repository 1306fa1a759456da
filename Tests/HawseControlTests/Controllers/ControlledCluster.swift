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

    /// The manifest of a workload whose pods are labelled with its name. `spec` are lines of its own, `pods` entries of the
    /// template's spec, `metadata` more entries of that.
    static func workload(
        _ kind: String, _ name: String = "web", _ spec: String = "", metadata: String = "",
        pods: String = #"containers: [{name: main, image: "w:1"}]"#
    ) -> String {
        """
        ---
        apiVersion: apps/v1
        kind: \(kind)
        metadata: {name: \(name)\(metadata)}
        spec:
        \(spec.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
          selector: {matchLabels: {app: \(name)}}
          template:
            metadata: {labels: {app: \(name)}}
            spec: {\(pods)}

        """
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
