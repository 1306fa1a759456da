import Foundation

/// When a CronJob is due (`mostRecentScheduleTime`).
struct CronDue {
    /// What is counted from: the last start, the creation, or the deadline.
    var earliest: Int64
    /// The last time that has passed without a start.
    var missed: Int64?
    /// How many have passed, about.
    var count = 0

    init?(
        _ schedule: CronSchedule, _ cron: Kubernetes.CronJob, now: Int64, withDeadline: Bool, offset: (Int64) -> Int64
    ) {
        earliest = cron.status.lastScheduleTime?.seconds ?? cron.metadata.creationTimestamp?.seconds ?? now
        if withDeadline, let deadline = cron.spec.startingDeadlineSeconds {
            let (first, overflow) = now.subtractingReportingOverflow(deadline)
            if !overflow { earliest = max(earliest, first) }
        }
        guard let first = schedule.next(after: earliest, offset: offset) else { return nil }
        if now < first { return }
        guard let second = schedule.next(after: first, offset: offset) else { return nil }
        if now < second {
            missed = first
            return
        }
        let distance = second - first
        guard distance >= 1 else { return nil }
        count = Int((now - first) / distance) + 1
        // From a little before the last one, if all were as far apart as the first two.
        var time = schedule.next(after: first + Int64(count - 2) * distance, offset: offset)
        while let next = time, next <= now {
            missed = next
            time = schedule.next(after: next, offset: offset)
        }
    }
}

extension ClusterState {
    /// Starts the Jobs of a CronJob that are due and sleeps until the next one (`syncCronJob`).
    mutating func syncCronJob(_ key: ObjectKey) {
        guard let cron = store.cronJobs[key], !cron.metadata.isTerminating else {
            cronPlans[key] = nil
            return
        }
        let plan = [cron.spec.schedule, cron.spec.timeZone]
        let isNewPlan = cronPlans[key].map { $0 != plan } ?? false
        cronPlans[key] = plan
        trackJobs(of: cron)
        startDueJob(of: key, isNewPlan: isNewPlan)
        if let fresh = store.cronJobs[key] { cleanUpJobs(of: fresh) }
    }

    private mutating func startDueJob(of key: ObjectKey, isNewPlan: Bool) {
        guard let cron = store.cronJobs[key] else { return }
        let zone = cron.spec.timeZone.flatMap { TimeZone(identifier: $0) }
        if let name = cron.spec.timeZone, zone == nil {
            note(
                "UnknownTimeZone", "invalid timeZone: \(FieldError.quoted(name)): unknown time zone \(name)", kind: "CronJob",
                key: key)
            return
        }
        guard cron.spec.suspend != true, let schedule = try? CronSchedule(cron.spec.schedule) else { return }
        let offset = { (instant: Int64) -> Int64 in
            Int64(zone?.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant))) ?? 0)
        }
        defer { wakeForNext(schedule, key, offset) }
        // A changed schedule begins with its next time, whatever it would have missed.
        if isNewPlan { return }
        guard let due = CronDue(schedule, cron, now: now.seconds, withDeadline: true, offset: offset),
            let scheduled = due.missed
        else { return }
        if due.count > 100 {
            note(
                "TooManyMissedTimes",
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew",
                kind: "CronJob", key: key)
        }
        startJob(of: cron, scheduled: scheduled, offset: offset(scheduled))
    }

    /// `nextScheduleTimeDuration`
    private mutating func wakeForNext(_ schedule: CronSchedule, _ key: ObjectKey, _ offset: (Int64) -> Int64) {
        guard let cron = store.cronJobs[key] else { return }
        let due = CronDue(schedule, cron, now: now.seconds, withDeadline: false, offset: offset)
        let from = due.map { $0.missed ?? ($0.count == 0 ? $0.earliest : now.seconds) } ?? now.seconds
        guard let next = schedule.next(after: from, offset: offset), next > now.seconds else { return }
        wake(.cronJob, key, at: Kubernetes.Time(seconds: next), isProgress: false)
    }

    private func jobs(of cron: Kubernetes.CronJob) -> [Kubernetes.Job] {
        store.jobs.all.filter { $0.metadata.controller?.uid == cron.metadata.uid }
    }

    private mutating func startJob(of cron: Kubernetes.CronJob, scheduled: Int64, offset: Int64) {
        let name = "\(cron.metadata.name)-\(scheduled / 60)"
        if cron.status.active.contains(where: { $0.name == name }) || cron.status.lastScheduleTime?.seconds == scheduled {
            return
        }
        if cron.spec.concurrencyPolicy == "Forbid", !cron.status.active.isEmpty {
            note(
                "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid",
                kind: "CronJob", key: cron.key)
            return
        }
        if cron.spec.concurrencyPolicy == "Replace" {
            for active in cron.status.active {
                removeJob(ObjectKey(namespace: active.namespace, name: active.name), uid: active.uid, of: cron.key)
            }
        }
        let created: Kubernetes.Job
        if let known = store.jobs[cron.metadata.namespace, name] {
            // Its own, of which the status lost track; whoever else has the name keeps it.
            guard known.metadata.controller?.uid == cron.metadata.uid else { return }
            created = known
        } else {
            created = create(newJob(of: cron, name, scheduled, offset))
            note("SuccessfulCreate", "Created job \(created.metadata.name)", kind: "CronJob", key: cron.key)
        }
        var reference = Kubernetes.ObjectReference(
            kind: "Job", namespace: created.metadata.namespace, name: created.metadata.name, uid: created.metadata.uid)
        reference.apiVersion = "batch/v1"
        store.update(Kubernetes.CronJob.self, cron.key) {
            $0.status.lastScheduleTime = Kubernetes.Time(seconds: scheduled)
            $0.status.active.append(reference)
        }
    }

    private mutating func newJob(
        of cron: Kubernetes.CronJob, _ name: String, _ scheduled: Int64, _ offset: Int64
    ) -> Kubernetes.Job {
        var job = Kubernetes.Job()
        job.metadata.name = name
        job.metadata.namespace = cron.metadata.namespace
        job.metadata.labels = cron.spec.jobTemplate.metadata.labels
        job.metadata.annotations = cron.spec.jobTemplate.metadata.annotations
        job.metadata.annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"] = Self.local(scheduled, offset)
        job.metadata.ownerReferences = [owner(cron)]
        job.metadata.uid = names.uid()
        job.metadata.generation = 1
        job.spec = cron.spec.jobTemplate.spec
        JobIdentity.label(&job)
        job.applyDefaults()
        return job
    }

    /// RFC 3339 in the zone of the schedule.
    private static func local(_ instant: Int64, _ offset: Int64) -> String {
        let text = Kubernetes.Time(seconds: instant + offset).text
        guard offset != 0 else { return text }
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let minutes = abs(offset) / 60
        return "\(text.dropLast())\(offset < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
    }

    /// Keeps the list of running Jobs.
    private mutating func trackJobs(of cron: Kubernetes.CronJob) {
        let jobs = jobs(of: cron)
        var active = cron.status.active
        var lastSuccess = cron.status.lastSuccessfulTime
        for job in jobs {
            let isKnown = active.contains { $0.uid == job.metadata.uid }
            guard let end = job.status.conditions.first(where: {
                ($0.type == "Complete" || $0.type == "Failed") && $0.status == "True"
            }) else {
                if !isKnown {
                    note(
                        "UnexpectedJob", "Saw a job that the controller did not create or forgot: \(job.metadata.name)",
                        kind: "CronJob", key: cron.key)
                }
                continue
            }
            if isKnown {
                active.removeAll { $0.uid == job.metadata.uid }
                note(
                    "SawCompletedJob", "Saw completed job: \(job.metadata.name), condition: \(end.type)", kind: "CronJob",
                    key: cron.key)
            }
            if end.type == "Complete", let time = job.status.completionTime { lastSuccess = max(lastSuccess ?? time, time) }
        }
        for reference in active where !jobs.contains(where: { $0.metadata.uid == reference.uid }) {
            active.removeAll { $0.uid == reference.uid }
            note("MissingJob", "Active job went missing: \(reference.name)", kind: "CronJob", key: cron.key)
        }
        store.update(Kubernetes.CronJob.self, cron.key) {
            $0.status.active = active
            $0.status.lastSuccessfulTime = lastSuccess
        }
    }

    /// `cleanupFinishedJobs`
    private mutating func cleanUpJobs(of cron: Kubernetes.CronJob) {
        let jobs = jobs(of: cron)
        func ended(_ type: String) -> [Kubernetes.Job] {
            jobs.filter { $0.status.conditions.contains { $0.type == type && $0.status == "True" } }
        }
        trim(ended("Complete"), to: cron.spec.successfulJobsHistoryLimit, of: cron.key)
        trim(ended("Failed"), to: cron.spec.failedJobsHistoryLimit, of: cron.key)
    }

    /// The earliest started go first; those that never started stay the longest.
    private mutating func trim(_ jobs: [Kubernetes.Job], to limit: Int?, of cron: ObjectKey) {
        guard let limit, jobs.count > limit else { return }
        let sorted = jobs.sorted {
            ($0.status.startTime?.microseconds ?? .max, $0.metadata.name) < ($1.status.startTime?.microseconds ?? .max, $1.metadata.name)
        }
        for job in sorted.prefix(jobs.count - max(0, limit)) { removeJob(job.key, uid: job.metadata.uid, of: cron) }
    }

    private mutating func removeJob(_ key: ObjectKey, uid: String, of cron: ObjectKey) {
        do throws(StatusError) { try delete(kind: "Job", key) } catch { return }
        store.update(Kubernetes.CronJob.self, cron) { $0.status.active.removeAll { $0.uid == uid } }
        note("SuccessfulDelete", "Deleted job \(key.name)", kind: "CronJob", key: cron)
    }
}
