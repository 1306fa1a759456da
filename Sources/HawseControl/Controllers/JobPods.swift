import HawseModel

extension ClusterState {
    /// Brings a Job's running pods to the number it may have now (`manageJob`).
    mutating func manage(_ step: inout JobStep) {
        let spec = step.job.spec
        if spec.suspend == true {
            for pod in step.active { drop(pod, of: step.job) }
            step.active = []
            return
        }
        let parallelism = max(0, spec.parallelism ?? 1)
        // A work queue whose first pod succeeded starts no new ones.
        let wanted =
            spec.completions.map { max(0, min(parallelism, $0 - step.succeeded)) }
            ?? (step.succeeded > 0 ? step.active.count : parallelism)
        let surplus = surplusPods(step, atLeast: max(0, step.active.count - wanted))
        if !surplus.isEmpty {
            for pod in surplus { drop(pod, of: step.job) }
            return
        }
        let missing = wanted - step.active.count - (step.replacesOnlyFailed ? step.terminating : 0)
        guard missing > 0, step.hasLimitPerIndex || !isBackingOff(step) else { return }
        guard step.isIndexed else {
            for _ in 0..<missing {
                var pod = pod(from: spec.template, ownedBy: step.job)
                pod.metadata.finalizers = [JobIdentity.finalizer]
                guard (try? createPod(pod, for: step.job)) != nil else { return }
            }
            return
        }
        for index in startableIndexes(step, missing) {
            guard (try? createPod(indexedPod(step, index), for: step.job)) != nil else { return }
        }
    }

    /// A pod that the Job does not want any more is no failure: it is not counted.
    private mutating func drop(_ pod: Kubernetes.Pod, of job: Kubernetes.Job) {
        letGo(pod.key)
        try? deletePod(pod.key)
        note("SuccessfulDelete", "Deleted pod: \(pod.metadata.name)", kind: "Job", key: job.key)
    }

    /// Of several pods of one index the best is kept; beyond that they go in the order of a scale-down
    /// (`activePodsForRemoval`).
    private func surplusPods(_ step: JobStep, atLeast count: Int) -> [Kubernetes.Pod] {
        let order = ScaleDownOrder(related: [], now: now)
        var surplus: [Kubernetes.Pod] = []
        var kept = step.active
        if step.isIndexed {
            kept = []
            var byIndex: [Int: [Kubernetes.Pod]] = [:]
            for pod in step.active {
                if let index = step.validIndex(pod) { byIndex[index, default: []].append(pod) } else { surplus.append(pod) }
            }
            for index in byIndex.keys.sorted() {
                let sorted = (byIndex[index] ?? []).sorted(by: order.goesBefore)
                surplus += sorted.dropLast()
                kept += sorted.suffix(1)
            }
        }
        if surplus.count < count { surplus += kept.sorted(by: order.goesBefore).prefix(count - surplus.count) }
        return surplus
    }

    /// After a failure: 10 s, 20 s, 40 s, … ten minutes from the last one; a success begins anew.
    private mutating func isBackingOff(_ step: JobStep) -> Bool {
        let failures = step.pods.filter(step.hasFailed).compactMap(JobStep.finishTime)
        let success = step.pods.filter { $0.status.phase == "Succeeded" }.compactMap(JobStep.finishTime).max()
        let recent = failures.filter { time in success.map { time > $0 } ?? true }
        guard let last = recent.max() else { return false }
        return waits(step.job.key, failures: recent.count, since: last)
    }

    private mutating func waits(_ key: ObjectKey, failures: Int, since last: Kubernetes.Time) -> Bool {
        let seconds = min(600, 10 << Int64(min(max(0, failures - 1), 10)))
        let due = last.adding(seconds: Int64(seconds))
        guard now < due else { return false }
        wake(.job, key, at: due, isProgress: true)
        return true
    }

    /// The lowest indexes that have neither run to an end nor run now; with a limit for each index, those whose own
    /// waiting time is over.
    private mutating func startableIndexes(_ step: JobStep, _ count: Int) -> [Int] {
        var taken = step.succeededIndexes.union(IndexIntervals(step.active.compactMap(JobStep.index)))
        if step.replacesOnlyFailed {
            let ending = step.pods.filter { $0.metadata.isTerminating && !$0.isFinished }
            taken = taken.union(IndexIntervals(ending.compactMap(JobStep.index)))
        }
        if let failed = step.failedIndexes { taken = taken.union(failed) }
        let candidates = taken.missing(count, below: step.completions)
        guard step.hasLimitPerIndex else { return candidates }
        var result: [Int] = []
        for index in candidates {
            if let old = step.replaced[index], let last = JobStep.finishTime(of: old),
                waits(step.job.key, failures: JobStep.absoluteFailures(of: old) + 1, since: last)
            {
                continue
            }
            result.append(index)
        }
        return result
    }

    private func indexedPod(_ step: JobStep, _ index: Int) -> Kubernetes.Pod {
        let job = step.job
        var pod = pod(from: job.spec.template, ownedBy: job)
        let suffix = "-\(index)-"
        pod.metadata.generateName = job.metadata.name.prefix(max(0, 58 - suffix.utf8.count)) + suffix
        pod.metadata.annotations[JobIdentity.index] = String(index)
        pod.metadata.labels[JobIdentity.index] = String(index)
        pod.metadata.finalizers = [JobIdentity.finalizer]
        pod.spec.hostname = "\(job.metadata.name)-\(index)"
        if step.hasLimitPerIndex { countFailures(step, index, &pod) }
        let variable = ManifestNode(
            .map([
                .init("name", .string("JOB_COMPLETION_INDEX")),
                .init("valueFrom", ManifestNode(.map([.init("fieldRef", ManifestNode(.map([
                    .init("apiVersion", .string("v1")),
                    .init("fieldPath", .string("metadata.labels['\(JobIdentity.index)']")),
                ])))]))),
            ]))
        func add(_ container: inout Kubernetes.Container) {
            let known = container.other["env"]?.items ?? []
            if known.contains(where: { $0["name"]?.text == "JOB_COMPLETION_INDEX" }) { return }
            container.other["env"] = ManifestNode(.list(known + [variable]))
        }
        for index in pod.spec.initContainers.indices { add(&pod.spec.initContainers[index]) }
        for index in pod.spec.containers.indices { add(&pod.spec.containers[index]) }
        return pod
    }

    /// A replacement carries on its index's count of failures (`getNewIndexFailureCounts`).
    private func countFailures(_ step: JobStep, _ index: Int, _ pod: inout Kubernetes.Pod) {
        var counted = 0
        var ignored = 0
        if let old = step.replaced[index] {
            let isCounted = step.isCounted(old)
            counted = JobStep.failures(of: old) + (isCounted ? 1 : 0)
            ignored = JobStep.absoluteFailures(of: old) - JobStep.failures(of: old) + (isCounted ? 0 : 1)
        }
        pod.metadata.annotations[JobIdentity.failureCount] = String(counted)
        if ignored > 0 { pod.metadata.annotations[JobIdentity.ignoredFailureCount] = String(ignored) }
    }
}
