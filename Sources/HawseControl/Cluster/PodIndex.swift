import OrderedCollections

/// Pods by namespace and label, and by owner: what keeps ten thousand Services off a hundred thousand pods.
struct PodIndex: Sendable {
    private struct Label: Hashable {
        var namespace: String
        var key: String
        var value: String
    }

    private var byLabel: [Label: OrderedSet<ObjectKey>] = [:]
    private var byOwner: [String: OrderedSet<ObjectKey>] = [:]

    mutating func insert(_ pod: Kubernetes.Pod) {
        for (key, value) in pod.metadata.labels {
            byLabel[Label(namespace: pod.metadata.namespace, key: key, value: value), default: []].append(pod.key)
        }
        if let owner = pod.metadata.controller { byOwner[owner.uid, default: []].append(pod.key) }
    }

    mutating func remove(_ pod: Kubernetes.Pod) {
        for (key, value) in pod.metadata.labels {
            byLabel[Label(namespace: pod.metadata.namespace, key: key, value: value)]?.remove(pod.key)
        }
        if let owner = pod.metadata.controller { byOwner[owner.uid]?.remove(pod.key) }
    }

    /// The smallest set of pods that one of the selector's labels gives.
    func candidates(_ namespace: String, _ selector: [String: String]) -> OrderedSet<ObjectKey> {
        var best: OrderedSet<ObjectKey>?
        for (key, value) in selector {
            let pods = byLabel[Label(namespace: namespace, key: key, value: value)] ?? []
            if best == nil || pods.count < best!.count || pods.count == best!.count && pods.isEmpty { best = pods }
        }
        return best ?? []
    }

    func owned(by uid: String) -> OrderedSet<ObjectKey> { byOwner[uid] ?? [] }
}
