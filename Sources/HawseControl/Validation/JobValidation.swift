import Foundation

/// Jobs and CronJobs (`pkg/apis/batch/validation`).
enum JobValidation {
    static func check(_ job: Kubernetes.Job, old: Kubernetes.Job?) -> [FieldError] {
        var errors = old == nil ? generated(job) : []
        errors += check(job.spec, at: "spec") + selector(job.spec)
        if old == nil, job.spec.completionMode == "Indexed", let completions = job.spec.completions, completions > 0 {
            let hostname = "\(job.metadata.name)-\(completions - 1)"
            if !NameFormat.label(hostname).isEmpty {
                errors.append(
                    .invalid(
                        "metadata.name", job.metadata.name,
                        "will not able to create pod with invalid DNS label: \(hostname)"))
            }
        }
        return old.map { errors + changes(job.spec, $0) } ?? errors
    }

    /// A Job's selector is made for it, with labels that its template has to have (`validateGeneratedSelector`).
    private static func generated(_ job: Kubernetes.Job) -> [FieldError] {
        guard job.spec.manualSelector != true, let selector = job.spec.selector else { return [] }
        let (uid, name, domain) = (job.metadata.uid, job.metadata.name, "batch.kubernetes.io/")
        let labels = job.spec.template.metadata.labels
        var errors: [FieldError] = []
        for (key, wanted) in [
            ("controller-uid", uid), ("job-name", name), ("\(domain)controller-uid", uid), ("\(domain)job-name", name),
        ] {
            let place = "spec.template.metadata.labels[\(key)]"
            guard let value = labels[key] else {
                // Before it is stored, a Job has neither an identity nor the labels that carry it.
                if !uid.isEmpty { errors.append(.required(place, "must be '\(wanted)'")) }
                continue
            }
            if value != wanted {
                errors.append(.invalid(place, json: JSONWriter.compact(labels.written()), "must be '\(wanted)'"))
            }
        }
        let made = [
            "controller-uid": uid, "job-name": name, "\(domain)controller-uid": uid, "\(domain)job-name": name,
        ]
        if MetadataValidation.selector(selector, at: "").isEmpty, !selector.matches(made) {
            errors.append(
                .invalid("spec.selector", json: JSONWriter.compact(selector.written()), "`selector` not auto-generated"))
        }
        return errors
    }

    private static func selector(_ spec: Kubernetes.JobSpec) -> [FieldError] {
        let labels = spec.template.metadata.labels
        var errors: [FieldError] = []
        if let selector = spec.selector {
            errors = MetadataValidation.selector(selector, at: "spec.selector")
            if !errors.isEmpty || selector.matches(labels) { return errors }
        } else {
            errors = [.required("spec.selector")]
        }
        return errors + [
            .invalid(
                "spec.template.metadata.labels", json: labels.isEmpty ? "null" : JSONWriter.compact(labels.written()),
                "`selector` does not match template `labels`")
        ]
    }

    /// Once made, a Job does the same thing as often as it was asked to (`ValidateJobSpecUpdate`).
    private static func changes(_ new: Kubernetes.JobSpec, _ job: Kubernetes.Job) -> [FieldError] {
        let old = job.spec
        var errors: [FieldError] = []
        func fixed<T: FieldValue>(_ path: String, _ a: T?, _ b: T?, _ form: InternalForm = .value) {
            guard a != b else { return }
            errors.append(.invalid(path, json: form.json(a?.written()), "field is immutable"))
        }
        if new.completionMode != "Indexed" {
            fixed("spec.completions", new.completions, old.completions)
        } else if let completions = new.completions, completions != old.completions, completions != new.parallelism {
            errors.append(
                .invalid("spec.completions", completions, "can only be modified in tandem with spec.parallelism"))
        }
        fixed("spec.selector", new.selector, old.selector)
        fixed("spec.template", new.template, isAtRest(job) ? adjusted(old.template, as: new.template) : old.template)
        fixed("spec.completionMode", new.completionMode, old.completionMode)
        fixed("spec.podFailurePolicy", new.podFailurePolicy, old.podFailurePolicy, .podFailurePolicy)
        fixed("spec.backoffLimitPerIndex", new.backoffLimitPerIndex, old.backoffLimitPerIndex)
        fixed("spec.managedBy", new.managedBy, old.managedBy)
        fixed("spec.successPolicy", new.successPolicy, old.successPolicy, .successPolicy)
        return errors
    }

    /// Whether a Job is suspended and has no pods: it never started, or its controller has said that it stopped it.
    private static func isAtRest(_ job: Kubernetes.Job) -> Bool {
        guard job.spec.suspend == true, job.status.active == 0 else { return false }
        return job.status.startTime == nil || job.status.conditions.contains { $0.type == "Suspended" && $0.status == "True" }
    }

    /// At rest, where a Job's pods may run and what they ask for may still be changed.
    private static func adjusted(_ old: Kubernetes.PodTemplate, as new: Kubernetes.PodTemplate) -> Kubernetes.PodTemplate {
        var result = old
        if let node = new.spec.affinity?.nodeAffinity {
            if result.spec.affinity == nil { result.spec.affinity = Kubernetes.Affinity() }
            result.spec.affinity?.nodeAffinity = node
        } else {
            result.spec.affinity?.nodeAffinity = nil
            if new.spec.affinity == nil, result.spec.affinity == Kubernetes.Affinity() { result.spec.affinity = nil }
        }
        result.spec.nodeSelector = new.spec.nodeSelector
        result.spec.tolerations = new.spec.tolerations
        result.spec.schedulingGates = new.spec.schedulingGates
        result.metadata.labels = new.metadata.labels
        result.metadata.annotations = new.metadata.annotations
        take(&result.spec.containers, from: new.spec.containers)
        take(&result.spec.initContainers, from: new.spec.initContainers)
        return result
    }

    private static func take(_ containers: inout [Kubernetes.Container], from new: [Kubernetes.Container]) {
        guard containers.count == new.count else { return }
        for index in containers.indices { containers[index].resources = new[index].resources }
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
        if spec.maxFailedIndexes != nil, spec.backoffLimitPerIndex == nil {
            errors.append(.required("\(path).backoffLimitPerIndex", "when maxFailedIndexes is specified"))
        }
        if let name = spec.managedBy {
            errors += MetadataValidation.domainPrefixedPath(name, at: "\(path).managedBy")
            if name.utf8.count > 63 { errors.append(.tooLong("\(path).managedBy", maximum: 63)) }
        }
        errors += mode(spec, at: path)
        errors += JobPolicyValidation.check(spec, at: path)
        errors += PodValidation.check(spec.template, at: "\(path).template")
        let policy = spec.template.spec.restartPolicy
        let place = "\(path).template.spec.restartPolicy"
        if policy.isEmpty || policy == "Always" {
            errors.append(.required(place, "valid values: \"OnFailure\", \"Never\""))
        } else if policy != "OnFailure", policy != "Never" {
            errors.append(.notSupported(place, policy, ["OnFailure", "Never"]))
        } else if spec.podFailurePolicy != nil, policy != "Never" {
            errors.append(.invalid(place, policy, "only \"Never\" is supported when podFailurePolicy is specified"))
        }
        return errors
    }

    private static func mode(_ spec: Kubernetes.JobSpec, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if let mode = spec.completionMode, mode != "Indexed", mode != "NonIndexed" {
            errors.append(.notSupported("\(path).completionMode", mode, ["NonIndexed", "Indexed"]))
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
        if let limit = spec.maxFailedIndexes, limit > 100_000 {
            errors.append(.invalid("\(path).maxFailedIndexes", limit, "must be less than or equal to 100000"))
        }
        return errors + many(spec, at: path)
    }

    /// Above 100,000 completions a limit for each index costs too much status.
    private static func many(_ spec: Kubernetes.JobSpec, at path: String) -> [FieldError] {
        guard let completions = spec.completions, completions > 100_000, spec.backoffLimitPerIndex != nil else { return [] }
        let detail = "must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index"
        var errors: [FieldError] = []
        if spec.maxFailedIndexes == nil {
            errors.append(.required("\(path).maxFailedIndexes", "must be specified when completions is above 100000"))
        }
        for (name, value) in [("parallelism", spec.parallelism), ("maxFailedIndexes", spec.maxFailedIndexes)] {
            if let value, value > 10_000 { errors.append(.invalid("\(path).\(name)", value, detail)) }
        }
        return errors
    }

    static func check(_ object: Kubernetes.CronJob, old: Kubernetes.CronJob?) -> [FieldError] {
        let spec = object.spec
        var errors: [FieldError] = []
        errors += schedule(spec, had: old?.spec.schedule.contains("TZ") == true)
        if let seconds = spec.startingDeadlineSeconds, seconds < 0 {
            errors.append(
                .invalid("spec.startingDeadlineSeconds", json: String(seconds), "must be greater than or equal to 0"))
        }
        if old == nil || old?.spec.timeZone != spec.timeZone { errors += zone(spec.timeZone) }
        errors += ServiceValidation.word(
            spec.concurrencyPolicy, "spec.concurrencyPolicy", ["Allow", "Forbid", "Replace"])
        errors += check(spec.jobTemplate.spec, at: "spec.jobTemplate.spec")
        if let selector = spec.jobTemplate.spec.selector {
            errors.append(
                .invalid(
                    "spec.jobTemplate.spec.selector", json: JSONWriter.compact(selector.written()),
                    "`selector` will be auto-generated"))
        }
        if spec.jobTemplate.spec.manualSelector == true {
            errors.append(
                FieldError(
                    .notSupported, "spec.jobTemplate.spec.manualSelector",
                    "Unsupported value: true: supported values: \"nil\", \"false\""))
        }
        errors += nonnegative(spec.successfulJobsHistoryLimit, "spec.successfulJobsHistoryLimit")
        errors += nonnegative(spec.failedJobsHistoryLimit, "spec.failedJobsHistoryLimit")
        // The controller adds eleven characters, and pods have to have names too.
        guard object.metadata.name.utf8.count > 52, old == nil else { return errors }
        return errors + [.invalid("metadata.name", object.metadata.name, "must be no more than 52 characters")]
    }

    /// Zones in schedules are tolerated where they have been.
    private static func schedule(_ spec: Kubernetes.CronJobSpec, had hadZone: Bool) -> [FieldError] {
        if spec.schedule.isEmpty { return [.required("spec.schedule")] }
        var errors: [FieldError] = []
        do throws(CronSchedule.Failure) { _ = try CronSchedule(spec.schedule) } catch {
            errors.append(.invalid("spec.schedule", spec.schedule, error.text))
        }
        guard spec.schedule.contains("TZ"), !hadZone || spec.timeZone != nil else { return errors }
        let fault = hadZone
            ? "cannot use both timeZone field and TZ or CRON_TZ in schedule"
            : "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        return errors + [.invalid("spec.schedule", spec.schedule, fault)]
    }

    private static func zone(_ zone: String?) -> [FieldError] {
        guard let zone else { return [] }
        if zone.isEmpty { return [.invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string")] }
        // Names of zones are names of files: no part beyond 14 characters, none that leads elsewhere.
        let isName = zone.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part.utf8.count <= 14 && part != "." && part != ".." && !part.hasPrefix("-")
                && part.utf8.allSatisfy { isZoneCharacter($0) }
        }
        if !isName { return [.invalid("spec.timeZone", zone, "unknown time zone \(zone)")] }
        var errors: [FieldError] = []
        if zone.lowercased() == "local" {
            errors.append(
                .invalid(
                    "spec.timeZone", zone,
                    "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"))
        }
        if zone != "Local", TimeZone(identifier: zone) == nil {
            errors.append(.invalid("spec.timeZone", zone, "unknown time zone \(zone)"))
        }
        return errors
    }

    private static func isZoneCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "+")
        }
    }
}
