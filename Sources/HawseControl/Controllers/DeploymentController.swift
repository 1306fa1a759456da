extension ClusterState {
    private static let revisionAnnotation = "deployment.kubernetes.io/revision"
    static let desiredAnnotation = "deployment.kubernetes.io/desired-replicas"
    static let maximumAnnotation = "deployment.kubernetes.io/max-replicas"

    /// One step of a Deployment; the ReplicaSets' changes bring it back for the next one.
    mutating func syncDeployment(_ key: ObjectKey) {
        guard let deployment = store.deployments[key], !deployment.metadata.isTerminating,
            deployment.spec.selector != nil
        else { return }
        let sets = replicaSets(of: deployment)
        let current = sets.first { Self.sameTemplate($0.spec.template, deployment.spec.template) }
        let old = sets.filter { $0.key != current?.key }
        if deployment.spec.paused || isScaling(deployment, sets) {
            scaleProportionally(deployment, current: current, old: old)
        } else if deployment.spec.strategy.type == "Recreate" {
            recreate(deployment, current: current, old: old)
        } else {
            roll(deployment, current: current, old: old)
        }
        if let fresh = store.deployments[key] {
            pruneHistory(of: fresh)
            writeStatus(of: fresh)
        }
    }

    func replicaSets(of deployment: Kubernetes.Deployment) -> [Kubernetes.ReplicaSet] {
        store.replicaSets(ownedBy: deployment.metadata.uid)
    }

    /// Equal but for the hash label that the controller itself adds.
    static func sameTemplate(_ a: Kubernetes.PodTemplate, _ b: Kubernetes.PodTemplate) -> Bool {
        var (x, y) = (a, b)
        x.metadata.labels["pod-template-hash"] = nil
        y.metadata.labels["pod-template-hash"] = nil
        return x == y
    }

    /// Somebody changed the count since the ReplicaSets were last set to it.
    private func isScaling(_ deployment: Kubernetes.Deployment, _ sets: [Kubernetes.ReplicaSet]) -> Bool {
        let wanted = String(deployment.spec.replicas ?? 1)
        return sets.contains {
            ($0.spec.replicas ?? 0) > 0 && ($0.metadata.annotations[Self.desiredAnnotation] ?? wanted) != wanted
        }
    }

    /// How many pods too many and too few a rolling update may have (`ResolveFenceposts`).
    static func fenceposts(_ deployment: Kubernetes.Deployment) -> (surge: Int, unavailable: Int) {
        guard deployment.spec.strategy.type != "Recreate" else { return (0, 0) }
        let replicas = deployment.spec.replicas ?? 1
        let update = deployment.spec.strategy.rollingUpdate
        let surge = update?.maxSurge?.scaled(of: replicas, roundingUp: true) ?? 0
        var unavailable = update?.maxUnavailable?.scaled(of: replicas, roundingUp: false) ?? 0
        if surge == 0, unavailable == 0 { unavailable = 1 }
        return (surge, min(unavailable, replicas))
    }

    private func revision(_ set: Kubernetes.ReplicaSet) -> Int {
        Int(set.metadata.annotations[Self.revisionAnnotation] ?? "") ?? 0
    }

    /// Makes the ReplicaSet of the current template, or puts an old one that has it in front again (rollback).
    mutating func ensureCurrentSet(
        _ deployment: Kubernetes.Deployment, _ current: Kubernetes.ReplicaSet?, old: [Kubernetes.ReplicaSet]
    ) -> Kubernetes.ReplicaSet {
        let next = String((old.map(revision).max() ?? 0) + 1)
        let surge = Self.fenceposts(deployment).surge
        let total = (deployment.spec.replicas ?? 1) + surge
        if let current {
            if revision(current) < (old.map(revision).max() ?? 0) {
                store.update(Kubernetes.ReplicaSet.self, current.key) {
                    $0.metadata.annotations[Self.revisionAnnotation] = next
                }
            }
            let shown = String(max(revision(current), Int(next) ?? 0))
            store.update(Kubernetes.Deployment.self, deployment.key) {
                $0.metadata.annotations[Self.revisionAnnotation] = shown
            }
            return store.replicaSets[current.key] ?? current
        }
        var template = deployment.spec.template
        let hash = Self.templateHash(template, collisions: deployment.status.collisionCount)
        template.metadata.labels["pod-template-hash"] = hash
        var set = Kubernetes.ReplicaSet()
        set.metadata.name = "\(deployment.metadata.name)-\(hash)"
        set.metadata.namespace = deployment.metadata.namespace
        set.metadata.labels = template.metadata.labels
        set.metadata.generation = 1
        set.metadata.ownerReferences = [owner(deployment)]
        set.metadata.annotations = deployment.metadata.annotations.filter { !$0.key.hasPrefix("kubectl.kubernetes.io/") }
        set.metadata.annotations[Self.revisionAnnotation] = next
        set.metadata.annotations[Self.desiredAnnotation] = String(deployment.spec.replicas ?? 1)
        set.metadata.annotations[Self.maximumAnnotation] = String(total)
        set.spec.selector = deployment.spec.selector
        set.spec.selector?.matchLabels["pod-template-hash"] = hash
        set.spec.minReadySeconds = deployment.spec.minReadySeconds
        set.spec.template = template
        let others = old.reduce(0) { $0 + ($1.spec.replicas ?? 0) }
        set.spec.replicas = Self.newReplicas(deployment, current: 0, all: others)
        store.update(Kubernetes.Deployment.self, deployment.key) {
            $0.metadata.annotations[Self.revisionAnnotation] = next
        }
        note("ScalingReplicaSet", "Scaled up replica set \(set.metadata.name) to \(set.spec.replicas ?? 0)",
            kind: "Deployment", key: deployment.key)
        return create(set)
    }

    /// How far the new ReplicaSet may grow (`NewRSNewReplicas`).
    static func newReplicas(_ deployment: Kubernetes.Deployment, current: Int, all: Int) -> Int {
        let wanted = deployment.spec.replicas ?? 1
        if deployment.spec.strategy.type == "Recreate" { return wanted }
        let maximum = wanted + fenceposts(deployment).surge
        if all >= maximum { return current }
        return current + min(maximum - all, wanted - current)
    }

    /// Sets a ReplicaSet's count and its notes about the Deployment's.
    mutating func scale(_ set: Kubernetes.ReplicaSet, to count: Int, for deployment: Kubernetes.Deployment) {
        let wanted = deployment.spec.replicas ?? 1
        let maximum = String(wanted + Self.fenceposts(deployment).surge)
        let before = set.spec.replicas ?? 0
        store.update(Kubernetes.ReplicaSet.self, set.key) {
            if before != count { $0.metadata.generation += 1 }
            $0.spec.replicas = count
            $0.metadata.annotations[Self.desiredAnnotation] = String(wanted)
            $0.metadata.annotations[Self.maximumAnnotation] = maximum
        }
        if before != count {
            note(
                "ScalingReplicaSet",
                "Scaled \(count > before ? "up" : "down") replica set \(set.metadata.name) from \(before) to \(count)",
                kind: "Deployment", key: deployment.key)
        }
    }

    /// Takes the template of an earlier revision again (`kubectl rollout undo`); 0 is the one before the current.
    public mutating func rollBack(_ key: ObjectKey, toRevision wanted: Int = 0) throws(StatusError) {
        guard let deployment = store.deployments[key] else { throw StatusError.notFound("deployments.apps", key.name) }
        let sorted = replicaSets(of: deployment).sorted { revision($0) < revision($1) }
        let current = sorted.last.map(revision) ?? 0
        let target = wanted > 0 ? sorted.first { revision($0) == wanted } : sorted.last { revision($0) < current }
        guard var template = target?.spec.template else {
            throw StatusError(code: 404, reason: "NotFound", message: "unable to find specified revision \(wanted)")
        }
        template.metadata.labels["pod-template-hash"] = nil
        try modify(Kubernetes.Deployment.self, key) { $0.spec.template = template }
    }
}
