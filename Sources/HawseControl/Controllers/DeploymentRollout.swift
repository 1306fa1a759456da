extension ClusterState {
    /// RollingUpdate: the new ReplicaSet grows into the surge, the old ones shrink as far as availability allows.
    mutating func roll(
        _ deployment: Kubernetes.Deployment, current: Kubernetes.ReplicaSet?, old: [Kubernetes.ReplicaSet]
    ) {
        let fresh = ensureCurrentSet(deployment, current, old: old)
        let wanted = deployment.spec.replicas ?? 1
        let have = fresh.spec.replicas ?? 0
        let all = old.reduce(have) { $0 + ($1.spec.replicas ?? 0) }
        let target = have > wanted ? wanted : have < wanted ? Self.newReplicas(deployment, current: have, all: all) : have
        if target != have {
            scale(fresh, to: target, for: deployment)
            return
        }
        shrinkOld(deployment, fresh: fresh, old: old.filter { ($0.spec.replicas ?? 0) > 0 })
    }

    private mutating func shrinkOld(
        _ deployment: Kubernetes.Deployment, fresh: Kubernetes.ReplicaSet, old: [Kubernetes.ReplicaSet]
    ) {
        guard !old.isEmpty else { return }
        let wanted = deployment.spec.replicas ?? 1
        let minimum = wanted - Self.fenceposts(deployment).unavailable
        let all = old.reduce(fresh.spec.replicas ?? 0) { $0 + ($1.spec.replicas ?? 0) }
        let unavailable = (fresh.spec.replicas ?? 0) - fresh.status.availableReplicas
        var room = all - minimum - unavailable
        guard room > 0 else { return }
        let sorted = old.sorted {
            ($0.metadata.creationTimestamp?.microseconds ?? 0) < ($1.metadata.creationTimestamp?.microseconds ?? 0)
        }
        // Pods that serve nobody go first, whatever the availability.
        var counts = sorted.map { $0.spec.replicas ?? 0 }
        for index in sorted.indices where room > 0 {
            let unhealthy = counts[index] - sorted[index].status.availableReplicas
            let cut = min(room, max(0, unhealthy))
            counts[index] -= cut
            room -= cut
        }
        let available = sorted.reduce(fresh.status.availableReplicas) { $0 + $1.status.availableReplicas }
        var spare = available - minimum
        for index in sorted.indices where spare > 0 {
            let cut = min(counts[index], spare)
            counts[index] -= cut
            spare -= cut
        }
        for (index, set) in sorted.enumerated() where counts[index] != set.spec.replicas {
            scale(set, to: counts[index], for: deployment)
        }
    }

    /// Recreate: no new pod before the last old one is gone.
    mutating func recreate(
        _ deployment: Kubernetes.Deployment, current: Kubernetes.ReplicaSet?, old: [Kubernetes.ReplicaSet]
    ) {
        let active = old.filter { ($0.spec.replicas ?? 0) > 0 }
        if !active.isEmpty {
            for set in active { scale(set, to: 0, for: deployment) }
            return
        }
        let left = old.contains { set in
            store.pods(ownedBy: set.metadata.uid, in: set.metadata.namespace).contains { !$0.isFinished }
        }
        if left {
            // The pods' own end does not wake a Deployment, only their ReplicaSet.
            wake(.deployment, deployment.key, inSeconds: 1, isProgress: true)
            return
        }
        let fresh = ensureCurrentSet(deployment, current, old: old)
        let wanted = deployment.spec.replicas ?? 1
        if fresh.spec.replicas != wanted { scale(fresh, to: wanted, for: deployment) }
    }

    /// A changed count in the middle of a rollout is shared out in proportion to size (`dc.scale`).
    mutating func scaleProportionally(
        _ deployment: Kubernetes.Deployment, current: Kubernetes.ReplicaSet?, old: [Kubernetes.ReplicaSet]
    ) {
        let wanted = deployment.spec.replicas ?? 1
        let sets = (current.map { [$0] } ?? []) + old
        let active = sets.filter { ($0.spec.replicas ?? 0) > 0 }
        if active.count <= 1 {
            let newest = old.max { ($0.metadata.creationTimestamp?.microseconds ?? 0) < ($1.metadata.creationTimestamp?.microseconds ?? 0) }
            if let only = active.first ?? current ?? newest { scale(only, to: wanted, for: deployment) }
            return
        }
        if let current, current.spec.replicas == wanted, current.status.availableReplicas == wanted {
            for set in old { scale(set, to: 0, for: deployment) }
            return
        }
        guard deployment.spec.strategy.type != "Recreate" else { return }
        let total = active.reduce(0) { $0 + ($1.spec.replicas ?? 0) }
        let allowed = wanted > 0 ? wanted + Self.fenceposts(deployment).surge : 0
        var left = allowed - total
        let sorted = active.sorted { a, b in
            let (x, y) = (a.spec.replicas ?? 0, b.spec.replicas ?? 0)
            if x != y { return x > y }
            let (s, t) = (a.metadata.creationTimestamp?.microseconds ?? 0, b.metadata.creationTimestamp?.microseconds ?? 0)
            return left > 0 ? s > t : s < t
        }
        var targets = sorted.map { $0.spec.replicas ?? 0 }
        for (index, set) in sorted.enumerated() where left != 0 {
            let change = Self.fraction(of: set, in: deployment)
            let part = left > 0 ? min(change, left) : max(change, left)
            targets[index] += part
            left -= part
        }
        if let first = targets.indices.first { targets[first] = max(0, targets[first] + left) }
        for (index, set) in sorted.enumerated() { scale(set, to: targets[index], for: deployment) }
    }

    /// What a ReplicaSet would gain or lose if it kept its share of the Deployment (`getReplicaSetFraction`).
    static func fraction(of set: Kubernetes.ReplicaSet, in deployment: Kubernetes.Deployment) -> Int {
        let (have, wanted) = (set.spec.replicas ?? 0, deployment.spec.replicas ?? 1)
        if wanted == 0 { return -have }
        var before = set.metadata.annotations[maximumAnnotation].flatMap { Int32($0) }.map(Int.init) ?? 0
        // A ReplicaSet of before the annotation is compared with what the Deployment has.
        if before == 0 { before = deployment.status.replicas }
        guard before > 0 else { return 0 }
        let size = Double(have) * Double(wanted + fenceposts(deployment).surge) / Double(before)
        return Int(size.rounded(.toNearestOrAwayFromZero)) - have
    }

    /// Old ReplicaSets beyond the history limit go once a rollout is complete.
    mutating func pruneHistory(of deployment: Kubernetes.Deployment) {
        guard let limit = deployment.spec.revisionHistoryLimit, !deployment.spec.paused else { return }
        let sets = replicaSets(of: deployment)
        guard let current = sets.first(where: { Self.sameTemplate($0.spec.template, deployment.spec.template) }),
            current.status.availableReplicas == deployment.spec.replicas ?? 1
        else { return }
        let empty = sets.filter { $0.key != current.key && $0.spec.replicas == 0 && $0.status.replicas == 0 }
        guard empty.count > limit else { return }
        let sorted = empty.sorted {
            ($0.metadata.creationTimestamp?.microseconds ?? 0) < ($1.metadata.creationTimestamp?.microseconds ?? 0)
        }
        for set in sorted.prefix(empty.count - limit) { store.remove(Kubernetes.ReplicaSet.self, set.key) }
    }

    mutating func writeStatus(of deployment: Kubernetes.Deployment) {
        let sets = replicaSets(of: deployment)
        let current = sets.first { Self.sameTemplate($0.spec.template, deployment.spec.template) }
        var status = deployment.status
        let wanted = deployment.spec.replicas ?? 1
        status.observedGeneration = deployment.metadata.generation
        status.replicas = sets.reduce(0) { $0 + $1.status.replicas }
        status.updatedReplicas = current?.status.replicas ?? 0
        status.readyReplicas = sets.reduce(0) { $0 + $1.status.readyReplicas }
        status.availableReplicas = sets.reduce(0) { $0 + $1.status.availableReplicas }
        status.terminatingReplicas = sets.reduce(0) { $0 + ($1.status.terminatingReplicas ?? 0) }
        let total = sets.reduce(0) { $0 + ($1.spec.replicas ?? 0) }
        status.unavailableReplicas = max(0, total - status.availableReplicas)
        let minimum = wanted - Self.fenceposts(deployment).unavailable
        let isAvailable = status.availableReplicas >= minimum
        Self.set(
            &status.conditions, "Available", isAvailable,
            isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
            isAvailable ? "Deployment has minimum availability." : "Deployment does not have minimum availability.", now)
        progress(of: deployment, current, &status)
        store.update(Kubernetes.Deployment.self, deployment.key) { $0.status = status }
    }

    static func set(
        _ conditions: inout [Kubernetes.Condition], _ type: String, _ value: Bool, _ reason: String,
        _ message: String, _ now: Kubernetes.Time, keepsPlace: Bool = false
    ) {
        let index = conditions.firstIndex { $0.type == type }
        if let index, conditions[index].status == (value ? "True" : "False"), conditions[index].reason == reason {
            conditions[index].message = message
            return
        }
        var condition = Kubernetes.Condition(type: type, status: value, reason: reason, message: message, at: now)
        condition.lastUpdateTime = now
        if let index {
            if conditions[index].status == condition.status {
                condition.lastTransitionTime = conditions[index].lastTransitionTime
            }
            if keepsPlace {
                conditions[index] = condition
                return
            }
            conditions.remove(at: index)
        }
        // What has changed stands last (`SetDeploymentCondition`).
        conditions.append(condition)
    }
}
