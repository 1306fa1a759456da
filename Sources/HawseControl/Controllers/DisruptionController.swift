extension ClusterState {
    /// Seconds for which an allowed eviction counts although its pod does not end yet (`DeletionTimeout`).
    private static let deletionTimeout: Int64 = 120

    /// Counts how many pods of a budget may go (`trySync` of the disruption controller).
    mutating func syncDisruptionBudget(_ key: ObjectKey) {
        guard let budget = store.disruptionBudgets[key], !budget.metadata.isTerminating else { return }
        let pods = store.pods.inNamespace(key.namespace).filter { budget.selects($0) }
        var status = budget.status
        status.observedGeneration = budget.metadata.generation
        let expected: (pods: Int, healthy: Int)
        do throws(StatusError) {
            expected = try expectedPods(budget, pods)
        } catch {
            status.disruptionsAllowed = 0
            setAllowed(&status, false, "SyncFailed", error.message)
            store.update(Kubernetes.PodDisruptionBudget.self, key) { $0.status = status }
            return
        }
        let listed = Dictionary(pods.map { ($0.metadata.name, $0) }) { first, _ in first }
        status.disruptedPods = status.disruptedPods.filter { name, since in
            guard let pod = listed[name], !pod.metadata.isTerminating else { return false }
            return since.adding(seconds: Self.deletionTimeout) > now
        }
        status.currentHealthy = pods.filter {
            !$0.metadata.isTerminating && status.disruptedPods[$0.metadata.name] == nil && $0.isReady
        }.count
        status.desiredHealthy = expected.healthy
        status.expectedPods = expected.pods
        status.disruptionsAllowed = expected.pods > 0 ? max(0, status.currentHealthy - status.desiredHealthy) : 0
        let isAllowed = status.disruptionsAllowed > 0
        setAllowed(&status, isAllowed, isAllowed ? "SufficientPods" : "InsufficientPods", "")
        store.update(Kubernetes.PodDisruptionBudget.self, key) { $0.status = status }
    }

    private func setAllowed(
        _ status: inout Kubernetes.PodDisruptionBudgetStatus, _ value: Bool, _ reason: String, _ message: String
    ) {
        var condition = Kubernetes.Condition(
            type: "DisruptionAllowed", status: value, reason: reason, message: message, at: now)
        condition.observedGeneration = status.observedGeneration
        status.conditions.set(condition)
    }

    /// All pods there should be, and how many of them have to be well (`getExpectedPodCount`).
    private func expectedPods(
        _ budget: Kubernetes.PodDisruptionBudget, _ pods: [Kubernetes.Pod]
    ) throws(StatusError) -> (pods: Int, healthy: Int) {
        if let most = budget.spec.maxUnavailable {
            let total = try expectedScale(pods)
            return (total, max(0, total - (most.scaled(of: total, roundingUp: true) ?? 0)))
        }
        switch budget.spec.minAvailable {
        case nil: return (0, 0)
        case .int(let count)?: return (pods.count, count)
        case let share?:
            let total = try expectedScale(pods)
            return (total, share.scaled(of: total, roundingUp: true) ?? 0)
        }
    }

    /// The sum of what the pods' controllers are set to, each once (`getExpectedScale`).
    private func expectedScale(_ pods: [Kubernetes.Pod]) throws(StatusError) -> Int {
        var scales: [String: Int] = [:]
        for pod in pods {
            guard let owner = pod.metadata.controller else { continue }
            guard let found = scale(of: owner, in: pod.metadata.namespace) else {
                let name = Kubernetes.kinds.first { $0.kind == owner.kind }?.qualifiedPlural ?? owner.kind
                throw StatusError(code: 0, reason: "", message: "\(name) does not implement the scale subresource")
            }
            scales[found.uid] = found.replicas
        }
        return scales.values.reduce(0, +)
    }

    private func scale(of owner: Kubernetes.OwnerReference, in namespace: String) -> (uid: String, replicas: Int)? {
        let key = ObjectKey(namespace: namespace, name: owner.name)
        switch owner.kind {
        case "ReplicaSet":
            guard let set = store.replicaSets[key] else { return (owner.uid, 0) }
            // A Deployment's number stands for all its ReplicaSets.
            if let above = set.metadata.controller, above.kind == "Deployment",
                let deployment = store.deployments[namespace, above.name]
            {
                return (deployment.metadata.uid, deployment.spec.replicas ?? 1)
            }
            return (owner.uid, set.spec.replicas ?? 1)
        case "ReplicationController": return (owner.uid, store.replicationControllers[key]?.spec.replicas ?? 0)
        case "StatefulSet": return (owner.uid, store.statefulSets[key]?.spec.replicas ?? 0)
        default: return nil
        }
    }

    /// The Eviction API: a graceful deletion, unless a budget forbids it (`pods/eviction`).
    mutating func evict(_ key: ObjectKey) throws(StatusError) {
        guard let pod = store.pods[key] else { throw StatusError.notFound("pods", key.name) }
        // A pod that serves nobody is of no concern to a budget.
        let isFree = pod.isFinished || pod.status.phase == "Pending" || pod.metadata.isTerminating
        let budgets = isFree ? [] : store.disruptionBudgets.all.filter { $0.selects(pod) }
        if budgets.count > 1 {
            throw StatusError.internalError(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
        }
        if let budget = budgets.first { try draw(on: budget, for: pod) }
        disrupt(key, "EvictionByEvictionAPI", "Eviction API: evicting")
        try deletePod(key)
    }

    private mutating func draw(on budget: Kubernetes.PodDisruptionBudget, for pod: Kubernetes.Pod) throws(StatusError) {
        let status = budget.status
        if !pod.isReady {
            let isSound = status.currentHealthy >= status.desiredHealthy && status.desiredHealthy > 0
            if budget.spec.unhealthyPodEvictionPolicy == "AlwaysAllow" || isSound { return }
        }
        guard status.observedGeneration >= budget.metadata.generation else {
            throw StatusError(
                code: 429, reason: "TooManyRequests",
                message: "Cannot evict pod as it would violate the pod's disruption budget.",
                causes: [FieldError(.invalid, "", "The disruption budget \(budget.metadata.name) is still being processed by the server.")])
        }
        guard status.disruptionsAllowed > 0 else {
            throw StatusError(
                code: 429, reason: "TooManyRequests",
                message: "Cannot evict pod as it would violate the pod's disruption budget.")
        }
        let time = now
        store.update(Kubernetes.PodDisruptionBudget.self, budget.key) {
            $0.status.disruptionsAllowed -= 1
            if $0.status.disruptionsAllowed == 0 {
                for index in $0.status.conditions.indices where $0.status.conditions[index].type == "DisruptionAllowed" {
                    $0.status.conditions[index].status = "False"
                    $0.status.conditions[index].reason = "InsufficientPods"
                    $0.status.conditions[index].lastTransitionTime = time
                }
            }
            $0.status.disruptedPods[pod.metadata.name] = time
        }
        let end = now.adding(seconds: Self.deletionTimeout)
        wake(.disruption, budget.key, at: end, isProgress: false)
    }

    /// `kubectl drain` asks again every five seconds while a budget forbids it.
    mutating func retryEviction(_ key: ObjectKey) {
        guard let pod = store.pods[key], !pod.metadata.isTerminating, draining[key] != nil else {
            draining[key] = nil
            return
        }
        do throws(StatusError) {
            try evict(key)
            draining[key] = nil
        } catch {
            draining[key] = error.message
            // Nobody knows whether it will ever be let go.
            wake(.eviction, key, inSeconds: 5, isProgress: false)
        }
    }

    /// The DisruptionTarget condition: a pod is to go through no fault of its own.
    mutating func disrupt(_ key: ObjectKey, _ reason: String, _ message: String) {
        let time = now
        store.update(Kubernetes.Pod.self, key) { pod in
            pod.status.conditions.removeAll { $0.type == "DisruptionTarget" }
            pod.status.conditions.append(
                Kubernetes.Condition(type: "DisruptionTarget", status: true, reason: reason, message: message, at: time))
        }
    }
}
