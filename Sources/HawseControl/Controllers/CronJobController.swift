import Foundation

extension ClusterState {
    /// Starts the Jobs of a CronJob that are due and sleeps until the next one.
    mutating func syncCronJob(_ key: ObjectKey) {
        guard let cron = store.cronJobs[key], !cron.metadata.isTerminating else { return }
        trackJobs(of: cron)
        guard cron.spec.suspend != true, let schedule = try? CronSchedule(cron.spec.schedule) else { return }
        let zone = cron.spec.timeZone.flatMap { TimeZone(identifier: $0) }
        let offset = { (instant: Int64) -> Int64 in
            Int64(zone?.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant))) ?? 0)
        }
        var earliest = cron.status.lastScheduleTime?.seconds ?? cron.metadata.creationTimestamp?.seconds ?? now.seconds
        if let deadline = cron.spec.startingDeadlineSeconds { earliest = max(earliest, now.seconds - deadline) }
        // Only the last missed time counts.
        var due: Int64?
        var next = schedule.next(after: earliest, offset: offset)
        var looks = 0
        while let time = next, time <= now.seconds, looks < 100_000 {
            due = time
            next = schedule.next(after: time, offset: offset)
            looks += 1
        }
        if looks > 100 {
            note(
                "TooManyMissedTimes",
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew",
                kind: "CronJob", key: key)
        }
        if let due { startJob(of: cron, scheduled: due) }
        if let next { wake(.cronJob, key, at: Kubernetes.Time(seconds: next), isProgress: false) }
    }

    private func jobs(of cron: Kubernetes.CronJob) -> [Kubernetes.Job] {
        store.jobs.all.filter { $0.metadata.controller?.uid == cron.metadata.uid }
    }

    private mutating func startJob(of cron: Kubernetes.CronJob, scheduled: Int64) {
        let running = jobs(of: cron).filter { Self.finishTime(of: $0) == nil }
        if cron.spec.concurrencyPolicy == "Forbid", !running.isEmpty {
            note(
                "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid",
                kind: "CronJob", key: cron.key)
            return
        }
        if cron.spec.concurrencyPolicy == "Replace" {
            for job in running { try? delete(kind: "Job", job.key) }
        }
        var job = Kubernetes.Job()
        job.metadata.name = "\(cron.metadata.name)-\(scheduled / 60)"
        job.metadata.namespace = cron.metadata.namespace
        guard store.jobs[job.key] == nil else { return }
        job.metadata.labels = cron.spec.jobTemplate.metadata.labels
        job.metadata.annotations = cron.spec.jobTemplate.metadata.annotations
        job.metadata.annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"] =
            Kubernetes.Time(seconds: scheduled).text
        job.metadata.ownerReferences = [owner(cron)]
        job.metadata.uid = names.uid()
        job.metadata.generation = 1
        job.spec = cron.spec.jobTemplate.spec
        JobIdentity.label(&job)
        job.applyDefaults()
        let created = create(job)
        var reference = Kubernetes.ObjectReference(
            kind: "Job", namespace: created.metadata.namespace, name: created.metadata.name, uid: created.metadata.uid)
        reference.apiVersion = "batch/v1"
        store.update(Kubernetes.CronJob.self, cron.key) {
            $0.status.lastScheduleTime = Kubernetes.Time(seconds: scheduled)
            $0.status.active.append(reference)
        }
        note("SuccessfulCreate", "Created job \(created.metadata.name)", kind: "CronJob", key: cron.key)
    }

    /// Keeps the list of running Jobs and the history's length.
    private mutating func trackJobs(of cron: Kubernetes.CronJob) {
        let jobs = jobs(of: cron)
        let finished = jobs.filter { Self.finishTime(of: $0) != nil }
        let done = Set(finished.map(\.metadata.uid))
        let lastSuccess = finished.filter { $0.status.completionTime != nil }.compactMap(\.status.completionTime).max()
        store.update(Kubernetes.CronJob.self, cron.key) { object in
            object.status.active.removeAll { active in
                done.contains(active.uid) || !jobs.contains { $0.metadata.uid == active.uid }
            }
            if let lastSuccess { object.status.lastSuccessfulTime = lastSuccess }
        }
        trim(finished.filter { $0.status.completionTime != nil }, to: cron.spec.successfulJobsHistoryLimit ?? 3)
        trim(finished.filter { $0.status.completionTime == nil }, to: cron.spec.failedJobsHistoryLimit ?? 1)
    }

    private mutating func trim(_ jobs: [Kubernetes.Job], to limit: Int) {
        guard jobs.count > limit else { return }
        let sorted = jobs.sorted {
            ($0.status.startTime?.microseconds ?? 0, $0.metadata.name) < ($1.status.startTime?.microseconds ?? 0, $1.metadata.name)
        }
        for job in sorted.prefix(jobs.count - max(0, limit)) { try? delete(kind: "Job", job.key) }
    }
}
