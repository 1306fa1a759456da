extension ClusterState {
    /// Seconds without a sign of life after which a node counts as lost (`--node-monitor-grace-period`).
    private static let gracePeriod = 50.0
    private static let unreachable = "node.kubernetes.io/unreachable"

    /// A machine stops: its kubelet, its proxy and its pods with it. The control plane notices later.
    public mutating func stopNode(_ name: String) throws(StatusError) {
        let key = ObjectKey(name: name)
        guard store.nodes[key] != nil else { throw StatusError.notFound("nodes", name) }
        guard stoppedNodes[name] == nil else {
            waitingNodes.remove(name)
            return
        }
        stoppedNodes[name] = now
        wake(.node, key, inSeconds: Self.gracePeriod, isProgress: false)
        note("NodeStopped", "the machine stopped", kind: "Node", key: key)
    }

    /// The node controller begins to wait for a silent machine anew, unless it has given it up already.
    mutating func watchAgain(node name: String) {
        let key = ObjectKey(name: name)
        guard let node = store.nodes[key], !node.spec.taints.contains(where: { $0.key == Self.unreachable }) else { return }
        stoppedNodes[name] = now
        wake(.node, key, inSeconds: Self.gracePeriod, isProgress: false)
    }

    /// A stopped machine comes back: its kubelet reports, and what had been deleted meanwhile ends.
    public mutating func startNode(_ name: String) throws(StatusError) {
        let key = ObjectKey(name: name)
        guard store.nodes[key] != nil else { throw StatusError.notFound("nodes", name) }
        // Its kubelet, proxy and network have nothing to go by yet.
        guard isReachableAPI else {
            if stoppedNodes[name] != nil, waitingNodes.insert(name).inserted {
                note("NodeStarted", "the machine is on and waits for the API server", kind: "Node", key: key)
            }
            return
        }
        stoppedNodes[name] = nil
        waitingNodes.remove(name)
        let time = now
        store.update(Kubernetes.Node.self, key) { node in
            node.spec.taints.removeAll { $0.key == Self.unreachable }
            Self.setReady(&node, "True", "KubeletReady", "kubelet is posting ready status", time)
        }
        for pod in store.pods.all where pod.spec.nodeName == name {
            runtimes[pod.key]?.containers = [:]
            queues.add(pod.key, to: .kubelet)
        }
        note("NodeReady", "the machine is back", kind: "Node", key: key)
    }

    public func isStopped(node name: String) -> Bool { stoppedNodes[name] != nil }

    private static func setReady(
        _ node: inout Kubernetes.Node, _ status: String, _ reason: String, _ message: String, _ now: Kubernetes.Time
    ) {
        var condition = Kubernetes.Condition(type: "Ready", status: true, reason: reason, message: message, at: now)
        condition.status = status
        node.status.conditions.removeAll { $0.type == "Ready" }
        node.status.conditions.append(condition)
    }

    /// The node controller's look at a silent node: not ready, tainted, its pods not ready, and evicted once their
    /// tolerations run out.
    mutating func syncNode(_ key: ObjectKey) {
        guard let stopped = stoppedNodes[key.name], store.nodes[key] != nil else { return }
        let lost = Kubernetes.Time(microseconds: stopped.microseconds + Int64(Self.gracePeriod * 1_000_000))
        guard now >= lost else { return }
        let time = now
        store.update(Kubernetes.Node.self, key) { node in
            guard !node.spec.taints.contains(where: { $0.key == Self.unreachable }) else { return }
            Self.setReady(&node, "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", time)
            for effect in ["NoSchedule", "NoExecute"] {
                node.spec.taints.append(.init(key: Self.unreachable, effect: effect))
            }
        }
        for pod in store.pods.all where pod.spec.nodeName == key.name && !pod.isFinished {
            store.update(Kubernetes.Pod.self, pod.key) { pod in
                for index in pod.status.conditions.indices where pod.status.conditions[index].type == "Ready" {
                    guard pod.status.conditions[index].status == "True" else { continue }
                    pod.status.conditions[index].status = "False"
                    pod.status.conditions[index].lastTransitionTime = time
                }
            }
            evictWhenDue(pod, since: lost, node: key)
        }
    }

    /// Taint-based eviction: after `tolerationSeconds`, at once without a toleration, never with an unlimited one.
    private mutating func evictWhenDue(_ pod: Kubernetes.Pod, since lost: Kubernetes.Time, node: ObjectKey) {
        let taint = Kubernetes.Taint(key: Self.unreachable, effect: "NoExecute")
        let matching = pod.spec.tolerations.filter { $0.tolerates(taint) }
        if matching.contains(where: { $0.tolerationSeconds == nil }) { return }
        let seconds = matching.compactMap(\.tolerationSeconds).min() ?? 0
        let due = Kubernetes.Time(microseconds: lost.microseconds + seconds * 1_000_000)
        if now >= due {
            disrupt(pod.key, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint")
            try? deletePod(pod.key)
        } else {
            wake(.node, node, at: due, isProgress: false)
        }
    }

    /// `kubectl cordon` and `uncordon`.
    public mutating func setUnschedulable(_ name: String, _ value: Bool) throws(StatusError) {
        try modify(Kubernetes.Node.self, ObjectKey(name: name)) { $0.spec.unschedulable = value }
    }

    /// `kubectl drain`: no new pods, and every pod but those of DaemonSets evicted.
    public mutating func drain(_ name: String) throws(StatusError) {
        try setUnschedulable(name, true)
        for pod in store.pods.all
        where pod.spec.nodeName == name && pod.metadata.controller?.kind != "DaemonSet" && !pod.metadata.isTerminating {
            disrupt(pod.key, "EvictionByEvictionAPI", "Eviction API: evicting")
            try deletePod(pod.key)
        }
    }

    /// The DisruptionTarget condition: a pod is to go through no fault of its own.
    private mutating func disrupt(_ key: ObjectKey, _ reason: String, _ message: String) {
        let time = now
        store.update(Kubernetes.Pod.self, key) { pod in
            pod.status.conditions.removeAll { $0.type == "DisruptionTarget" }
            pod.status.conditions.append(
                Kubernetes.Condition(type: "DisruptionTarget", status: true, reason: reason, message: message, at: time))
        }
    }
}
