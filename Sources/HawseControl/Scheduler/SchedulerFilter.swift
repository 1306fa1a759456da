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
        let hard = pod.spec.topologySpreadConstraints.filter { $0.whenUnsatisfiable == "DoNotSchedule" }
        spread = hard.map { SpreadCount($0, keys: hard.map(\.topologyKey), pod: pod, store: store) }
        affinity = PodAffinityCount(pod: pod, store: store, repelling: scheduling.repelling)
    }

    /// Whether taking pods off a node might make it do: not when what refuses the pod stays as it is, such as a taint, a
    /// label, or a request beyond the whole node (`UnschedulableAndUnresolvable`).
    func isResolvable(_ node: Kubernetes.Node) -> Bool {
        if node.spec.unschedulable, !tolerates(.init(key: "node.kubernetes.io/unschedulable", effect: "NoSchedule")) {
            return false
        }
        guard Self.tolerates(pod.spec, node), Self.matchesNodeAffinity(pod.spec, node) else { return false }
        if usesFreePort(of: node), let short = resources(node) {
            let isBeyond = requests.contains { name, amount in amount > (node.status.allocatable[name]?.thousandths ?? 0) }
            return !(isBeyond && short.contains { $0.hasPrefix("Insufficient") })
        }
        guard usesFreePort(of: node) else { return true }
        if spread.contains(where: { node.metadata.labels[$0.constraint.topologyKey] == nil }) { return false }
        return spread.contains { !$0.allows(node) } || affinity.refusal(node) != "node(s) didn't match pod affinity rules"
    }

    /// Why a node will not do: the reasons of the first plugin that refuses it; none if it will.
    func refusals(_ node: Kubernetes.Node) -> [String] {
        refusal(node).map { [$0] } ?? resources(node) ?? placement(node).map { [$0] } ?? []
    }

    private func refusal(_ node: Kubernetes.Node) -> String? {
        if node.spec.unschedulable, !tolerates(.init(key: "node.kubernetes.io/unschedulable", effect: "NoSchedule")) {
            return "node(s) were unschedulable"
        }
        for taint in Self.taints(of: node) where taint.effect != "PreferNoSchedule" && !tolerates(taint) {
            return "node(s) had untolerated taint(s)"
        }
        if !Self.matchesNodeAffinity(pod.spec, node) { return "node(s) didn't match Pod's node affinity/selector" }
        return usesFreePort(of: node) ? nil : "node(s) didn't have free ports for the requested pod ports"
    }

    private func usesFreePort(of node: Kubernetes.Node) -> Bool {
        let used = usage[node.metadata.name]?.hostPorts.keys.map { $0 } ?? []
        return !hostPorts.contains { wanted in used.contains { $0.conflicts(with: wanted) } }
    }

    /// NodeResourcesFit names everything that is short.
    private func resources(_ node: Kubernetes.Node) -> [String]? {
        let used = usage[node.metadata.name] ?? SchedulerState.Usage()
        var reasons: [String] = []
        if let limit = node.status.allocatable["pods"], Int64(used.pods) >= limit.units { reasons.append("Too many pods") }
        for (name, amount) in requests.sorted(by: { $0.key < $1.key }) where amount > 0 {
            let free = (node.status.allocatable[name]?.thousandths ?? 0) - (used.requested[name] ?? 0)
            if amount > free { reasons.append("Insufficient \(name)") }
        }
        return reasons.isEmpty ? nil : reasons
    }

    private func placement(_ node: Kubernetes.Node) -> String? {
        if spread.contains(where: { node.metadata.labels[$0.constraint.topologyKey] == nil }) {
            return "node(s) didn't match pod topology spread constraints (missing required label)"
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

    /// No taint of the node keeps the pod away.
    static func tolerates(_ spec: Kubernetes.PodSpec, _ node: Kubernetes.Node) -> Bool {
        taints(of: node).allSatisfy { taint in
            taint.effect == "PreferNoSchedule" || spec.tolerations.contains { $0.tolerates(taint) }
        }
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

    /// `keys`: those of all constraints of its kind, which a node must have.
    init(_ constraint: Kubernetes.TopologySpreadConstraint, keys: [String], pod: Kubernetes.Pod, store: ClusterStore) {
        self.constraint = constraint
        let selector = constraint.labelSelector ?? Kubernetes.LabelSelector()
        let kept = constraint.matchLabelKeys.compactMap { key in pod.metadata.labels[key].map { (key, $0) } }
        func matches(_ labels: [String: String]) -> Bool {
            constraint.labelSelector != nil && selector.matches(labels) && kept.allSatisfy { labels[$0.0] == $0.1 }
        }
        matchesItself = matches(pod.metadata.labels)
        // Only nodes count that the pod could be on, as the constraint's policies have it.
        var counted: Set<String> = []
        for node in store.nodes.all {
            guard let domain = node.metadata.labels[constraint.topologyKey], keys.allSatisfy({ node.metadata.labels[$0] != nil })
            else { continue }
            if constraint.nodeAffinityPolicy != "Ignore", !SchedulerFilter.matchesNodeAffinity(pod.spec, node) { continue }
            if constraint.nodeTaintsPolicy == "Honor", !SchedulerFilter.tolerates(pod.spec, node) { continue }
            domains[domain, default: 0] += 0
            counted.insert(node.metadata.name)
        }
        for other in store.pods.all
        where other.metadata.namespace == pod.metadata.namespace && counted.contains(other.spec.nodeName)
            && !other.metadata.isTerminating && matches(other.metadata.labels)
        {
            let node = store.nodes[ObjectKey(name: other.spec.nodeName)]
            guard let domain = node?.metadata.labels[constraint.topologyKey] else { continue }
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
