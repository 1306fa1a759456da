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
            for condition in node.status.conditions {
                guard let calm = Self.calm[condition.type] else { continue }
                Self.set(&node, condition.type, "False", calm.reason, calm.message, time)
            }
            Self.set(&node, "Ready", "True", "KubeletReady", "kubelet is posting ready status", time)
        }
        for pod in store.pods.all where pod.spec.nodeName == name {
            runtimes[pod.key]?.containers = [:]
            queues.add(pod.key, to: .kubelet)
        }
        note("NodeReady", "the machine is back", kind: "Node", key: key)
    }

    public func isStopped(node name: String) -> Bool { stoppedNodes[name] != nil }

    private static func set(
        _ node: inout Kubernetes.Node, _ type: String, _ status: String, _ reason: String, _ message: String,
        _ now: Kubernetes.Time
    ) {
        var condition = Kubernetes.Condition(type: type, status: true, reason: reason, message: message, at: now)
        condition.status = status
        condition.lastHeartbeatTime = node.status.conditions.first { $0.type == type }?.lastHeartbeatTime
        node.status.conditions.set(condition)
    }

    /// The node controllers' look at a node: one that is silent is not ready, tainted, its pods not ready; taints that
    /// tolerate no running pod evict those that do not tolerate them.
    mutating func syncNode(_ key: ObjectKey) {
        guard store.nodes[key] != nil else {
            collectOrphans(ofNode: key.name)
            return
        }
        if let stopped = stoppedNodes[key.name],
            now.microseconds >= stopped.microseconds + Int64(Self.gracePeriod * 1_000_000)
        {
            giveUp(node: key)
        }
        evictByTaints(of: key)
    }

    private static let kubeletConditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"]
    /// What a kubelet says of the pressures that its machine is not under.
    private static let calm: [String: (reason: String, message: String)] = [
        "MemoryPressure": ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        "DiskPressure": ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        "PIDPressure": ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ]

    private mutating func giveUp(node key: ObjectKey) {
        let time = now
        store.update(Kubernetes.Node.self, key) { node in
            guard !node.spec.taints.contains(where: { $0.key == Self.unreachable }) else { return }
            for type in Self.kubeletConditions where type == "Ready" || node.status.conditions.contains(where: { $0.type == type }) {
                Self.set(&node, type, "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", time)
            }
            for effect in ["NoSchedule", "NoExecute"] {
                var taint = Kubernetes.Taint(key: Self.unreachable, effect: effect)
                taint.timeAdded = time
                node.spec.taints.append(taint)
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
        }
    }

    static func evicts(_ node: Kubernetes.Node) -> Bool { node.spec.taints.contains { $0.effect == "NoExecute" } }

    /// Pods on a node with NoExecute taints (`processPodOnNode`): at once without a toleration for each, after the shortest
    /// `tolerationSeconds` of those that tolerate them, never when none of them has an end.
    private mutating func evictByTaints(of key: ObjectKey) {
        guard let node = store.nodes[key] else { return }
        let taints = node.spec.taints.filter { $0.effect == "NoExecute" }
        for pod in store.pods.all where pod.spec.nodeName == key.name && !pod.isFinished && !pod.metadata.isTerminating {
            guard let seconds = Self.patience(of: pod, taints) else {
                if evictions.removeValue(forKey: pod.key) != nil {
                    note("TaintManagerEviction", "Cancelling deletion of Pod \(pod.key)", kind: "Pod", key: pod.key)
                }
                continue
            }
            let since = evictions[pod.key] ?? now
            let due = since.adding(seconds: seconds)
            if now >= due {
                evictions[pod.key] = nil
                note("TaintManagerEviction", "Marking for deletion Pod \(pod.key)", kind: "Pod", key: pod.key)
                disrupt(pod.key, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint")
                try? deletePod(pod.key)
            } else {
                evictions[pod.key] = since
                wake(.node, key, at: due, isProgress: false)
            }
        }
    }

    /// Seconds for which a pod stays; nil: for ever, as the largest number is. For each taint the first toleration counts that
    /// fits (`getMinTolerationTime`).
    private static func patience(of pod: Kubernetes.Pod, _ taints: [Kubernetes.Taint]) -> Int64? {
        guard !taints.isEmpty else { return nil }
        var shortest: Int64?
        for taint in taints {
            guard let toleration = pod.spec.tolerations.first(where: { $0.tolerates(taint) }) else { return 0 }
            if let seconds = toleration.tolerationSeconds { shortest = min(shortest ?? .max, max(0, seconds)) }
        }
        return shortest == .max ? nil : shortest
    }

    /// `kubectl cordon` and `uncordon`.
    public mutating func setUnschedulable(_ name: String, _ value: Bool) throws(StatusError) {
        try modify(Kubernetes.Node.self, ObjectKey(name: name)) { $0.spec.unschedulable = value }
    }

    /// `kubectl drain`: no new pods, and every pod but those of DaemonSets evicted, as soon as its budget lets it go.
    public mutating func drain(_ name: String) throws(StatusError) {
        try setUnschedulable(name, true)
        for pod in store.pods.all
        where pod.spec.nodeName == name && pod.metadata.controller?.kind != "DaemonSet" && !pod.metadata.isTerminating {
            draining[pod.key] = ""
            retryEviction(pod.key)
        }
    }
}
