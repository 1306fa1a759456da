import HawseControl
import HawseModel

/// Objects of the kinds beside Services, slices and pods, with everything taken out that is random or a time in the
/// real system, one line each.
enum KindSummary {
    /// Values that differ from run to run: ids, times, hashes.
    private static let random: Set<String> = [
        "uid", "resourceVersion", "creationTimestamp", "lastTransitionTime", "lastUpdateTime", "startTime", "completionTime",
        "lastScheduleTime", "lastSuccessfulTime", "lastProbeTime", "lastHeartbeatTime",
        "batch.kubernetes.io/cronjob-scheduled-timestamp", "pod-template-hash", "controller-uid",
        "batch.kubernetes.io/controller-uid", "controller-revision-hash", "currentRevision", "updateRevision", "generation",
        "observedGeneration", "nodeInfo", "daemonEndpoints",
    ]

    static func lines(_ objects: [any KubernetesObject]) -> [String] {
        objects.compactMap { object -> String? in
            switch object {
            case is Kubernetes.ServiceCIDR, is Kubernetes.IngressClass, is Kubernetes.DaemonSet, is Kubernetes.StatefulSet,
                is Kubernetes.Deployment, is Kubernetes.ReplicaSet, is Kubernetes.Job:
                return line(object)
            case is Kubernetes.CronJob, is Kubernetes.HorizontalPodAutoscaler:
                // Their status is how far time has gone.
                return line(object, without: "status")
            case is Kubernetes.Node: return line(object)
            case let address as Kubernetes.IPAddress:
                guard let parent = address.spec.parentRef else { return "IPAddress of nobody" }
                return "IPAddress of \(parent.resource) \(parent.namespace)/\(parent.name)"
            default: return nil
            }
        }.sorted()
    }

    private static func line(_ object: any KubernetesObject, without field: String = "") -> String {
        let entries = (object.written().entries ?? []).filter { $0.key != field }
        let node = masked(ManifestNode(.map(entries)), stems: object is Kubernetes.ReplicaSet)
        return "\(object.kindName) \(JSONWriter.compact(node))"
    }

    /// A ReplicaSet's name without its hash; a condition without its words, which repeat names.
    private static func masked(_ node: ManifestNode, stems: Bool) -> ManifestNode {
        switch node.value {
        case .list(let items):
            // Conditions are a map by type; their order is that of their coming.
            let sorted = items.allSatisfy { $0["type"]?.text != nil && $0["status"]?.text != nil }
                ? items.sorted { ($0["type"]?.text ?? "") < ($1["type"]?.text ?? "") } : items
            return ManifestNode(.list(sorted.map { masked($0, stems: stems) }))
        case .map(let entries):
            return ManifestNode(
                .map(
                    entries.filter { $0.key != "message" && !$0.node.isNull }.map { entry in
                        if random.contains(entry.key) { return .init(entry.key, .string("*")) }
                        if stems, entry.key == "name", let text = entry.node.text, let dash = text.lastIndex(of: "-"),
                            text[dash...].count > 8
                        {
                            return .init(entry.key, .string(String(text[..<dash])))
                        }
                        return .init(entry.key, masked(entry.node, stems: stems))
                    }))
        case .string(let text):
            // A CronJob's Jobs are called after the minute.
            guard let dash = text.lastIndex(of: "-"), text[dash...].count > 8,
                text[dash...].dropFirst().allSatisfy(\.isNumber)
            else { return node }
            return .string(text[...dash] + "*")
        default: return node
        }
    }
}

extension ClusterStore {
    var otherKinds: [any KubernetesObject] {
        var objects: [any KubernetesObject] = []
        func add<T: StoredKind>(_ type: T.Type) { objects += list(type) }
        add(Kubernetes.ServiceCIDR.self)
        add(Kubernetes.IPAddress.self)
        add(Kubernetes.Node.self)
        add(Kubernetes.IngressClass.self)
        add(Kubernetes.Deployment.self)
        add(Kubernetes.ReplicaSet.self)
        add(Kubernetes.DaemonSet.self)
        add(Kubernetes.StatefulSet.self)
        add(Kubernetes.Job.self)
        add(Kubernetes.CronJob.self)
        add(Kubernetes.HorizontalPodAutoscaler.self)
        return objects
    }
}
