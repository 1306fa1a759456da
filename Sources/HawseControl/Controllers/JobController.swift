extension ClusterState {
    /// One step of a Job: counts what is finished, starts what is missing, and says when it is over.
    mutating func syncJob(_ key: ObjectKey) {
        guard let job = store.jobs[key], !job.metadata.isTerminating else { return }
        if let finished = Self.finishTime(of: job) {
            expire(job, finished: finished)
            return
        }
        var status = job.status
        if status.startTime == nil, job.spec.suspend != true { status.startTime = now }
        if status.uncountedTerminatedPods == nil { status.uncountedTerminatedPods = ManifestNode(.map([])) }
        var pods = store.pods(ownedBy: job.metadata.uid, in: key.namespace)
        for pod in pods where pod.isFinished && pod.metadata.finalizers.contains(JobIdentity.finalizer) {
            store.update(Kubernetes.Pod.self, pod.key) { $0.metadata.finalizers.removeAll { $0 == JobIdentity.finalizer } }
        }
        let failed = pods.filter { $0.status.phase == "Failed" }.count
        let succeeded = Self.succeededCount(job, pods)
        if let reason = failureReason(job, failed: failed, status: status) {
            finish(job, status: status, succeeded: succeeded, failed: failed, failure: reason)
            return
        }
        if Self.isComplete(job, pods, succeeded: succeeded) {
            finish(job, status: status, succeeded: succeeded, failed: failed, failure: nil)
            return
        }
        if job.spec.suspend == true {
            for pod in pods where Self.isActive(pod) { try? deletePod(pod.key) }
        } else {
            startMissing(job, pods, succeeded: succeeded, failed: failed)
        }
        pods = store.pods(ownedBy: job.metadata.uid, in: key.namespace)
        let active = pods.filter(Self.isActive)
        status.active = active.count
        status.ready = active.filter(\.isReady).count
        status.terminating = pods.filter { $0.metadata.isTerminating && !$0.isFinished }.count
        status.succeeded = succeeded
        status.failed = failed
        status.completedIndexes = Self.completedIndexes(job, pods)
        store.update(Kubernetes.Job.self, key) { $0.status = status }
    }

    static func finishTime(of job: Kubernetes.Job) -> Kubernetes.Time? {
        job.status.conditions.first { ($0.type == "Complete" || $0.type == "Failed") && $0.status == "True" }?
            .lastTransitionTime
    }

    private static func completionIndex(_ pod: Kubernetes.Pod) -> Int? {
        pod.metadata.annotations[JobIdentity.index].flatMap { Int($0) }
    }

    private static func succeededCount(_ job: Kubernetes.Job, _ pods: [Kubernetes.Pod]) -> Int {
        let done = pods.filter { $0.status.phase == "Succeeded" }
        guard job.spec.completionMode == "Indexed" else { return done.count }
        return Set(done.compactMap(completionIndex)).count
    }

    private static func isComplete(_ job: Kubernetes.Job, _ pods: [Kubernetes.Pod], succeeded: Int) -> Bool {
        if let wanted = job.spec.completions { return succeeded >= wanted && !pods.contains { isActive($0) && $0.isReady } }
        // A work queue is done when one pod succeeded and none is left.
        return succeeded > 0 && !pods.contains(where: isActive)
    }

    private mutating func failureReason(
        _ job: Kubernetes.Job, failed: Int, status: Kubernetes.JobStatus
    ) -> (reason: String, message: String)? {
        if failed > job.spec.backoffLimit ?? 6 {
            return ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        }
        guard let limit = job.spec.activeDeadlineSeconds, let start = status.startTime else { return nil }
        let end = Kubernetes.Time(microseconds: start.microseconds + limit * 1_000_000)
        if now >= end { return ("DeadlineExceeded", "Job was active longer than specified deadline") }
        wake(.job, job.key, at: end, isProgress: false)
        return nil
    }

    private mutating func startMissing(
        _ job: Kubernetes.Job, _ pods: [Kubernetes.Pod], succeeded: Int, failed: Int
    ) {
        let active = pods.filter(Self.isActive)
        let parallelism = max(0, job.spec.parallelism ?? 1)
        var wanted = parallelism
        if let completions = job.spec.completions {
            wanted = min(parallelism, max(0, completions - succeeded))
        } else if succeeded > 0 {
            // A work queue whose first pod succeeded starts no new ones.
            wanted = min(parallelism, active.count)
        }
        if active.count > wanted {
            let order = ScaleDownOrder(related: active, now: now)
            for pod in active.sorted(by: order.goesBefore).prefix(active.count - wanted) { try? deletePod(pod.key) }
            return
        }
        guard active.count < wanted, !isBackingOff(job, pods, failed: failed) else { return }
        var count = wanted - active.count
        if job.spec.completionMode == "Indexed" {
            let taken = Set(
                pods.filter { Self.isActive($0) || $0.status.phase == "Succeeded" }.compactMap(Self.completionIndex))
            for index in 0..<max(0, job.spec.completions ?? 0) where count > 0 && !taken.contains(index) {
                create(indexedPod(job, index))
                count -= 1
            }
        } else {
            for _ in 0..<count {
                var pod = pod(from: job.spec.template, ownedBy: job)
                pod.metadata.finalizers = [JobIdentity.finalizer]
                create(pod)
            }
        }
    }

    /// After a failure: 10 s, 20 s, 40 s, … ten minutes from the last one.
    private mutating func isBackingOff(_ job: Kubernetes.Job, _ pods: [Kubernetes.Pod], failed: Int) -> Bool {
        guard failed > 0 else { return false }
        let ends = pods.filter { $0.status.phase == "Failed" }.flatMap(\.status.containerStatuses)
            .compactMap { $0.state.terminated?.finishedAt }
        guard let last = ends.max() else { return false }
        let seconds = min(600, 10 << Int64(min(failed - 1, 10)))
        let due = Kubernetes.Time(microseconds: last.microseconds + Int64(seconds) * 1_000_000)
        guard now < due else { return false }
        wake(.job, job.key, at: due, isProgress: true)
        return true
    }

    private func indexedPod(_ job: Kubernetes.Job, _ index: Int) -> Kubernetes.Pod {
        var pod = pod(from: job.spec.template, ownedBy: job)
        pod.metadata.generateName = "\(job.metadata.name)-\(index)-"
        pod.metadata.annotations[JobIdentity.index] = String(index)
        pod.metadata.labels[JobIdentity.index] = String(index)
        pod.metadata.finalizers = [JobIdentity.finalizer]
        pod.spec.hostname = "\(job.metadata.name)-\(index)"
        let variable = ManifestNode(
            .map([
                .init("name", .string("JOB_COMPLETION_INDEX")),
                .init("valueFrom", ManifestNode(.map([.init("fieldRef", ManifestNode(.map([
                    .init("apiVersion", .string("v1")),
                    .init("fieldPath", .string("metadata.labels['\(JobIdentity.index)']")),
                ])))]))),
            ]))
        for container in pod.spec.containers.indices {
            let known = pod.spec.containers[container].other["env"]?.items ?? []
            pod.spec.containers[container].other["env"] = ManifestNode(.list(known + [variable]))
        }
        return pod
    }

    /// `0,2-4`
    private static func completedIndexes(_ job: Kubernetes.Job, _ pods: [Kubernetes.Pod]) -> String {
        guard job.spec.completionMode == "Indexed" else { return "" }
        let done = Set(pods.filter { $0.status.phase == "Succeeded" }.compactMap(completionIndex)).sorted()
        var parts: [String] = []
        var at = 0
        while at < done.count {
            var end = at
            while end + 1 < done.count, done[end + 1] == done[end] + 1 { end += 1 }
            parts.append(end == at ? "\(done[at])" : end == at + 1 ? "\(done[at]),\(done[end])" : "\(done[at])-\(done[end])")
            at = end + 1
        }
        return parts.joined(separator: ",")
    }

    private mutating func finish(
        _ job: Kubernetes.Job, status: Kubernetes.JobStatus, succeeded: Int, failed: Int,
        failure: (reason: String, message: String)?
    ) {
        for pod in store.pods(ownedBy: job.metadata.uid, in: job.metadata.namespace) where Self.isActive(pod) {
            store.update(Kubernetes.Pod.self, pod.key) { $0.metadata.finalizers.removeAll { $0 == JobIdentity.finalizer } }
            try? deletePod(pod.key)
        }
        var status = status
        status.active = 0
        status.ready = 0
        status.terminating = 0
        status.succeeded = succeeded
        status.failed = failed
        let pods = store.pods(ownedBy: job.metadata.uid, in: job.metadata.namespace)
        status.completedIndexes = Self.completedIndexes(job, pods)
        let types = failure == nil ? ["SuccessCriteriaMet", "Complete"] : ["FailureTarget", "Failed"]
        for type in types {
            var condition = Kubernetes.Condition(
                type: type, status: true, reason: failure?.reason ?? "CompletionsReached",
                message: failure?.message ?? "Reached expected number of succeeded pods", at: now)
            condition.lastProbeTime = now
            status.conditions.append(condition)
        }
        if failure == nil { status.completionTime = now }
        store.update(Kubernetes.Job.self, job.key) { $0.status = status }
        note(failure?.reason ?? "Completed", failure?.message ?? "Job completed", kind: "Job", key: job.key)
    }

    /// `ttlSecondsAfterFinished`
    private mutating func expire(_ job: Kubernetes.Job, finished: Kubernetes.Time) {
        guard let seconds = job.spec.ttlSecondsAfterFinished else { return }
        let end = Kubernetes.Time(microseconds: finished.microseconds + Int64(seconds) * 1_000_000)
        if now >= end {
            try? delete(kind: "Job", job.key)
        } else {
            wake(.job, job.key, at: end, isProgress: false)
        }
    }
}
