/// `ValidateJobUpdateStatus`: what is wrong with a Job's new status, as far as the update changes it.
enum JobStatusValidation {
    static func check(_ new: Kubernetes.Job, old: Kubernetes.Job) -> [FieldError] {
        let rules = Rules(new: new, old: old)
        return rules.numbers() + rules.ends() + rules.indexes() + rules.activity() + rules.criteria() + rules.steps()
    }

    private struct Rules {
        let new: Kubernetes.Job
        let old: Kubernetes.Job
        var status: Kubernetes.JobStatus { new.status }

        private func has(_ type: String, _ job: Kubernetes.Job) -> Bool {
            job.status.conditions.contains { $0.type == type && $0.status == "True" }
        }
        private func isFinished(_ job: Kubernetes.Job) -> Bool { has("Complete", job) || has("Failed", job) }
        private func changed(_ type: String) -> Bool { has(type, new) != has(type, old) }
        private func condition(_ detail: String) -> FieldError {
            FieldError(.invalid, "status.conditions", "Invalid value: \(detail)")
        }
        private func time(_ time: Kubernetes.Time?) -> String { time.map { JSONWriter.compact($0.written()) } ?? "null" }

        func numbers() -> [FieldError] {
            var fields = [("active", status.active), ("succeeded", status.succeeded), ("failed", status.failed)]
            if let ready = status.ready { fields.append(("ready", ready)) }
            if let terminating = status.terminating { fields.append(("terminating", terminating)) }
            return StatusValidation.counts(fields)
        }

        /// How a Job ended, and when.
        func ends() -> [FieldError] {
            var errors: [FieldError] = []
            let (isComplete, isFailed) = (has("Complete", new), has("Failed", new))
            if changed("Complete") || changed("Failed"), isComplete, isFailed {
                errors.append(condition("cannot set Complete=True and Failed=true conditions"))
            }
            if changed("Complete") || changed("FailureTarget"), isComplete, has("FailureTarget", new) {
                errors.append(condition("cannot set Complete=True and FailureTarget=true conditions"))
            }
            let end = "status.completionTime"
            if changed("Complete") || status.completionTime != old.status.completionTime {
                if status.completionTime != nil, !isComplete {
                    errors.append(
                        .invalid(
                            end, json: time(status.completionTime),
                            "cannot set completionTime when there is no Complete=True condition"))
                }
                if status.completionTime == nil, isComplete {
                    errors.append(.required(end, "completionTime is required for Complete jobs"))
                }
            }
            if let start = status.startTime, let stop = status.completionTime, stop < start,
                status.startTime != old.status.startTime || status.completionTime != old.status.completionTime
            {
                errors.append(.invalid(end, json: time(stop), "completionTime cannot be set before startTime"))
            }
            if changed("Failed"), isFailed, !has("FailureTarget", new) {
                errors.append(condition("cannot set Failed=True condition without the FailureTarget=true condition"))
            }
            if changed("Complete"), isComplete, !has("SuccessCriteriaMet", new) {
                errors.append(condition("cannot set Complete=True condition without the SuccessCriteriaMet=true condition"))
            }
            if isFinished(new) { errors += finished() }
            return errors
        }

        /// Nothing of a finished Job is under way.
        private func finished() -> [FieldError] {
            var errors: [FieldError] = []
            let isNew = !isFinished(old)
            if status.active > 0, isNew || status.active != old.status.active {
                errors.append(.invalid("status.active", status.active, "active>0 is invalid for finished job"))
            }
            if status.startTime == nil, isNew || old.status.startTime != nil {
                errors.append(.required("status.startTime", "startTime is required for finished job"))
            }
            if let pods = status.uncountedTerminatedPods, isNew || pods != old.status.uncountedTerminatedPods,
                ["succeeded", "failed"].contains(where: { pods[$0]?.items?.isEmpty == false })
            {
                errors.append(
                    .invalid(
                        "status.uncountedTerminatedPods", json: uncounted.json(pods),
                        "uncountedTerminatedPods needs to be empty for finished job"))
            }
            return errors
        }

        private var uncounted: InternalForm {
            .fields([("Succeeded", "succeeded", .value), ("Failed", "failed", .value)])
        }

        func activity() -> [FieldError] {
            var errors: [FieldError] = []
            let isNew = !isFinished(old)
            if let count = status.terminating, count > 0, isFinished(new), isNew || count != old.status.terminating {
                errors.append(.invalid("status.terminating", count, "terminating>0 is invalid for finished job"))
            }
            if let ready = status.ready, ready > status.active,
                ready != old.status.ready || status.active != old.status.active
            {
                errors.append(.invalid("status.ready", ready, "cannot set more ready pods than active"))
            }
            return errors
        }

        func indexes() -> [FieldError] {
            let completions = new.spec.completions
            let (done, failed) = (status.completedIndexes, status.failedIndexes)
            let (isDoneNew, isFailedNew) = (done != old.status.completedIndexes, failed != old.status.failedIndexes)
            var errors: [FieldError] = []
            let donePath = "status.completedIndexes"
            let failedPath = "status.failedIndexes"
            if isDoneNew, let completions, let fault = JobPolicyValidation.fault(inIndexes: done, completions) {
                errors.append(.invalid(donePath, done, "error parsing completedIndexes: \(fault)"))
            }
            if isFailedNew, let completions, new.spec.backoffLimitPerIndex != nil, let failed,
                let fault = JobPolicyValidation.fault(inIndexes: failed, completions)
            {
                errors.append(.invalid(failedPath, failed, "error parsing failedIndexes: \(fault)"))
            }
            if isDoneNew, !done.isEmpty, new.spec.completionMode != "Indexed" {
                errors.append(
                    .invalid(donePath, done, "cannot set non-empty completedIndexes when non-indexed completion mode"))
            }
            if isFailedNew, new.spec.backoffLimitPerIndex == nil, let failed {
                errors.append(
                    .invalid(failedPath, failed, "cannot set non-null failedIndexes when backoffLimitPerIndex is null"))
            }
            return errors
        }

        func criteria() -> [FieldError] {
            guard has("SuccessCriteriaMet", new) else {
                return new.spec.successPolicy != nil && has("Complete", new)
                    ? [condition("cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True")] : []
            }
            var errors: [FieldError] = []
            if has("Failed", new) {
                errors.append(condition("cannot set SuccessCriteriaMet=True and Failed=true conditions"))
            }
            if has("FailureTarget", new) {
                errors.append(condition("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions"))
            }
            return errors
        }

        /// What never goes back.
        func steps() -> [FieldError] {
            var errors: [FieldError] = []
            for type in ["Failed", "Complete", "FailureTarget"] where has(type, old) && !has(type, new) {
                errors.append(condition("cannot disable the terminal \(type)=True condition"))
            }
            if status.failed < old.status.failed {
                errors.append(.invalid("status.failed", status.failed, "cannot decrease the failed counter"))
            }
            let isElastic = new.spec.completionMode == "Indexed" && new.spec.completions == new.spec.parallelism
            if status.succeeded < old.status.succeeded, !isElastic {
                errors.append(.invalid("status.succeeded", status.succeeded, "cannot decrease the succeeded counter"))
            }
            if let time = status.completionTime, let before = old.status.completionTime, time != before {
                errors.append(
                    .invalid("status.completionTime", json: self.time(time), "completionTime cannot be mutated"))
            }
            if let start = old.status.startTime, status.startTime != start, new.spec.suspend != true {
                errors.append(.required("status.startTime", "startTime cannot be removed for unsuspended job"))
            }
            let (wasMet, isMet) = (has("SuccessCriteriaMet", old), has("SuccessCriteriaMet", new))
            if wasMet, !isMet { errors.append(condition("cannot disable the SuccessCriteriaMet=True condition")) }
            if has("Complete", old), !wasMet, isMet {
                errors.append(
                    condition("cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"))
            }
            return errors
        }
    }
}
