import HawseControl
import HawseModel
import Testing

/// From the manifests of every recorded scenario alone: the same objects as in the recorded API server, field by field, but for
/// what is drawn at random there, hangs on the moment, or belongs to the laboratory's machines.
@Suite struct ManifestObjectsTests {
    /// Uids, versions and times; addresses and ports out of allocators; who made a container; how often a slice was written.
    private static let drawn: Set<String> = [
        "uid", "resourceVersion", "creationTimestamp", "lastTransitionTime", "lastUpdateTime", "startTime", "startedAt", "finishedAt",
        "completionTime", "deletionTimestamp", "clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort", "podIP", "podIPs",
        "addresses", "containerID", "generation", "endpoints.kubernetes.io/last-change-trigger-time", "currentRevision", "updateRevision",
        "controller-uid", "batch.kubernetes.io/controller-uid",
    ]

    /// `path=value` for every field.
    private static func lines(_ node: ManifestNode, _ path: String = "") -> [String] {
        if let entries = node.entries {
            return entries.filter { !drawn.contains($0.key) }.flatMap { lines($0.node, path + "." + $0.key) }
        }
        if let items = node.items {
            // The endpoints of a slice have no order.
            let isUnordered = path == ".endpoints"
            return items.enumerated().flatMap { index, item in
                lines(item, path + "[\(isUnordered ? item["targetRef"]?["name"]?.text ?? "" : "\(index)")]")
            }
        }
        return ["\(path)=\(JSONWriter.compact(node))"]
    }

    private static func table<T: KubernetesObject>(_ objects: [T], key: (T) -> String) -> [String: [String]] {
        // Which endpoints share a slice is not defined either.
        Dictionary(objects.map { (key($0), lines($0.written())) }, uniquingKeysWith: { $0 + $1 }).mapValues { $0.sorted() }
    }

    private static func compare<T: StoredKind>(
        _ type: T.Type, _ state: ClusterState, _ recorded: ManifestLoader, where isComparable: (T) -> Bool = { _ in true },
        key: (T) -> String = { "\($0.key)" }
    ) -> [String] {
        let ours = table(state.store.list(T.self).filter(isComparable), key: key)
        let theirs = table(recorded.all(T.self).filter(isComparable), key: key)
        return Set(ours.keys).union(theirs.keys).sorted().flatMap { name -> [String] in
            let (a, b) = (theirs[name] ?? [], ours[name] ?? [])
            return a == b ? [] : b.difference(from: a).map { "\(T.kind) \(name): \($0)" }
        }
    }

    @Test(arguments: RecordedCluster.plain.filter { !$0.hasPrefix("large-") && $0 != "at-1000-endpoints" })
    func fieldsAreThoseOfTheServer(_ name: String) {
        let recorded = RecordedCluster.load("\(name)/objects")
        let loader = RecordedCluster.load("\(name)/manifests")
        let (state, problems) = ClusterState.build(from: loader.objects, seed: 5)
        #expect(problems.map(\.description) == [])
        let standsAlone = { (pod: Kubernetes.Pod) in pod.metadata.generateName.isEmpty }
        var differences = Self.compare(Kubernetes.Service.self, state, recorded)
        differences += Self.compare(Kubernetes.Pod.self, state, recorded, where: standsAlone)
        differences += Self.compare(
            Kubernetes.EndpointSlice.self, state, recorded, where: { $0.serviceName != "kubernetes" && $0.metadata.name != "kubernetes" }
        ) { slice in
            let ports = slice.ports.map { "\($0.name ?? "")/\($0.port ?? 0)" }.joined(separator: " ")
            return "\(slice.metadata.namespace)/\(slice.serviceName ?? "") \(slice.addressType) \(ports)"
        }
        differences = differences.filter { !$0.contains(".metadata.name=") }
        #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(6).joined(separator: "\n"))")
    }
}
