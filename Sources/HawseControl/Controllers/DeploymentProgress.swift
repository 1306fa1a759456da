extension ClusterState {
    static func hasDeadline(_ deployment: Kubernetes.Deployment) -> Bool {
        deployment.spec.progressDeadlineSeconds.map { $0 != Int(Int32.max) } ?? false
    }

    /// `DeploymentComplete`
    static func isComplete(_ deployment: Kubernetes.Deployment, _ status: Kubernetes.DeploymentStatus) -> Bool {
        let wanted = deployment.spec.replicas ?? 1
        return status.updatedReplicas == wanted && status.replicas == wanted && status.availableReplicas == wanted
            && status.observedGeneration >= deployment.metadata.generation
    }

    /// `calculateStatus`
    private func countedStatus(
        of deployment: Kubernetes.Deployment, _ sets: [Kubernetes.ReplicaSet], _ current: Kubernetes.ReplicaSet?
    ) -> Kubernetes.DeploymentStatus {
        var status = deployment.status
        status.observedGeneration = deployment.metadata.generation
        status.replicas = sets.reduce(0) { $0 + $1.status.replicas }
        status.updatedReplicas = current?.status.replicas ?? 0
        status.readyReplicas = sets.reduce(0) { $0 + $1.status.readyReplicas }
        status.availableReplicas = sets.reduce(0) { $0 + $1.status.availableReplicas }
        status.terminatingReplicas = sets.reduce(0) { $0 + ($1.status.terminatingReplicas ?? 0) }
        let total = sets.reduce(0) { $0 + ($1.spec.replicas ?? 0) }
        status.unavailableReplicas = max(0, total - status.availableReplicas)
        if status.availableReplicas >= (deployment.spec.replicas ?? 1) - Self.fenceposts(deployment).unavailable {
            Self.put(
                &status, "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now)
        } else {
            Self.put(
                &status, "Available", "False", "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.", now)
        }
        return status
    }

    private func current(of deployment: Kubernetes.Deployment) -> (sets: [Kubernetes.ReplicaSet], current: Kubernetes.ReplicaSet?) {
        let sets = replicaSets(of: deployment)
        return (sets, sets.first { Self.sameTemplate($0.spec.template, deployment.spec.template) })
    }

    /// Counts alone, without a look at the progress (`syncDeploymentStatus`).
    mutating func writePlainStatus(of deployment: Kubernetes.Deployment) {
        let (sets, current) = current(of: deployment)
        let status = countedStatus(of: deployment, sets, current)
        store.update(Kubernetes.Deployment.self, deployment.key) { $0.status = status }
    }

    /// The counts and how the rollout gets on: complete, on its way, or stuck for longer than `progressDeadlineSeconds`
    /// (`syncRolloutStatus`).
    mutating func writeRolloutStatus(of deployment: Kubernetes.Deployment) {
        let (sets, current) = current(of: deployment)
        var status = countedStatus(of: deployment, sets, current)
        if Self.hasDeadline(deployment) {
            estimateProgress(of: deployment, current, &status)
        } else {
            status.conditions.removeAll { $0.type == "Progressing" }
        }
        let failures = ((current.map { [$0] } ?? []) + sets).flatMap(\.status.conditions).filter { $0.type == "ReplicaFailure" }
        if var failure = failures.first {
            failure.lastUpdateTime = failure.lastTransitionTime
            Self.put(&status, failure)
        } else {
            status.conditions.removeAll { $0.type == "ReplicaFailure" }
        }
        store.update(Kubernetes.Deployment.self, deployment.key) { $0.status = status }
        watchProgress(of: deployment, status)
    }

    private func estimateProgress(
        of deployment: Kubernetes.Deployment, _ current: Kubernetes.ReplicaSet?, _ status: inout Kubernetes.DeploymentStatus
    ) {
        let before = deployment.status.conditions.first { $0.type == "Progressing" }
        // A complete rollout stays one while only the count of pods changes.
        if status.replicas == status.updatedReplicas, before?.reason == "NewReplicaSetAvailable" { return }
        let subject = current.map { "ReplicaSet \"\($0.metadata.name)\"" } ?? "Deployment \"\(deployment.metadata.name)\""
        if Self.isComplete(deployment, status) {
            Self.put(
                &status, "Progressing", "True", "NewReplicaSetAvailable", "\(subject) has successfully progressed.", now)
        } else if Self.hasProgressed(deployment.status, status) {
            var condition = Kubernetes.Condition(
                type: "Progressing", status: true, reason: "ReplicaSetUpdated", message: "\(subject) is progressing.", at: now)
            condition.lastUpdateTime = now
            if before?.status == "True" { condition.lastTransitionTime = before?.lastTransitionTime }
            status.conditions.removeAll { $0.type == "Progressing" }
            status.conditions.append(condition)
        } else if hasTimedOut(deployment, status) {
            Self.put(
                &status, "Progressing", "False", "ProgressDeadlineExceeded", "\(subject) has timed out progressing.", now)
        }
    }

    /// `DeploymentProgressing`
    private static func hasProgressed(_ old: Kubernetes.DeploymentStatus, _ new: Kubernetes.DeploymentStatus) -> Bool {
        new.updatedReplicas > old.updatedReplicas || new.readyReplicas > old.readyReplicas
            || new.availableReplicas > old.availableReplicas
            || new.replicas - new.updatedReplicas < old.replicas - old.updatedReplicas
    }

    /// `DeploymentTimedOut`
    private func hasTimedOut(_ deployment: Kubernetes.Deployment, _ status: Kubernetes.DeploymentStatus) -> Bool {
        guard let condition = status.conditions.first(where: { $0.type == "Progressing" }),
            condition.reason != "NewReplicaSetAvailable"
        else { return false }
        if condition.reason == "ProgressDeadlineExceeded" { return true }
        return Self.deadline(deployment, condition).map { $0 < now } ?? false
    }

    private static func deadline(
        _ deployment: Kubernetes.Deployment, _ condition: Kubernetes.Condition
    ) -> Kubernetes.Time? {
        guard let seconds = deployment.spec.progressDeadlineSeconds,
            let since = condition.lastUpdateTime ?? condition.lastTransitionTime
        else { return nil }
        return since.adding(seconds: Int64(seconds))
    }

    /// Looks again a second after the deadline (`requeueStuckDeployment`).
    private mutating func watchProgress(of deployment: Kubernetes.Deployment, _ status: Kubernetes.DeploymentStatus) {
        guard Self.hasDeadline(deployment), !Self.isComplete(deployment, status),
            let condition = status.conditions.first(where: { $0.type == "Progressing" }),
            condition.reason != "ProgressDeadlineExceeded", condition.reason != "NewReplicaSetAvailable",
            let deadline = Self.deadline(deployment, condition), deadline >= now
        else { return }
        let due = Kubernetes.Time(microseconds: deadline.microseconds + 1_000_000)
        wake(.deployment, deployment.key, at: due, isProgress: false)
    }

    /// A pause is no lack of progress, and the time in it does not count (`checkPausedConditions`).
    mutating func notePause(of deployment: Kubernetes.Deployment) {
        let reason = deployment.status.conditions.first { $0.type == "Progressing" }?.reason
        guard Self.hasDeadline(deployment), reason != "ProgressDeadlineExceeded",
            deployment.spec.paused != (reason == "DeploymentPaused")
        else { return }
        let time = now
        store.update(Kubernetes.Deployment.self, deployment.key) {
            if deployment.spec.paused {
                Self.put(&$0.status, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", time)
            } else {
                Self.put(&$0.status, "Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", time)
            }
        }
    }

    static func put(
        _ status: inout Kubernetes.DeploymentStatus, _ type: String, _ value: String, _ reason: String, _ message: String,
        _ now: Kubernetes.Time
    ) {
        var condition = Kubernetes.Condition(type: type, status: true, reason: reason, message: message, at: now)
        condition.status = value
        condition.lastUpdateTime = now
        put(&status, condition)
    }

    /// Of the same status and reason the old one stays, words and all; another one goes to the end of the list
    /// (`SetDeploymentCondition`).
    private static func put(_ status: inout Kubernetes.DeploymentStatus, _ condition: Kubernetes.Condition) {
        let isKnown = status.conditions.contains {
            $0.type == condition.type && $0.status == condition.status && $0.reason == condition.reason
        }
        if !isKnown { status.conditions.set(condition, movesToEnd: true) }
    }
}
