extension ClusterState {
    /// Brings a ReplicaSet's pods to its count and writes its status.
    mutating func syncReplicaSet(_ key: ObjectKey) {
        guard let set = store.replicaSets[key], !set.metadata.isTerminating, let selector = set.spec.selector else {
            return
        }
        adopt(selector, owner: set)
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
        adopt(Kubernetes.LabelSelector(matchLabels: object.spec.selector), owner: object)
        let counts = manageReplicas(
            of: object, replicas: object.spec.replicas ?? 1, template: template,
            related: store.pods(ownedBy: object.metadata.uid, in: key.namespace),
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

        func write(_ status: inout Kubernetes.ReplicaSetStatus) {
            status.replicas = replicas
            status.fullyLabeledReplicas = labeled
            status.readyReplicas = ready
            status.availableReplicas = available
            status.terminatingReplicas = terminating
        }
    }

    /// Pods that match and belong to nobody become the controller's.
    mutating func adopt<T: KubernetesObject>(_ selector: Kubernetes.LabelSelector, owner object: T) {
        guard !selector.isEmpty else { return }
        let candidates =
            selector.matchExpressions.isEmpty
            ? store.pods(in: object.metadata.namespace, matching: selector.matchLabels)
            : store.pods.inNamespace(object.metadata.namespace)
        let reference = owner(object)
        for pod in candidates
        where pod.metadata.controller == nil && Self.isActive(pod) && selector.matches(pod.metadata.labels) {
            store.remove(Kubernetes.Pod.self, pod.key)
            var adopted = pod
            adopted.metadata.ownerReferences.append(reference)
            store.insert(adopted)
        }
    }

    /// All pods of the ReplicaSets that belong to the same Deployment.
    private func relatedPods(of set: Kubernetes.ReplicaSet) -> [Kubernetes.Pod] {
        guard let owner = set.metadata.controller else {
            return store.pods(ownedBy: set.metadata.uid, in: set.metadata.namespace)
        }
        return store.replicaSets(ownedBy: owner.uid)
            .flatMap { store.pods(ownedBy: $0.metadata.uid, in: $0.metadata.namespace) }
    }

    private mutating func manageReplicas<T: KubernetesObject>(
        of owner: T, replicas: Int, template: Kubernetes.PodTemplate, related: [Kubernetes.Pod],
        minReadySeconds: Int, controller: ControllerName
    ) -> ReplicaCounts {
        let all = store.pods(ownedBy: owner.metadata.uid, in: owner.metadata.namespace)
        var active = all.filter(Self.isActive)
        if active.count < replicas {
            for _ in active.count..<replicas { active.append(create(pod(from: template, ownedBy: owner))) }
            note("SuccessfulCreate", "scaled up to \(replicas)", kind: T.kind, key: owner.key)
        } else if active.count > replicas {
            let order = ScaleDownOrder(related: related, now: now)
            let sorted = active.sorted(by: order.goesBefore)
            for pod in sorted.prefix(active.count - replicas) { try? deletePod(pod.key) }
            active = Array(sorted.dropFirst(active.count - replicas))
            note("SuccessfulDelete", "scaled down to \(replicas)", kind: T.kind, key: owner.key)
        }
        wakeWhenAvailable(active, minReadySeconds: minReadySeconds, controller, owner.key)
        var counts = ReplicaCounts()
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
}
