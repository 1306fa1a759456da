/// The scheduler's filter plugins for one pod. Refusals are worded as in its events.
struct SchedulerFilter {
    let pod: Kubernetes.Pod
    let store: ClusterStore
    let usage: [String: SchedulerState.Usage]
    private let requests: [String: Int64]
    private let hostPorts: [SchedulerState.HostPort]
    private let tolerations: [Kubernetes.Toleration]
    private let spread: [SpreadCount]
    private let affinity: PodAffinityCount

    init(pod: Kubernetes.Pod, store: ClusterStore, scheduling: SchedulerState) {
        self.pod = pod
        self.store = store
        usage = scheduling.usage
        requests = SchedulerState.requests(of: pod.spec)
        hostPorts = SchedulerState.hostPorts(of: pod.spec)
        tolerations = pod.spec.tolerations
        spread = pod.spec.topologySpreadConstraints.filter { $0.whenUnsatisfiable == "DoNotSchedule" }
            .map { SpreadCount($0, pod: pod, store: store) }
        affinity = PodAffinityCount(pod: pod, store: store, repelling: scheduling.repelling)
    }

    /// Why a node will not do, or nil.
    func refusal(_ node: Kubernetes.Node) -> String? {
        if node.spec.unschedulable, !tolerates(.init(key: "node.kubernetes.io/unschedulable", effect: "NoSchedule")) {
            return "node(s) were unschedulable"
        }
        for taint in Self.taints(of: node) where taint.effect != "PreferNoSchedule" && !tolerates(taint) {
            return "node(s) had untolerated taint(s)"
        }
        if !Self.matchesNodeAffinity(pod.spec, node) { return "node(s) didn't match Pod's node affinity/selector" }
        let used = usage[node.metadata.name] ?? SchedulerState.Usage()
        if hostPorts.contains(where: { used.hostPorts[$0] != nil }) {
            return "node(s) didn't have free ports for the requested pod ports"
        }
        if let limit = node.status.allocatable["pods"], Int64(used.pods) >= limit.units { return "Too many pods" }
        for (name, amount) in requests.sorted(by: { $0.key < $1.key }) where amount > 0 {
            let free = (node.status.allocatable[name]?.thousandths ?? 0) - (used.requested[name] ?? 0)
            if amount > free { return "Insufficient \(name)" }
        }
        for count in spread where !count.allows(node) {
            return "node(s) didn't match pod topology spread constraints"
        }
        return affinity.refusal(node)
    }

    private func tolerates(_ taint: Kubernetes.Taint) -> Bool { tolerations.contains { $0.tolerates(taint) } }

    /// A node that is not ready carries the node controller's taint, whether or not somebody wrote it down.
    static func taints(of node: Kubernetes.Node) -> [Kubernetes.Taint] {
        var taints = node.spec.taints
        if let ready = node.status.conditions.first(where: { $0.type == "Ready" }), ready.status != "True" {
            let key = ready.status == "Unknown" ? "node.kubernetes.io/unreachable" : "node.kubernetes.io/not-ready"
            if !taints.contains(where: { $0.key == key }) { taints.append(.init(key: key, effect: "NoSchedule")) }
        }
        return taints
    }

    static func matchesNodeAffinity(_ spec: Kubernetes.PodSpec, _ node: Kubernetes.Node) -> Bool {
        guard spec.nodeSelector.allSatisfy({ node.metadata.labels[$0.key] == $0.value }) else { return false }
        return spec.affinity?.nodeAffinity?.required.map { $0.matches(node) } ?? true
    }
}

/// Pods of one spread constraint by domain.
struct SpreadCount {
    let constraint: Kubernetes.TopologySpreadConstraint
    private var domains: [String: Int] = [:]
    private let matchesItself: Bool

    init(_ constraint: Kubernetes.TopologySpreadConstraint, pod: Kubernetes.Pod, store: ClusterStore) {
        self.constraint = constraint
        let selector = constraint.labelSelector ?? Kubernetes.LabelSelector()
        let kept = constraint.matchLabelKeys.compactMap { key in pod.metadata.labels[key].map { (key, $0) } }
        func matches(_ labels: [String: String]) -> Bool {
            constraint.labelSelector != nil && selector.matches(labels) && kept.allSatisfy { labels[$0.0] == $0.1 }
        }
        matchesItself = matches(pod.metadata.labels)
        for node in store.nodes.all {
            guard let domain = node.metadata.labels[constraint.topologyKey] else { continue }
            if constraint.nodeAffinityPolicy != "Ignore", !SchedulerFilter.matchesNodeAffinity(pod.spec, node) { continue }
            domains[domain, default: 0] += 0
        }
        for other in store.pods.all
        where other.metadata.namespace == pod.metadata.namespace && !other.spec.nodeName.isEmpty
            && !other.metadata.isTerminating && matches(other.metadata.labels)
        {
            let node = store.nodes[ObjectKey(name: other.spec.nodeName)]
            guard let domain = node?.metadata.labels[constraint.topologyKey], domains[domain] != nil else { continue }
            domains[domain, default: 0] += 1
        }
    }

    func count(_ node: Kubernetes.Node) -> Int? {
        node.metadata.labels[constraint.topologyKey].flatMap { domains[$0] }
    }

    /// Skew after placing: matching pods in the node's domain less those in the emptiest one.
    func allows(_ node: Kubernetes.Node) -> Bool {
        guard let here = count(node) else { return false }
        var least = domains.values.min() ?? 0
        if let wanted = constraint.minDomains, domains.count < wanted { least = 0 }
        return here + (matchesItself ? 1 : 0) - least <= max(1, constraint.maxSkew)
    }
}
