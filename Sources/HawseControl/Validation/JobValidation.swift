import Foundation

/// Jobs and CronJobs (`pkg/apis/batch/validation`).
enum JobValidation {
    static func check(_ job: Kubernetes.Job, old: Kubernetes.Job?) -> [FieldError] {
        var errors = check(job.spec, at: "spec")
        guard let old else { return errors }
        // Once made, a Job does the same thing as often as it was asked to.
        if job.spec.completions != old.spec.completions, job.spec.completionMode != "Indexed" {
            errors.append(.invalid("spec.completions", job.spec.completions ?? 0, "field is immutable"))
        }
        if let selector = old.spec.selector, job.spec.selector != selector {
            errors.append(
                .invalid(
                    "spec.selector", json: job.spec.selector.map { JSONWriter.compact($0.written()) } ?? "null",
                    "field is immutable"))
        }
        if job.spec.template.spec != old.spec.template.spec {
            errors.append(
                .invalid(
                    "spec.template", json: JSONWriter.compact(job.spec.template.written()), "field is immutable"))
        }
        if job.spec.completionMode != old.spec.completionMode {
            errors.append(.invalid("spec.completionMode", job.spec.completionMode ?? "", "field is immutable"))
        }
        return errors
    }

    private static func nonnegative(_ value: Int?, _ path: String) -> [FieldError] {
        WorkloadValidation.nonnegative(value, path)
    }

    private static func check(_ spec: Kubernetes.JobSpec, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (name, value) in [
            ("parallelism", spec.parallelism), ("completions", spec.completions),
            ("activeDeadlineSeconds", spec.activeDeadlineSeconds.map { Int($0) }), ("backoffLimit", spec.backoffLimit),
            ("ttlSecondsAfterFinished", spec.ttlSecondsAfterFinished),
            ("backoffLimitPerIndex", spec.backoffLimitPerIndex), ("maxFailedIndexes", spec.maxFailedIndexes),
        ] {
            errors += nonnegative(value, "\(path).\(name)")
        }
        errors += mode(spec, at: path)
        if spec.successPolicy != nil, spec.completionMode != "Indexed" {
            errors.append(.invalid("\(path).successPolicy", json: "{}", "requires indexed completion mode"))
        }
        if let policy = spec.podReplacementPolicy, !["Failed", "TerminatingOrFailed"].contains(policy) {
            errors.append(.notSupported("\(path).podReplacementPolicy", policy, ["Failed", "TerminatingOrFailed"]))
        }
        errors += PodValidation.check(spec.template, at: "\(path).template")
        let policy = spec.template.spec.restartPolicy
        let place = "\(path).template.spec.restartPolicy"
        let wanted = "valid values: \"OnFailure\", \"Never\""
        if policy.isEmpty || policy == "Always" {
            errors.append(.required(place, wanted))
        } else if policy != "OnFailure", policy != "Never" {
            errors.append(.invalid(place, policy, wanted))
        } else if spec.podFailurePolicy != nil, policy != "Never" {
            errors.append(.invalid(place, policy, "only \"Never\" is supported when podFailurePolicy is specified"))
        }
        return errors
    }

    private static func mode(_ spec: Kubernetes.JobSpec, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if let mode = spec.completionMode, mode != "Indexed", mode != "NonIndexed" {
            errors.append(.notSupported("\(path).completionMode", mode, ["Indexed", "NonIndexed"]))
        }
        guard spec.completionMode == "Indexed" else {
            for (name, value) in [
                ("backoffLimitPerIndex", spec.backoffLimitPerIndex), ("maxFailedIndexes", spec.maxFailedIndexes),
            ] {
                if let value { errors.append(.invalid("\(path).\(name)", value, "requires indexed completion mode")) }
            }
            return errors
        }
        if spec.completions == nil {
            errors.append(.required("\(path).completions", "when completion mode is Indexed"))
        }
        if let parallelism = spec.parallelism, parallelism > 100_000 {
            errors.append(
                .invalid(
                    "\(path).parallelism", parallelism,
                    "must be less than or equal to 100000 when completion mode is Indexed"))
        }
        if let limit = spec.maxFailedIndexes, let completions = spec.completions, limit > completions {
            errors.append(.invalid("\(path).maxFailedIndexes", limit, "must be less than or equal to completions"))
        }
        if spec.maxFailedIndexes != nil, spec.backoffLimitPerIndex == nil {
            errors.append(.required("\(path).backoffLimitPerIndex", "when maxFailedIndexes is specified"))
        }
        return errors
    }

    static func check(_ object: Kubernetes.CronJob) -> [FieldError] {
        let spec = object.spec
        var errors: [FieldError] = []
        // The controller adds eleven characters, and pods have to have names too.
        if object.metadata.name.utf8.count > 52 {
            errors.append(.invalid("metadata.name", object.metadata.name, "must be no more than 52 characters"))
        }
        errors += schedule(spec)
        if let seconds = spec.startingDeadlineSeconds, seconds < 0 {
            errors.append(
                .invalid("spec.startingDeadlineSeconds", json: String(seconds), "must be greater than or equal to 0"))
        }
        errors += zone(spec.timeZone)
        errors += ServiceValidation.word(
            spec.concurrencyPolicy, "spec.concurrencyPolicy", ["Allow", "Forbid", "Replace"])
        errors += check(spec.jobTemplate.spec, at: "spec.jobTemplate.spec")
        errors += nonnegative(spec.successfulJobsHistoryLimit, "spec.successfulJobsHistoryLimit")
        return errors + nonnegative(spec.failedJobsHistoryLimit, "spec.failedJobsHistoryLimit")
    }

    private static func schedule(_ spec: Kubernetes.CronJobSpec) -> [FieldError] {
        if spec.schedule.isEmpty { return [.required("spec.schedule")] }
        var errors: [FieldError] = []
        do throws(CronSchedule.Failure) { _ = try CronSchedule(spec.schedule) } catch {
            errors.append(.invalid("spec.schedule", spec.schedule, error.text))
        }
        if spec.schedule.contains("TZ") {
            errors.append(
                .invalid("spec.schedule", spec.schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"))
        }
        return errors
    }

    private static func zone(_ zone: String?) -> [FieldError] {
        guard let zone else { return [] }
        if zone.isEmpty { return [.invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string")] }
        if zone.lowercased() == "local" {
            return [
                .invalid(
                    "spec.timeZone", zone,
                    "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones")
            ]
        }
        return TimeZone(identifier: zone) == nil ? [.invalid("spec.timeZone", zone, "unknown time zone \(zone)")] : []
    }
}
