/// The cluster as a filter sees it: the store's pods less some that are thought away, and with some that are only meant to
/// come (nominated ones), each with its node's name.
struct SchedulerView {
    let store: ClusterStore
    var removed: Set<ObjectKey> = []
    var added: [Kubernetes.Pod] = []

    init(_ store: ClusterStore) { self.store = store }

    /// Pods on nodes that have not finished.
    func boundPods() -> [Kubernetes.Pod] {
        let bound = store.pods.all.filter { !$0.spec.nodeName.isEmpty && !$0.isFinished }
        return (removed.isEmpty ? bound : bound.filter { !removed.contains($0.key) }) + added
    }

    /// Those of the given pods that are there, and of the added ones those that fit.
    func pods(_ keys: some Sequence<ObjectKey>, orAdded isWanted: (Kubernetes.Pod) -> Bool) -> [Kubernetes.Pod] {
        keys.filter { !removed.contains($0) }.compactMap { store.pods[$0] } + added.filter(isWanted)
    }

    /// What a node's pods use, of which only one node's can differ from the scheduler's own count.
    func usage(of node: String, _ counted: [String: SchedulerState.Usage]) -> SchedulerState.Usage {
        var usage = counted[node] ?? SchedulerState.Usage()
        for key in removed {
            guard let pod = store.pods[key], pod.spec.nodeName == node, !pod.isFinished else { continue }
            usage.count(SchedulerState.PodNeeds(pod.spec), sign: -1)
        }
        for pod in added where pod.spec.nodeName == node {
            usage.count(SchedulerState.PodNeeds(pod.spec), sign: 1)
        }
        return usage
    }
}
