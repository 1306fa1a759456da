import HawseModel

/// What one step of a Job goes by (`syncJobCtx`).
struct JobStep {
    let job: Kubernetes.Job
    var pods: [Kubernetes.Pod]
    var active: [Kubernetes.Pod]
    /// Pods that are on their way out and have not ended.
    var terminating: Int
    var succeeded = 0
    var failed = 0
    var succeededIndexes = IndexIntervals()
    /// With `backoffLimitPerIndex`.
    var failedIndexes: IndexIntervals?
    /// The last failed pod of each index that waits for its replacement: it holds the count of failures.
    var replaced: [Int: Kubernetes.Pod] = [:]

    var isIndexed: Bool { job.spec.completionMode == "Indexed" }
    var completions: Int { max(0, job.spec.completions ?? 0) }
    var hasLimitPerIndex: Bool { isIndexed && job.spec.backoffLimitPerIndex != nil }
    /// Pods are replaced when they have ended, and not already when they are told to.
    var replacesOnlyFailed: Bool { job.spec.podReplacementPolicy == "Failed" || job.spec.podFailurePolicy != nil }

    init(_ job: Kubernetes.Job, _ pods: [Kubernetes.Pod]) {
        self.job = job
        self.pods = pods
        active = pods.filter(ClusterState.isActive)
        terminating = pods.filter { $0.metadata.isTerminating && !$0.isFinished }.count
        count()
    }

    static func index(of pod: Kubernetes.Pod) -> Int? {
        pod.metadata.annotations[JobIdentity.index].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }

    /// An index of a pod that the Job has.
    func validIndex(_ pod: Kubernetes.Pod) -> Int? { Self.index(of: pod).flatMap { $0 < completions ? $0 : nil } }

    /// Not counted into the Job's status yet.
    static func isTracked(_ pod: Kubernetes.Pod) -> Bool { pod.metadata.finalizers.contains(JobIdentity.finalizer) }

    func hasFailed(_ pod: Kubernetes.Pod) -> Bool {
        if pod.status.phase == "Failed" { return true }
        return !replacesOnlyFailed && pod.metadata.isTerminating && pod.status.phase != "Succeeded"
    }

    func isCounted(_ pod: Kubernetes.Pod) -> Bool { job.spec.podFailurePolicy?.action(for: pod).isCounted ?? true }

    private func counts(_ pod: Kubernetes.Pod) -> Bool { Self.isTracked(pod) && (!isIndexed || validIndex(pod) != nil) }

    private mutating func count() {
        failed = job.status.failed + pods.filter { counts($0) && hasFailed($0) && isCounted($0) }.count
        guard isIndexed else {
            succeeded = job.status.succeeded + pods.filter { counts($0) && $0.status.phase == "Succeeded" }.count
            return
        }
        let before = IndexIntervals(job.status.completedIndexes, below: completions)
        let done = pods.filter { Self.isTracked($0) && $0.status.phase == "Succeeded" }.compactMap(validIndex)
        succeededIndexes = before.union(IndexIntervals(done))
        succeeded = succeededIndexes.count
        guard let limit = job.spec.backoffLimitPerIndex else { return }
        let known = IndexIntervals(job.status.failedIndexes ?? "", below: completions)
        let lost = pods.filter { pod in
            guard Self.isTracked(pod), hasFailed(pod) else { return false }
            let action = job.spec.podFailurePolicy?.action(for: pod) ?? .count
            return action == .failIndex || action.isCounted && Self.failures(of: pod) >= limit
        }.compactMap(validIndex)
        let failedIndexes = known.union(IndexIntervals(lost))
        self.failedIndexes = failedIndexes
        let running = Set(active.compactMap(Self.index))
        for pod in pods where Self.isTracked(pod) && hasFailed(pod) {
            guard let index = validIndex(pod), !running.contains(index), !succeededIndexes.contains(index),
                !failedIndexes.contains(index)
            else { continue }
            if let other = replaced[index], Self.absoluteFailures(of: other) > Self.absoluteFailures(of: pod) { continue }
            replaced[index] = pod
        }
    }

    /// Failures of its index before this pod that counted.
    static func failures(of pod: Kubernetes.Pod) -> Int { number(pod, JobIdentity.failureCount) }

    static func absoluteFailures(of pod: Kubernetes.Pod) -> Int {
        failures(of: pod) + number(pod, JobIdentity.ignoredFailureCount)
    }

    private static func number(_ pod: Kubernetes.Pod, _ annotation: String) -> Int {
        pod.metadata.annotations[annotation].flatMap { Int32($0) }.map { max(0, Int($0)) } ?? 0
    }

    /// When its last container ended; while one has not, when it stopped being ready, or was told to end
    /// (`getFinishedTime`).
    static func finishTime(of pod: Kubernetes.Pod) -> Kubernetes.Time? {
        let ends = pod.status.containerStatuses.map { $0.state.terminated?.finishedAt }
        if !ends.contains(nil), let last = ends.compactMap(\.self).max() { return last }
        if let ready = pod.condition("Ready"), ready.status == "False", let since = ready.lastTransitionTime { return since }
        guard let deadline = pod.metadata.deletionTimestamp else { return pod.metadata.creationTimestamp }
        return deadline.adding(seconds: -max(0, pod.metadata.deletionGracePeriodSeconds ?? 0))
    }
}

extension ClusterState {
    /// One step of a Job: counts what has ended, says whether it is over, starts what is missing (`syncJob`).
    mutating func syncJob(_ key: ObjectKey) {
        guard let job = store.jobs[key], !job.metadata.isTerminating else { return }
        // Another controller was asked to run it.
        if let other = job.spec.managedBy, other != JobIdentity.controller { return }
        if let finished = Self.finishTime(of: job) {
            expire(job, finished: finished)
            return
        }
        var step = JobStep(job, store.pods(ownedBy: job.metadata.uid, in: key.namespace))
        var status = job.status
        if status.startTime == nil, job.spec.suspend != true { status.startTime = now }
        if status.uncountedTerminatedPods == nil { status.uncountedTerminatedPods = ManifestNode(.map([])) }
        let verdict = jobVerdict(step, status)
        if verdict != nil {
            for pod in step.active { try? deletePod(pod.key) }
            step.terminating += step.active.count
            step.active = []
        } else {
            manage(&step)
            setSuspended(of: key, &status, job.spec.suspend == true)
        }
        write(&status, step, verdict)
    }

    static func finishTime(of job: Kubernetes.Job) -> Kubernetes.Time? {
        job.status.conditions.first { ($0.type == "Complete" || $0.type == "Failed") && $0.status == "True" }?
            .lastTransitionTime
    }

    private mutating func setSuspended(
        of key: ObjectKey, _ status: inout Kubernetes.JobStatus, _ isSuspended: Bool
    ) {
        let index = status.conditions.firstIndex { $0.type == "Suspended" }
        let (reason, message) = isSuspended ? ("JobSuspended", "Job suspended") : ("JobResumed", "Job resumed")
        guard index.map({ status.conditions[$0].reason != reason }) ?? isSuspended else { return }
        var condition = Kubernetes.Condition(
            type: "Suspended", status: isSuspended, reason: reason, message: message, at: now)
        condition.lastProbeTime = now
        if let index { status.conditions[index] = condition } else { status.conditions.append(condition) }
        note(isSuspended ? "Suspended" : "Resumed", message, kind: "Job", key: key)
        // The deadline counts from the last resumption.
        if !isSuspended { status.startTime = now }
    }

    /// Counts into the status and lets pods go that are counted.
    private mutating func write(_ status: inout Kubernetes.JobStatus, _ step: JobStep, _ verdict: JobVerdict?) {
        let job = step.job
        for pod in step.pods where JobStep.isTracked(pod) {
            let hasFailed = step.hasFailed(pod)
            guard verdict != nil || pod.status.phase == "Succeeded" || hasFailed else { continue }
            if verdict == nil, hasFailed, let index = step.validIndex(pod), step.replaced[index]?.key == pod.key { continue }
            let isValid = !step.isIndexed || step.validIndex(pod) != nil
            if pod.status.phase == "Succeeded" {
                if !step.isIndexed { status.succeeded += 1 }
            } else if hasFailed || verdict?.isFailure == true, isValid, step.isCounted(pod) {
                // Whatever a Job that has failed leaves running counts as failed.
                status.failed += 1
            }
            letGo(pod.key)
        }
        if step.isIndexed {
            status.succeeded = step.succeededIndexes.count
            status.completedIndexes = step.succeededIndexes.text
            status.failedIndexes = step.failedIndexes?.text
        }
        let pods = store.pods(ownedBy: job.metadata.uid, in: job.metadata.namespace)
        let active = pods.filter(Self.isActive)
        status.active = active.count
        status.ready = active.filter(\.isReady).count
        status.terminating = pods.filter { $0.metadata.isTerminating && !$0.isFinished }.count
        if let verdict { conclude(job, verdict, &status) }
        store.update(Kubernetes.Job.self, job.key) { $0.status = status }
    }

    /// Says first what it will come to, and that it is over when its last pod has ended (`enactJobFinished`).
    private mutating func conclude(_ job: Kubernetes.Job, _ verdict: JobVerdict, _ status: inout Kubernetes.JobStatus) {
        func append(_ type: String) {
            guard !status.conditions.contains(where: { $0.type == type && $0.status == "True" }) else { return }
            var condition = Kubernetes.Condition(
                type: type, status: true, reason: verdict.reason, message: verdict.message, at: now)
            condition.lastProbeTime = now
            status.conditions.append(condition)
        }
        append(verdict.isFailure ? "FailureTarget" : "SuccessCriteriaMet")
        guard status.terminating == 0 else { return }
        append(verdict.isFailure ? "Failed" : "Complete")
        if !verdict.isFailure { status.completionTime = now }
        note(
            verdict.isFailure ? verdict.reason : "Completed", verdict.isFailure ? verdict.message : "Job completed",
            kind: "Job", key: job.key)
    }

    /// Takes the tracking finalizer off a pod. One that was only held by it is gone then.
    mutating func letGo(_ key: ObjectKey) {
        store.update(Kubernetes.Pod.self, key) { $0.metadata.finalizers.removeAll { $0 == JobIdentity.finalizer } }
        guard let pod = store.pods[key], pod.metadata.isTerminating, pod.metadata.finalizers.isEmpty else { return }
        if pod.isFinished || pod.spec.nodeName.isEmpty { removePod(key) }
    }

    /// `ttlSecondsAfterFinished`
    private mutating func expire(_ job: Kubernetes.Job, finished: Kubernetes.Time) {
        guard let seconds = job.spec.ttlSecondsAfterFinished else { return }
        let end = finished.adding(seconds: Int64(seconds))
        if now >= end {
            try? delete(kind: "Job", job.key)
        } else {
            wake(.job, job.key, at: end, isProgress: false)
        }
    }
}
