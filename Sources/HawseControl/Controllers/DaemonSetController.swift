extension ClusterState {
    /// One pod on every node that takes it.
    mutating func syncDaemonSet(_ key: ObjectKey) {
        guard let set = store.daemonSets[key], !set.metadata.isTerminating else { return }
        let recorded = store.pods(ownedBy: set.metadata.uid, in: key.namespace)
            .compactMap { $0.metadata.labels["controller-revision-hash"] }.first
        let hash = revision(of: set.spec.template, "DaemonSet/\(key)", recorded: recorded) { $0 }
        let generation = set.metadata.annotations[Kubernetes.DaemonSet.templateGeneration] ?? "1"
        var status = Kubernetes.DaemonSetStatus()
        status.observedGeneration = set.metadata.generation
        if let selector = set.spec.selector { claim(selector, owner: set) }
        var byNode: [String: [Kubernetes.Pod]] = [:]
        for pod in store.pods(ownedBy: set.metadata.uid, in: key.namespace) {
            byNode[Self.node(of: pod), default: []].append(pod)
        }
        var states: [DaemonRollout.NodePods] = []
        for node in store.nodes.all {
            let pods = byNode.removeValue(forKey: node.metadata.name) ?? []
            let wanted = Self.runs(set, on: node)
            let live = wanted.keep ? clearDaemonPods(pods, of: key, on: node.metadata.name) : pods
            if wanted.keep {
                pruneDaemonPods(live, of: set, hash: hash)
            } else {
                for pod in live where !pod.metadata.isTerminating { removeDaemonPod(pod.key, of: key) }
            }
            guard wanted.run else {
                status.numberMisscheduled += live.isEmpty ? 0 : 1
                continue
            }
            status.desiredNumberScheduled += 1
            states.append(DaemonRollout.NodePods(live, hash: hash, node: node.metadata.name))
            let isBare = live.isEmpty || Self.surges(set) && live.allSatisfy(\.metadata.isTerminating)
            if isBare {
                _ = try? createPod(daemonPod(set, on: node.metadata.name, hash: hash, generation: generation), for: set)
            }
            count(live, of: set, hash: hash, &status)
            wakeWhenAvailable(live, minReadySeconds: set.spec.minReadySeconds, .daemonSet, key)
        }
        // Of nodes that are no more; what ran there is the collector's.
        for pod in byNode.values.joined().sorted(by: { $0.key < $1.key })
        where !pod.metadata.isTerminating && pod.spec.nodeName.isEmpty {
            removeDaemonPod(pod.key, of: key)
        }
        if set.spec.updateStrategy.type == "RollingUpdate" {
            let rollout = DaemonRollout(set.spec.updateStrategy.rollingUpdate, states) {
                isAvailable($0, minReadySeconds: set.spec.minReadySeconds)
            }
            for pod in rollout.delete { removeDaemonPod(pod.key, of: key) }
            for node in rollout.create {
                _ = try? createPod(daemonPod(set, on: node, hash: hash, generation: generation), for: set)
            }
        }
        status.numberUnavailable = status.desiredNumberScheduled - status.numberAvailable
        store.update(Kubernetes.DaemonSet.self, key) { object in
            status.conditions = object.status.conditions
            status.collisionCount = object.status.collisionCount
            object.status = status
            object.metadata.annotations[Kubernetes.DaemonSet.templateGeneration] = generation
        }
    }

    private mutating func removeDaemonPod(_ pod: ObjectKey, of set: ObjectKey) {
        try? deletePod(pod)
        note("SuccessfulDelete", "Deleted pod: \(pod.name)", kind: "DaemonSet", key: set)
    }

    /// A node's oldest pod stands for it in the status (`updateDaemonSetStatus`).
    private func count(
        _ pods: [Kubernetes.Pod], of set: Kubernetes.DaemonSet, hash: String, _ status: inout Kubernetes.DaemonSetStatus
    ) {
        guard let oldest = pods.min(by: Self.isEarlier) else { return }
        status.currentNumberScheduled += 1
        if oldest.metadata.labels["controller-revision-hash"] == hash { status.updatedNumberScheduled += 1 }
        guard oldest.isReady else { return }
        status.numberReady += 1
        if isAvailable(oldest, minReadySeconds: set.spec.minReadySeconds) { status.numberAvailable += 1 }
    }

    /// Bound pods first, then by age (`podByCreationTimestampAndPhase`).
    private static func isEarlier(_ a: Kubernetes.Pod, _ b: Kubernetes.Pod) -> Bool {
        if a.spec.nodeName.isEmpty != b.spec.nodeName.isEmpty { return !a.spec.nodeName.isEmpty }
        let (x, y) = (a.metadata.creationTimestamp?.microseconds ?? 0, b.metadata.creationTimestamp?.microseconds ?? 0)
        return x == y ? a.metadata.name < b.metadata.name : x < y
    }

    private static func surges(_ set: Kubernetes.DaemonSet) -> Bool {
        set.spec.updateStrategy.type == "RollingUpdate"
            && (set.spec.updateStrategy.rollingUpdate?.maxSurge?.scaled(of: 100, roundingUp: true) ?? 0) > 0
    }

    /// One pod a node, the oldest; while surging an old one beside a new one that is not up yet (`podsShouldBeOnNode`).
    private mutating func pruneDaemonPods(_ pods: [Kubernetes.Pod], of set: Kubernetes.DaemonSet, hash: String) {
        let running = pods.filter { !$0.metadata.isTerminating && !$0.isFinished }.sorted(by: Self.isEarlier)
        guard running.count > 1 else { return }
        guard Self.surges(set) else {
            for pod in running.dropFirst() { removeDaemonPod(pod.key, of: set.key) }
            return
        }
        var new: Kubernetes.Pod?
        var old: Kubernetes.Pod?
        for pod in running {
            let isNew = pod.metadata.labels["controller-revision-hash"] == hash
            if isNew, new == nil {
                new = pod
            } else if !isNew, old == nil {
                old = pod
            } else {
                removeDaemonPod(pod.key, of: set.key)
            }
        }
        guard let new, let old else { return }
        if !old.isReady || isAvailable(new, minReadySeconds: set.spec.minReadySeconds) { removeDaemonPod(old.key, of: set.key) }
    }

    /// The node a daemon pod is meant for, bound or not yet.
    private static func node(of pod: Kubernetes.Pod) -> String {
        if !pod.spec.nodeName.isEmpty { return pod.spec.nodeName }
        let terms = pod.spec.affinity?.nodeAffinity?.required?.nodeSelectorTerms ?? []
        return terms.first?.matchFields.first { $0.key == "metadata.name" }?.values.first ?? ""
    }

    static let daemonTolerations: [Kubernetes.Toleration] = [
        .init(key: "node.kubernetes.io/not-ready", op: "Exists", effect: "NoExecute"),
        .init(key: "node.kubernetes.io/unreachable", op: "Exists", effect: "NoExecute"),
        .init(key: "node.kubernetes.io/disk-pressure", op: "Exists", effect: "NoSchedule"),
        .init(key: "node.kubernetes.io/memory-pressure", op: "Exists", effect: "NoSchedule"),
        .init(key: "node.kubernetes.io/pid-pressure", op: "Exists", effect: "NoSchedule"),
        .init(key: "node.kubernetes.io/unschedulable", op: "Exists", effect: "NoSchedule"),
    ]

    private static func tolerations(_ spec: Kubernetes.PodSpec) -> [Kubernetes.Toleration] {
        let network: [Kubernetes.Toleration] =
            spec.hostNetwork
            ? [.init(key: "node.kubernetes.io/network-unavailable", op: "Exists", effect: "NoSchedule")] : []
        return spec.tolerations + (daemonTolerations + network).filter { !spec.tolerations.contains($0) }
    }

    /// `NodeShouldRunDaemonPod`: may a pod be started there, and may one that is there stay.
    private static func runs(_ set: Kubernetes.DaemonSet, on node: Kubernetes.Node) -> (run: Bool, keep: Bool) {
        let spec = set.spec.template.spec
        if !spec.nodeName.isEmpty, spec.nodeName != node.metadata.name { return (false, false) }
        guard SchedulerFilter.matchesNodeAffinity(spec, node) else { return (false, false) }
        let tolerations = tolerations(spec)
        let untolerated = SchedulerFilter.taints(of: node).filter { taint in
            taint.effect != "PreferNoSchedule" && !tolerations.contains { $0.tolerates(taint) }
        }
        return (untolerated.isEmpty, !untolerated.contains { $0.effect == "NoExecute" })
    }

    private func daemonPod(
        _ set: Kubernetes.DaemonSet, on node: String, hash: String, generation: String
    ) -> Kubernetes.Pod {
        var template = set.spec.template
        template.spec.tolerations = Self.tolerations(template.spec)
        var term = Kubernetes.NodeSelectorTerm()
        term.matchFields = [.init(key: "metadata.name", op: "In", values: [node])]
        var affinity = template.spec.affinity ?? Kubernetes.Affinity()
        var nodes = affinity.nodeAffinity ?? Kubernetes.NodeAffinity()
        // Its own wishes have been asked already: the node's name takes their place.
        var selector = Kubernetes.NodeSelector()
        selector.nodeSelectorTerms = [term]
        nodes.required = selector
        affinity.nodeAffinity = nodes
        template.spec.affinity = affinity
        var pod = pod(from: template, ownedBy: set)
        pod.metadata.labels["controller-revision-hash"] = hash
        pod.metadata.labels["pod-template-generation"] = generation
        return pod
    }
}
