extension ClusterState {
    /// RollingUpdate: the new ReplicaSet grows into the surge, the old ones shrink as far as availability allows
    /// (`rolloutRolling`).
    mutating func roll(_ deployment: Kubernetes.Deployment) {
        let (current, old) = syncRevision(of: deployment, creates: true)
        guard let fresh = current else { return }
        let wanted = deployment.spec.replicas ?? 1
        let have = fresh.spec.replicas ?? 0
        let all = old.reduce(have) { $0 + ($1.spec.replicas ?? 0) }
        let target = have > wanted ? wanted : have < wanted ? Self.newReplicas(deployment, current: have, all: all) : have
        let changed = scale(fresh, to: target, for: deployment) || shrinkOld(deployment, fresh: fresh, old: old)
        finishStep(of: deployment.key, old: changed ? nil : old.map(\.key))
    }

    /// Cleans up behind a complete rollout and writes the status.
    private mutating func finishStep(of key: ObjectKey, old: [ObjectKey]?) {
        guard let fresh = store.deployments[key] else { return }
        if let old, Self.isComplete(fresh, fresh.status) { pruneHistory(of: fresh, old) }
        writeRolloutStatus(of: fresh)
    }

    /// `reconcileOldReplicaSets`
    private mutating func shrinkOld(
        _ deployment: Kubernetes.Deployment, fresh: Kubernetes.ReplicaSet, old: [Kubernetes.ReplicaSet]
    ) -> Bool {
        let active = old.filter { ($0.spec.replicas ?? 0) > 0 }
        guard !active.isEmpty else { return false }
        let minimum = (deployment.spec.replicas ?? 1) - Self.fenceposts(deployment).unavailable
        let all = active.reduce(fresh.spec.replicas ?? 0) { $0 + ($1.spec.replicas ?? 0) }
        let unavailable = (fresh.spec.replicas ?? 0) - fresh.status.availableReplicas
        var room = all - minimum - unavailable
        guard room > 0 else { return false }
        // Pods that serve nobody go first, whatever the availability (`cleanupUnhealthyReplicas`).
        var total = 0
        var sets = active
        for index in sets.indices where room > 0 {
            let count = sets[index].spec.replicas ?? 0
            let cut = min(room, count - sets[index].status.availableReplicas)
            guard cut > 0 else { continue }
            scale(sets[index], to: count - cut, for: deployment)
            sets[index] = store.replicaSets[sets[index].key] ?? sets[index]
            room -= cut
            total += cut
        }
        let available = sets.reduce(fresh.status.availableReplicas) { $0 + $1.status.availableReplicas }
        var spare = available - minimum
        for set in sets where spare > 0 {
            let count = set.spec.replicas ?? 0
            let cut = min(count, spare)
            guard cut > 0 else { continue }
            scale(set, to: count - cut, for: deployment)
            spare -= cut
            total += cut
        }
        return total > 0
    }

    /// Recreate: no new pod before the last old one is gone (`rolloutRecreate`).
    mutating func recreate(_ deployment: Kubernetes.Deployment) {
        let (current, old) = syncRevision(of: deployment, creates: false)
        let active = old.filter { ($0.spec.replicas ?? 0) > 0 }
        for set in active { scale(set, to: 0, for: deployment) }
        let isRunning = old.contains { set in
            set.status.replicas > 0
                || store.pods(ownedBy: set.metadata.uid, in: set.metadata.namespace).contains { !$0.isFinished }
        }
        if !active.isEmpty || isRunning {
            finishStep(of: deployment.key, old: nil)
            return
        }
        guard let fresh = current ?? syncRevision(of: deployment, creates: true).current else { return }
        let changed = scale(fresh, to: deployment.spec.replicas ?? 1, for: deployment)
        finishStep(of: deployment.key, old: changed ? nil : old.map(\.key))
    }

    /// While paused, or when the count was changed: no new template, only pods more or less (`sync`).
    mutating func scaleDeployment(_ deployment: Kubernetes.Deployment) {
        let (current, old) = syncRevision(of: deployment, creates: false)
        shareOut(deployment, current: current, old: old)
        if deployment.spec.paused, let fresh = store.deployments[deployment.key] { pruneHistory(of: fresh, old.map(\.key)) }
        if let fresh = store.deployments[deployment.key] { writePlainStatus(of: fresh) }
    }

    /// A changed count in the middle of a rollout is shared out in proportion to size (`scale`).
    private mutating func shareOut(
        _ deployment: Kubernetes.Deployment, current: Kubernetes.ReplicaSet?, old: [Kubernetes.ReplicaSet]
    ) {
        let wanted = deployment.spec.replicas ?? 1
        let active = (old + (current.map { [$0] } ?? [])).filter { ($0.spec.replicas ?? 0) > 0 }
        if active.count <= 1 {
            if let only = active.first ?? current ?? old.max(by: Self.isOlder) { scale(only, to: wanted, for: deployment) }
            return
        }
        if let current, current.spec.replicas == wanted, current.status.availableReplicas == wanted,
            current.metadata.annotations[DeploymentAnnotation.desired] == String(wanted)
        {
            for set in old where (set.spec.replicas ?? 0) > 0 { scale(set, to: 0, for: deployment) }
            return
        }
        guard deployment.spec.strategy.type != "Recreate" else { return }
        let total = active.reduce(0) { $0 + ($1.spec.replicas ?? 0) }
        let allowed = wanted > 0 ? wanted + Self.fenceposts(deployment).surge : 0
        var left = allowed - total
        let isGrowing = left > 0
        let sorted = left == 0 ? active : active.sorted { a, b in
            let (x, y) = (a.spec.replicas ?? 0, b.spec.replicas ?? 0)
            if x != y { return x > y }
            return isGrowing ? Self.isOlder(b, a) : Self.isOlder(a, b)
        }
        var targets = sorted.map { $0.spec.replicas ?? 0 }
        for (index, set) in sorted.enumerated() where left != 0 {
            let change = Self.fraction(of: set, in: deployment)
            let part = isGrowing ? min(change, left) : max(change, left)
            targets[index] += part
            left -= part
        }
        if let first = targets.indices.first { targets[first] = max(0, targets[first] + left) }
        for (index, set) in sorted.enumerated() { scale(set, to: targets[index], for: deployment, isShare: true) }
    }

    /// What a ReplicaSet would gain or lose if it kept its share of the Deployment (`getReplicaSetFraction`).
    static func fraction(of set: Kubernetes.ReplicaSet, in deployment: Kubernetes.Deployment) -> Int {
        let (have, wanted) = (set.spec.replicas ?? 0, deployment.spec.replicas ?? 1)
        if wanted == 0 { return -have }
        var before = set.metadata.annotations[DeploymentAnnotation.maximum].flatMap { Int32($0) }.map(Int.init) ?? 0
        // A ReplicaSet of before the annotation is compared with what the Deployment has.
        if before == 0 { before = deployment.status.replicas }
        guard before > 0 else { return 0 }
        let size = Double(have) * Double(wanted + fenceposts(deployment).surge) / Double(before)
        return Int(size.rounded(.toNearestOrAwayFromZero)) - have
    }

    /// Old ReplicaSets beyond the history limit, by revision; one that still has pods keeps its place
    /// (`cleanupDeployment`).
    private mutating func pruneHistory(of deployment: Kubernetes.Deployment, _ old: [ObjectKey]) {
        guard let limit = deployment.spec.revisionHistoryLimit, limit != Int(Int32.max) else { return }
        let sets = old.compactMap { store.replicaSets[$0] }.filter { !$0.metadata.isTerminating }
        guard sets.count > limit else { return }
        let sorted = sets.sorted {
            let (a, b) = (DeploymentAnnotation.revision(of: $0), DeploymentAnnotation.revision(of: $1))
            return a == b ? Self.isOlder($0, $1) : a < b
        }
        for set in sorted.prefix(sets.count - limit)
        where set.spec.replicas == 0 && set.status.replicas == 0 && set.metadata.generation <= set.status.observedGeneration {
            try? delete(kind: "ReplicaSet", set.key)
        }
    }
}
