/// How a Job ends, and why.
struct JobVerdict: Sendable, Equatable {
    var isFailure: Bool
    var reason: String
    var message: String

    static func failure(_ reason: String, _ message: String) -> JobVerdict {
        JobVerdict(isFailure: true, reason: reason, message: message)
    }
}

extension ClusterState {
    /// What a Job has come to, if it has; in the order in which `syncJob` asks.
    mutating func jobVerdict(_ step: JobStep, _ status: Kubernetes.JobStatus) -> JobVerdict? {
        if let said = status.conditions.first(where: {
            ($0.type == "SuccessCriteriaMet" || $0.type == "FailureTarget") && $0.status == "True"
        }) {
            return JobVerdict(isFailure: said.type == "FailureTarget", reason: said.reason, message: said.message)
        }
        if let policy = step.job.spec.podFailurePolicy {
            for pod in step.pods where step.hasFailed(pod) {
                if case .failJob(let message) = policy.action(for: pod) { return .failure("PodFailurePolicy", message) }
            }
        }
        return limits(step, status) ?? indexes(step) ?? completed(step)
    }

    private mutating func limits(_ step: JobStep, _ status: Kubernetes.JobStatus) -> JobVerdict? {
        let spec = step.job.spec
        if step.failed > spec.backoffLimit ?? 6 || restartsExceed(step) {
            return .failure("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        }
        guard let limit = spec.activeDeadlineSeconds, let start = status.startTime, spec.suspend != true else { return nil }
        let (length, overflow) = limit.multipliedReportingOverflow(by: 1_000_000)
        let (end, beyond) = start.microseconds.addingReportingOverflow(length)
        if overflow || beyond { return nil }
        if now.microseconds >= end {
            return .failure("DeadlineExceeded", "Job was active longer than specified deadline")
        }
        wake(.job, step.job.key, at: Kubernetes.Time(microseconds: end), isProgress: false)
        return nil
    }

    /// Containers that are started again in their pods count by their restarts (`pastBackoffLimitOnFailure`).
    private func restartsExceed(_ step: JobStep) -> Bool {
        guard step.job.spec.template.spec.restartPolicy == "OnFailure" else { return false }
        let restarts = step.pods.filter { $0.status.phase == "Running" || $0.status.phase == "Pending" }
            .flatMap { $0.status.initContainerStatuses + $0.status.containerStatuses }.reduce(0) { $0 + $1.restartCount }
        let limit = step.job.spec.backoffLimit ?? 6
        return limit == 0 ? restarts > 0 : restarts >= limit
    }

    private func indexes(_ step: JobStep) -> JobVerdict? {
        guard step.isIndexed else { return nil }
        if let failed = step.failedIndexes?.count {
            if let most = step.job.spec.maxFailedIndexes, failed > most {
                return .failure(
                    "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes")
            }
            if failed > 0, failed + step.succeededIndexes.count >= step.completions {
                return .failure("FailedIndexes", "Job has failed indexes")
            }
        }
        let message = step.job.spec.successPolicy?.match(step.succeededIndexes, completions: step.completions)
        return message.map { JobVerdict(isFailure: false, reason: "SuccessPolicy", message: $0) }
    }

    private func completed(_ step: JobStep) -> JobVerdict? {
        // A work queue is done when one pod succeeded and none is left.
        let isDone = step.job.spec.completions.map { step.succeeded >= $0 } ?? (step.succeeded > 0)
        guard isDone, step.active.isEmpty else { return nil }
        return JobVerdict(
            isFailure: false, reason: "CompletionsReached", message: "Reached expected number of succeeded pods")
    }
}
