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
        var byNode: [String: [Kubernetes.Pod]] = [:]
        for pod in store.pods(ownedBy: set.metadata.uid, in: key.namespace) {
            byNode[Self.node(of: pod), default: []].append(pod)
        }
        var states: [DaemonRollout.NodePods] = []
        for node in store.nodes.all {
            let pods = byNode.removeValue(forKey: node.metadata.name) ?? []
            let wanted = Self.runs(set, on: node)
            let live = clearDaemonPods(pods, of: key, on: node.metadata.name)
            if !wanted.run {
                for pod in live where !wanted.keep && !pod.metadata.isTerminating { try? deletePod(pod.key) }
                status.numberMisscheduled += live.isEmpty ? 0 : 1
                continue
            }
            status.desiredNumberScheduled += 1
            states.append(DaemonRollout.NodePods(live, hash: hash, node: node.metadata.name))
            if live.isEmpty {
                create(daemonPod(set, on: node.metadata.name, hash: hash, generation: generation))
                continue
            }
            status.currentNumberScheduled += 1
            if live.contains(where: { $0.metadata.labels["controller-revision-hash"] == hash }) {
                status.updatedNumberScheduled += 1
            }
            status.numberReady += live.contains { $0.isReady } ? 1 : 0
            let isUp = live.contains { isAvailable($0, minReadySeconds: set.spec.minReadySeconds) && !$0.metadata.isTerminating }
            status.numberAvailable += isUp ? 1 : 0
            wakeWhenAvailable(live, minReadySeconds: set.spec.minReadySeconds, .daemonSet, key)
        }
        for pod in byNode.values.joined().sorted(by: { $0.key < $1.key }) where !pod.metadata.isTerminating {
            try? deletePod(pod.key)
        }
        if set.spec.updateStrategy.type == "RollingUpdate" {
            let rollout = DaemonRollout(set.spec.updateStrategy.rollingUpdate, states) {
                isAvailable($0, minReadySeconds: set.spec.minReadySeconds)
            }
            for pod in rollout.delete { try? deletePod(pod.key) }
            for node in rollout.create { create(daemonPod(set, on: node, hash: hash, generation: generation)) }
        }
        status.numberUnavailable = status.desiredNumberScheduled - status.numberAvailable
        store.update(Kubernetes.DaemonSet.self, key) { object in
            status.conditions = object.status.conditions
            status.collisionCount = object.status.collisionCount
            object.status = status
            object.metadata.annotations[Kubernetes.DaemonSet.templateGeneration] = generation
        }
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
                && taint.key != "node.kubernetes.io/not-ready" && taint.key != "node.kubernetes.io/unreachable"
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
        var selector = nodes.required ?? Kubernetes.NodeSelector()
        if selector.nodeSelectorTerms.isEmpty {
            selector.nodeSelectorTerms = [term]
        } else {
            for index in selector.nodeSelectorTerms.indices {
                selector.nodeSelectorTerms[index].matchFields = term.matchFields
            }
        }
        nodes.required = selector
        affinity.nodeAffinity = nodes
        template.spec.affinity = affinity
        var pod = pod(from: template, ownedBy: set)
        pod.metadata.labels["controller-revision-hash"] = hash
        pod.metadata.labels["pod-template-generation"] = generation
        return pod
    }
}
