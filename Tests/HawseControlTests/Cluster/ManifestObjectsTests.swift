import Foundation
import HawseControl
import HawseModel
import HawseWire
import Testing

/// From the manifests of every recorded scenario alone: the Services, the pods that nobody made, the EndpointSlices and the
/// workloads that the recorded API server had, field by field, but for what `moment` and `allocated` name for the kind, and for
/// the hashes of templates.
@Suite struct ManifestObjectsTests {
    /// Who an object is, how often anything was written, and when.
    private static let always: Set<String> = ["uid", "resourceVersion", "creationTimestamp"]

    /// Times, who made a container, names that controllers draw, and how often a slice was written: what the moment decides.
    private static let moment: [String: Set<String>] = [
        "Pod": ["lastTransitionTime", "startTime", "startedAt", "finishedAt", "deletionTimestamp", "containerID"],
        "EndpointSlice": ["generation", "endpoints.kubernetes.io/last-change-trigger-time", "name of a slice"],
        "Deployment": ["lastTransitionTime", "lastUpdateTime"],
        "Job": [
            "startTime", "completionTime", "lastProbeTime", "lastTransitionTime", "controller-uid",
            "batch.kubernetes.io/controller-uid",
        ],
    ]

    /// What allocators draw. Where the manifests do not give it, only what it is (an address of a family, a port) is compared.
    private static let allocated: [String: Set<String>] = [
        "Service": ["clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort"]
    ]

    /// One cluster's objects as lines.
    private struct Reading {
        /// Whose an address is, for the pods' own: which one a pod got is drawn.
        var pods: [String: String] = [:]
        /// What templates' dumps hash to in Go, where they stand in names and labels: it is drawn here.
        var hashes: Set<String> = []
        /// Values of the manifests' Services.
        var given: Set<String> = []

        init(
            pods: [Kubernetes.Pod], replicaSets: [Kubernetes.ReplicaSet], statefulSets: [Kubernetes.StatefulSet],
            manifests: ManifestLoader
        ) {
            for pod in pods where !pod.spec.hostNetwork {
                for address in pod.status.podIPs { self.pods[address.ip] = "that of Pod \(pod.key)" }
            }
            hashes = Set(replicaSets.compactMap { $0.metadata.labels["pod-template-hash"] })
            for set in statefulSets {
                for revision in [set.status.currentRevision, set.status.updateRevision] {
                    if let hash = revision.split(separator: "-").last { hashes.insert(String(hash)) }
                }
            }
            for service in manifests.all(Kubernetes.Service.self) { give(service.written()) }
        }

        private mutating func give(_ node: ManifestNode) {
            for entry in node.entries ?? [] { give(entry.node) }
            for item in node.items ?? [] { give(item) }
            if node.entries == nil, node.items == nil { given.insert(JSONWriter.compact(node)) }
        }

        func withoutHashes(_ text: String) -> String {
            hashes.reduce(text) { $0.replacingOccurrences(of: $1, with: "<hash>") }
        }

        /// `path=value` for every field of a kind's object.
        func lines(_ node: ManifestNode, of kind: String, _ path: String = "", field: String = "") -> [String] {
            if let entries = node.entries {
                return entries.flatMap { entry -> [String] in
                    let name = path == ".metadata" && entry.key == "name" && kind == "EndpointSlice" ? "name of a slice" : entry.key
                    guard !always.contains(name), moment[kind]?.contains(name) != true else { return [] }
                    return lines(entry.node, of: kind, path + "." + entry.key, field: entry.key)
                }
            }
            if let items = node.items {
                // The endpoints of a slice have no order.
                let isUnordered = kind == "EndpointSlice" && path == ".endpoints"
                return items.enumerated().flatMap { index, item in
                    let number = isUnordered ? item["targetRef"]?["name"]?.text ?? "" : "\(index)"
                    return lines(item, of: kind, path + "[\(number)]", field: field)
                }
            }
            return ["\(path)=\(value(node, isAllocated: allocated[kind]?.contains(field) == true))"]
        }

        private func value(_ node: ManifestNode, isAllocated: Bool) -> String {
            let text = JSONWriter.compact(node)
            if let pod = node.text.flatMap({ pods[$0] }) { return pod }
            guard isAllocated, !given.contains(text) else { return withoutHashes(text) }
            if let address = node.text.flatMap({ IPAddress($0) }) { return "one of \(address.family)" }
            return (node.int ?? 0) > 0 ? "a port" : text
        }
    }

    /// What two clusters from the same manifests differ in.
    private struct Comparison {
        let ours: (store: ClusterStore, reading: Reading)
        let theirs: (loader: ManifestLoader, reading: Reading)
        private(set) var differences: [String] = []
        private(set) var counts: [String: Int] = [:]

        init(_ state: ClusterState, _ recorded: ManifestLoader, manifests: ManifestLoader) {
            let store = state.store
            ours = (
                store,
                Reading(
                    pods: store.list(Kubernetes.Pod.self), replicaSets: store.list(Kubernetes.ReplicaSet.self),
                    statefulSets: store.list(Kubernetes.StatefulSet.self), manifests: manifests)
            )
            theirs = (
                recorded,
                Reading(
                    pods: recorded.all(Kubernetes.Pod.self), replicaSets: recorded.all(Kubernetes.ReplicaSet.self),
                    statefulSets: recorded.all(Kubernetes.StatefulSet.self), manifests: manifests)
            )
        }

        private func table<T: StoredKind>(_ objects: [T], _ reading: Reading, _ key: (T) -> String) -> [String: [String]] {
            // Which endpoints share a slice is not defined either.
            Dictionary(
                objects.map { (reading.withoutHashes(key($0)), reading.lines($0.written(), of: T.kind)) },
                uniquingKeysWith: { $0 + $1 }
            ).mapValues { $0.sorted() }
        }

        mutating func add<T: StoredKind>(
            _ type: T.Type, where isComparable: (T) -> Bool = { _ in true }, key: (T) -> String = { "\($0.key)" }
        ) {
            let ours = table(ours.store.list(T.self).filter(isComparable), ours.reading, key)
            let theirs = table(theirs.loader.all(T.self).filter(isComparable), theirs.reading, key)
            counts[T.kind] = theirs.count
            for name in Set(ours.keys).union(theirs.keys).sorted() {
                for change in (ours[name] ?? []).difference(from: theirs[name] ?? []) {
                    switch change {
                    case .insert(_, let line, _): differences.append("\(T.kind) \(name): not recorded: \(line)")
                    case .remove(_, let line, _): differences.append("\(T.kind) \(name): recorded, not made: \(line)")
                    }
                }
            }
        }

        mutating func addNetwork() {
            add(Kubernetes.Service.self)
            add(Kubernetes.Pod.self, where: { $0.metadata.generateName.isEmpty })
            add(Kubernetes.EndpointSlice.self, where: { $0.serviceName != "kubernetes" && $0.metadata.name != "kubernetes" }) { slice in
                let ports = slice.ports.map { "\($0.name ?? "")/\($0.port ?? 0)" }.joined(separator: " ")
                return "\(slice.metadata.namespace)/\(slice.serviceName ?? "") \(slice.addressType) \(ports)"
            }
        }
    }

    private func expectSame(_ comparison: Comparison) {
        let differences = comparison.differences
        #expect(differences.isEmpty, "\(differences.count): \(differences.prefix(6).joined(separator: "\n"))")
    }

    @Test(arguments: RecordedCluster.plain.filter { !$0.hasPrefix("large-") && $0 != "at-1000-endpoints" })
    func servicesPodsAndSlicesAreThoseOfTheServer(_ name: String) {
        let manifests = RecordedCluster.load("\(name)/manifests")
        let (state, problems) = ClusterState.build(from: manifests.objects, seed: 5)
        #expect(problems.map(\.description) == [])
        var comparison = Comparison(state, RecordedCluster.load("\(name)/objects"), manifests: manifests)
        comparison.addNetwork()
        #expect(comparison.counts["Service", default: 0] > 0)
        expectSame(comparison)
    }

    /// Where controllers were recorded, as they were before the first change.
    @Test(arguments: [
        ("deployment-scale", "stage-1-three", ["Deployment", "ReplicaSet"]), ("hpa", "stage-1", ["Deployment", "ReplicaSet"]),
        ("rolling-update", "stage-1-before", ["Deployment", "ReplicaSet"]), ("statefulset", "stage-1-three", ["StatefulSet"]),
        ("daemonset", "stage-1-all", ["DaemonSet"]), ("job-cronjob", "stage-1", ["Job"]),
    ])
    func workloadsAreThoseOfTheServer(_ name: String, _ stage: String, _ kinds: [String]) {
        let manifests = RecordedCluster.load("\(name)/manifests")
        let (state, problems) = ClusterState.build(from: manifests.objects, seed: 5)
        #expect(problems.map(\.description) == [])
        var comparison = Comparison(state, RecordedCluster.load("\(name)/\(stage)/objects"), manifests: manifests)
        comparison.add(Kubernetes.Service.self)
        comparison.add(Kubernetes.Deployment.self)
        comparison.add(Kubernetes.ReplicaSet.self)
        comparison.add(Kubernetes.StatefulSet.self)
        comparison.add(Kubernetes.DaemonSet.self)
        // A CronJob's are named by their minute.
        comparison.add(Kubernetes.Job.self, where: { $0.metadata.ownerReferences.isEmpty })
        for kind in kinds { #expect(comparison.counts[kind, default: 0] > 0, "\(kind)") }
        expectSame(comparison)
    }
}
