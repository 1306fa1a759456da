/// Why a node will not do (`framework.Status` of a filter plugin).
struct NodeRefusal: Sendable, Equatable {
    var reasons: [String]
    /// Taking pods off the node could change it (`Unschedulable`); not so what stays as it is, such as a taint, a label or a
    /// request beyond the whole node (`UnschedulableAndUnresolvable`).
    var isCurable: Bool

    static func curable(_ reason: String) -> NodeRefusal { NodeRefusal(reasons: [reason], isCurable: true) }
    static func final(_ reason: String) -> NodeRefusal { NodeRefusal(reasons: [reason], isCurable: false) }
}

/// The scheduler's filter plugins for one pod. Refusals are worded as in its events.
struct SchedulerFilter {
    let pod: Kubernetes.Pod
    let view: SchedulerView
    private let counted: [String: SchedulerState.Usage]
    private let requests: [String: Int64]
    private let hostPorts: [SchedulerState.HostPort]
    private let tolerations: [Kubernetes.Toleration]
    private let spread: [SpreadCount]
    private let affinity: PodAffinityCount

    init(pod: Kubernetes.Pod, view: SchedulerView, scheduling: SchedulerState) {
        self.pod = pod
        self.view = view
        counted = scheduling.usage
        requests = SchedulerState.requests(of: pod.spec)
        hostPorts = SchedulerState.hostPorts(of: pod.spec)
        tolerations = pod.spec.tolerations
        let hard = pod.spec.topologySpreadConstraints.filter { $0.whenUnsatisfiable == "DoNotSchedule" }
        spread = hard.map { SpreadCount($0, keys: hard.map(\.topologyKey), pod: pod, view: view) }
        affinity = PodAffinityCount(pod: pod, view: view, repelling: scheduling.repelling)
    }

    /// The answer of the first plugin that refuses a node.
    func refusal(_ node: Kubernetes.Node) -> NodeRefusal? {
        if node.spec.unschedulable, !tolerates(.init(key: "node.kubernetes.io/unschedulable", effect: "NoSchedule")) {
            return .final("node(s) were unschedulable")
        }
        for taint in Self.taints(of: node) where taint.effect != "PreferNoSchedule" && !tolerates(taint) {
            return .final("node(s) had untolerated taint(s)")
        }
        if !Self.matchesNodeAffinity(pod.spec, node) { return .final("node(s) didn't match Pod's node affinity/selector") }
        let used = view.usage(of: node.metadata.name, counted)
        if hostPorts.contains(where: { wanted in used.hostPorts.keys.contains { $0.conflicts(with: wanted) } }) {
            return .curable("node(s) didn't have free ports for the requested pod ports")
        }
        return resources(node, used) ?? placement(node)
    }

    /// The nodes that the pod names itself, as pods of DaemonSets do; nobody looks at others. Nil: it names none.
    static func namedNodes(_ spec: Kubernetes.PodSpec) -> Set<String>? {
        guard let terms = spec.affinity?.nodeAffinity?.required?.nodeSelectorTerms, !terms.isEmpty else { return nil }
        var all: Set<String> = []
        for term in terms {
            let named = term.matchFields.filter { $0.key == "metadata.name" && $0.op == "In" }.map { Set($0.values) }
            guard let first = named.first else { return nil }
            all.formUnion(named.dropFirst().reduce(first) { $0.intersection($1) })
        }
        return all
    }

    /// NodeResourcesFit names everything that is short.
    private func resources(_ node: Kubernetes.Node, _ used: SchedulerState.Usage) -> NodeRefusal? {
        var refusal = NodeRefusal(reasons: [], isCurable: true)
        if let limit = node.status.allocatable["pods"], Int64(used.pods) >= limit.units {
            refusal.reasons.append("Too many pods")
        }
        for (name, amount) in requests.sorted(by: { $0.key < $1.key }) where amount > 0 {
            let whole = node.status.allocatable[name]?.thousandths ?? 0
            guard Int128(amount) > Int128(whole) - (used.requested[name] ?? 0) else { continue }
            refusal.reasons.append("Insufficient \(name)")
            if amount > whole { refusal.isCurable = false }
        }
        return refusal.reasons.isEmpty ? nil : refusal
    }

    private func placement(_ node: Kubernetes.Node) -> NodeRefusal? {
        // Constraint by constraint, as the plugin goes through them.
        for count in spread {
            if node.metadata.labels[count.constraint.topologyKey] == nil {
                return .final("node(s) didn't match pod topology spread constraints (missing required label)")
            }
            if !count.allows(node) { return .curable("node(s) didn't match pod topology spread constraints") }
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
    init(_ constraint: Kubernetes.TopologySpreadConstraint, keys: [String], pod: Kubernetes.Pod, view: SchedulerView) {
        self.constraint = constraint
        let store = view.store
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
        for other in view.boundPods()
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
