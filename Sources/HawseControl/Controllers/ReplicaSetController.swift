extension ClusterState {
    /// Brings a ReplicaSet's pods to its count and writes its status.
    mutating func syncReplicaSet(_ key: ObjectKey) {
        guard let set = store.replicaSets[key], !set.metadata.isTerminating, let selector = set.spec.selector else {
            return
        }
        claim(selector, owner: set)
        let counts = manageReplicas(
            of: set, replicas: set.spec.replicas ?? 1, template: set.spec.template,
            related: relatedPods(of: set), minReadySeconds: set.spec.minReadySeconds, controller: .replicaSet)
        store.update(Kubernetes.ReplicaSet.self, key) { object in
            counts.write(&object.status)
            object.status.observedGeneration = object.metadata.generation
        }
    }

    mutating func syncReplicationController(_ key: ObjectKey) {
        guard let object = store.replicationControllers[key], !object.metadata.isTerminating,
            let template = object.spec.template
        else { return }
        claim(Kubernetes.LabelSelector(matchLabels: object.spec.selector), owner: object)
        let counts = manageReplicas(
            of: object, replicas: object.spec.replicas ?? 1, template: template,
            related: [],
            minReadySeconds: object.spec.minReadySeconds, controller: .replicationController)
        store.update(Kubernetes.ReplicationController.self, key) { object in
            counts.write(&object.status)
            object.status.observedGeneration = object.metadata.generation
        }
    }

    struct ReplicaCounts {
        var replicas = 0
        var labeled = 0
        var ready = 0
        var available = 0
        var terminating = 0
        /// Why a pod could not be created.
        var failure: String?
        var now: Kubernetes.Time

        init(now: Kubernetes.Time) { self.now = now }

        func write(_ status: inout Kubernetes.ReplicaSetStatus) {
            status.replicas = replicas
            status.fullyLabeledReplicas = labeled
            status.readyReplicas = ready
            status.availableReplicas = available
            status.terminatingReplicas = terminating
            let isKnown = status.conditions.contains { $0.type == "ReplicaFailure" }
            if let failure, !isKnown {
                let condition = Kubernetes.Condition(
                    type: "ReplicaFailure", status: true, reason: "FailedCreate", message: failure, at: now)
                status.conditions.append(condition)
            } else if failure == nil {
                status.conditions.removeAll { $0.type == "ReplicaFailure" }
            }
        }
    }

    /// Active pods that match and belong to nobody become the controller's; its own that match no more are let go, and run
    /// on by themselves (`PodControllerRefManager`).
    mutating func claim<T: KubernetesObject>(
        _ selector: Kubernetes.LabelSelector, owner object: T, where fits: (Kubernetes.Pod) -> Bool = { _ in true }
    ) {
        guard !selector.isEmpty else { return }
        let candidates =
            selector.matchExpressions.isEmpty
            ? store.pods(in: object.metadata.namespace, matching: selector.matchLabels)
            : store.pods.inNamespace(object.metadata.namespace)
        let reference = owner(object)
        for pod in candidates
        where pod.metadata.controller == nil && Self.isActive(pod) && selector.matches(pod.metadata.labels) && fits(pod) {
            store.update(Kubernetes.Pod.self, pod.key) { $0.metadata.ownerReferences.append(reference) }
        }
        for pod in store.pods(ownedBy: object.metadata.uid, in: object.metadata.namespace)
        where !selector.matches(pod.metadata.labels) && Self.isActive(pod) {
            store.update(Kubernetes.Pod.self, pod.key) { pod in
                pod.metadata.ownerReferences.removeAll { $0.uid == reference.uid }
            }
        }
    }

    /// All pods of the ReplicaSets that belong to the same Deployment.
    private func relatedPods(of set: Kubernetes.ReplicaSet) -> [Kubernetes.Pod] {
        // Neighbours count only among the pods of a common owner: one that stands alone has none.
        guard let owner = set.metadata.controller else { return [] }
        return store.replicaSets(ownedBy: owner.uid)
            .flatMap { store.pods(ownedBy: $0.metadata.uid, in: $0.metadata.namespace) }
    }

    private mutating func manageReplicas<T: KubernetesObject>(
        of owner: T, replicas: Int, template: Kubernetes.PodTemplate, related: [Kubernetes.Pod],
        minReadySeconds: Int, controller: ControllerName
    ) -> ReplicaCounts {
        let all = store.pods(ownedBy: owner.metadata.uid, in: owner.metadata.namespace)
        var active = all.filter(Self.isActive)
        var failure: String?
        if active.count < replicas {
            failure = grow(&active, to: replicas, template, owner)
        } else if active.count > replicas {
            let order = ScaleDownOrder(related: related, now: now)
            let sorted = active.sorted(by: order.goesBefore)
            for pod in sorted.prefix(active.count - replicas) {
                try? deletePod(pod.key)
                note("SuccessfulDelete", "Deleted pod: \(pod.metadata.name)", kind: T.kind, key: owner.key)
            }
            active = Array(sorted.dropFirst(active.count - replicas))
        }
        wakeWhenAvailable(active, minReadySeconds: minReadySeconds, controller, owner.key)
        var counts = ReplicaCounts(now: now)
        counts.failure = failure
        counts.replicas = active.count
        counts.labeled = active.filter { pod in
            template.metadata.labels.allSatisfy { pod.metadata.labels[$0.key] == $0.value }
        }.count
        counts.ready = active.filter(\.isReady).count
        counts.available = active.filter { isAvailable($0, minReadySeconds: minReadySeconds) }.count
        counts.terminating = store.pods(ownedBy: owner.metadata.uid, in: owner.metadata.namespace)
            .filter { $0.metadata.isTerminating && !$0.isFinished }.count
        return counts
    }

    /// Creates what is missing; the first refusal ends it (`slowStartBatch`).
    private mutating func grow<T: KubernetesObject>(
        _ active: inout [Kubernetes.Pod], to replicas: Int, _ template: Kubernetes.PodTemplate, _ owner: T
    ) -> String? {
        while active.count < replicas {
            do throws(StatusError) {
                active.append(try createPod(pod(from: template, ownedBy: owner), for: owner))
            } catch {
                return error.message
            }
        }
        return nil
    }
}
