extension ClusterState {
    /// The Progressing condition (`syncRolloutStatus`, `checkPausedConditions`): complete, on its way, paused, or stuck for
    /// longer than `progressDeadlineSeconds`.
    mutating func progress(
        of deployment: Kubernetes.Deployment, _ current: Kubernetes.ReplicaSet?, _ status: inout Kubernetes.DeploymentStatus
    ) {
        guard let deadline = deployment.spec.progressDeadlineSeconds, deadline != Int(Int32.max) else { return }
        let before = status.conditions.first { $0.type == "Progressing" }
        if deployment.spec.paused {
            if before?.reason != "ProgressDeadlineExceeded" {
                setProgress(&status, "Unknown", "DeploymentPaused", "Deployment is paused")
            }
            return
        }
        let wanted = deployment.spec.replicas ?? 1
        let name = "ReplicaSet \"\(current?.metadata.name ?? "")\""
        let isComplete =
            status.updatedReplicas == wanted && status.replicas == wanted && status.availableReplicas == wanted
        // A complete rollout stays one while only the count of pods changes.
        let wasComplete = before?.reason == "NewReplicaSetAvailable" && status.replicas == status.updatedReplicas
        if isComplete {
            setProgress(&status, "True", "NewReplicaSetAvailable", "\(name) has successfully progressed.")
        } else if wasComplete {
            return
        } else if before == nil || ["DeploymentPaused", "NewReplicaSetAvailable"].contains(before?.reason)
            || Self.hasProgressed(deployment.status, status)
        {
            setProgress(&status, "True", "ReplicaSetUpdated", "\(name) is progressing.", isRenewed: true)
            watchProgress(deployment.key, since: now, deadline)
        } else if before?.reason == "ReplicaSetUpdated", let since = before?.lastUpdateTime ?? before?.lastTransitionTime {
            if since.microseconds + Int64(deadline) * 1_000_000 <= now.microseconds {
                setProgress(&status, "False", "ProgressDeadlineExceeded", "\(name) has timed out progressing.")
            } else {
                watchProgress(deployment.key, since: since, deadline)
            }
        }
    }

    /// `DeploymentProgressing`
    private static func hasProgressed(_ old: Kubernetes.DeploymentStatus, _ new: Kubernetes.DeploymentStatus) -> Bool {
        new.updatedReplicas > old.updatedReplicas || new.readyReplicas > old.readyReplicas
            || new.availableReplicas > old.availableReplicas
            || new.replicas - new.updatedReplicas < old.replicas - old.updatedReplicas
    }

    private mutating func watchProgress(_ key: ObjectKey, since: Kubernetes.Time, _ deadline: Int) {
        let due = Kubernetes.Time(microseconds: since.microseconds + Int64(deadline) * 1_000_000)
        wake(.deployment, key, at: due, isProgress: false)
    }

    private func setProgress(
        _ status: inout Kubernetes.DeploymentStatus, _ value: String, _ reason: String, _ message: String,
        isRenewed: Bool = false
    ) {
        var condition = Kubernetes.Condition(type: "Progressing", status: true, reason: reason, message: message, at: now)
        condition.status = value
        condition.lastUpdateTime = now
        guard let index = status.conditions.firstIndex(where: { $0.type == "Progressing" }) else {
            status.conditions.append(condition)
            return
        }
        let before = status.conditions[index]
        if before.status == value { condition.lastTransitionTime = before.lastTransitionTime }
        if before.status == value, before.reason == reason, !isRenewed {
            condition.lastUpdateTime = before.lastUpdateTime
            status.conditions[index] = condition
            return
        }
        // What has changed stands last (`SetDeploymentCondition`).
        status.conditions.remove(at: index)
        status.conditions.append(condition)
    }
}
