extension ClusterState {
    /// One step of a Deployment; the ReplicaSets' changes bring it back for the next one (`syncDeployment`).
    mutating func syncDeployment(_ key: ObjectKey) {
        guard let found = store.deployments[key], !found.metadata.isTerminating, found.spec.selector != nil else { return }
        claimReplicaSets(of: found)
        notePause(of: found)
        guard let deployment = store.deployments[key] else { return }
        if deployment.spec.paused || isScaling(deployment) {
            scaleDeployment(deployment)
        } else if deployment.spec.strategy.type == "Recreate" {
            recreate(deployment)
        } else {
            roll(deployment)
        }
    }

    /// Its ReplicaSets, the oldest first; those of one instant by name.
    func replicaSets(of deployment: Kubernetes.Deployment) -> [Kubernetes.ReplicaSet] {
        store.replicaSets(ownedBy: deployment.metadata.uid).sorted(by: Self.isOlder)
    }

    static func isOlder(_ a: Kubernetes.ReplicaSet, _ b: Kubernetes.ReplicaSet) -> Bool {
        let (x, y) = (a.metadata.creationTimestamp?.microseconds ?? 0, b.metadata.creationTimestamp?.microseconds ?? 0)
        return x == y ? a.metadata.name < b.metadata.name : x < y
    }

    /// ReplicaSets that match and belong to nobody become the Deployment's; its own that match no more are let go.
    private mutating func claimReplicaSets(of deployment: Kubernetes.Deployment) {
        guard let selector = deployment.spec.selector, !selector.isEmpty else { return }
        let reference = owner(deployment)
        for set in store.replicaSets(ownedBy: "")
        where set.metadata.namespace == deployment.metadata.namespace && !set.metadata.isTerminating
            && selector.matches(set.metadata.labels)
        {
            store.update(Kubernetes.ReplicaSet.self, set.key) { $0.metadata.ownerReferences.append(reference) }
        }
        for set in store.replicaSets(ownedBy: deployment.metadata.uid) where !selector.matches(set.metadata.labels) {
            store.update(Kubernetes.ReplicaSet.self, set.key) { set in
                set.metadata.ownerReferences.removeAll { $0.uid == reference.uid }
            }
        }
    }

    /// Equal but for the hash label that the controller itself adds.
    static func sameTemplate(_ a: Kubernetes.PodTemplate, _ b: Kubernetes.PodTemplate) -> Bool {
        var (x, y) = (a, b)
        x.metadata.labels["pod-template-hash"] = nil
        y.metadata.labels["pod-template-hash"] = nil
        return x == y
    }

    /// Somebody changed the count since the ReplicaSets were last set to it (`isScalingEvent`).
    private func isScaling(_ deployment: Kubernetes.Deployment) -> Bool {
        let wanted = String(deployment.spec.replicas ?? 1)
        return replicaSets(of: deployment).contains {
            ($0.spec.replicas ?? 0) > 0
                && ($0.metadata.annotations[DeploymentAnnotation.desired] ?? wanted) != wanted
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

    /// How far the new ReplicaSet may grow (`NewRSNewReplicas`).
    static func newReplicas(_ deployment: Kubernetes.Deployment, current: Int, all: Int) -> Int {
        let wanted = deployment.spec.replicas ?? 1
        if deployment.spec.strategy.type == "Recreate" { return wanted }
        let maximum = wanted + fenceposts(deployment).surge
        if all >= maximum { return current }
        return current + min(maximum - all, wanted - current)
    }

    /// Sets a ReplicaSet's count and its notes about the Deployment's; tells of it unless a share was given out. True when
    /// the count is another one (`scaleReplicaSet`).
    @discardableResult
    mutating func scale(
        _ set: Kubernetes.ReplicaSet, to count: Int, for deployment: Kubernetes.Deployment, isShare: Bool = false
    ) -> Bool {
        let before = set.spec.replicas ?? 0
        // Only sharing out puts the notes right where the count stays.
        guard before != count || isShare else { return false }
        let wanted = deployment.spec.replicas ?? 1
        let maximum = String(wanted + Self.fenceposts(deployment).surge)
        store.update(Kubernetes.ReplicaSet.self, set.key) {
            if before != count { $0.metadata.generation += 1 }
            $0.spec.replicas = count
            $0.metadata.annotations[DeploymentAnnotation.desired] = String(wanted)
            $0.metadata.annotations[DeploymentAnnotation.maximum] = maximum
        }
        guard before != count else { return false }
        note(
            "ScalingReplicaSet",
            "Scaled \(count > before ? "up" : "down") replica set \(set.metadata.name) from \(before) to \(count)",
            kind: "Deployment", key: deployment.key)
        return true
    }
}
