import Foundation
import HawseWire

/// Workloads (`pkg/apis/apps/validation`, `pkg/apis/batch/validation`); other kinds get the checks of metadata only.
enum WorkloadValidation {
    static func check(_ object: any KubernetesObject, old: (any KubernetesObject)?) -> [FieldError] {
        if object is Kubernetes.IPAddress {
            return MetadataValidation.check(object.metadata, isNamespaced: false) { name in
                IPAddress(name)?.description == name ? [] : ["must be a valid IP address in canonical form"]
            }
        }
        let isNamespaced = Swift.type(of: object).isNamespaced
        let metadata = MetadataValidation.check(object.metadata, isNamespaced: isNamespaced, name: NameFormat.subdomain)
        switch object {
        case let deployment as Kubernetes.Deployment:
            return metadata + check(deployment, old: old as? Kubernetes.Deployment)
        case let set as Kubernetes.ReplicaSet:
            return metadata + nonnegative(set.spec.replicas, "spec.replicas")
                + workload(set.spec.selector, set.spec.template, "ReplicaSet")
        case let controller as Kubernetes.ReplicationController: return metadata + check(controller)
        case let set as Kubernetes.StatefulSet: return metadata + check(set)
        case let set as Kubernetes.DaemonSet: return metadata + workload(set.spec.selector, set.spec.template, "DaemonSet")
        case let job as Kubernetes.Job: return metadata + check(job.spec, at: "spec", isTemplate: false)
        case let cron as Kubernetes.CronJob: return metadata + check(cron)
        default: return metadata
        }
    }

    private static func nonnegative(_ value: Int?, _ path: String) -> [FieldError] {
        guard let value, value < 0 else { return [] }
        return [.invalid(path, value, "must be greater than or equal to 0")]
    }

    /// Selector, template and the policy that controllers want.
    private static func workload(
        _ selector: Kubernetes.LabelSelector?, _ template: Kubernetes.PodTemplate, _ kind: String
    ) -> [FieldError] {
        var errors: [FieldError] = []
        if let selector {
            errors += MetadataValidation.selector(selector, at: "spec.selector")
            if selector.isEmpty {
                errors.append(
                    .invalid(
                        "spec.selector", json: JSONWriter.compact(selector.written()),
                        "empty selector is invalid for \(kind.lowercased())"))
            } else if !selector.matches(template.metadata.labels) {
                errors.append(
                    .invalid(
                        "spec.template.metadata.labels", json: JSONWriter.compact(template.metadata.labels.written()),
                        "`selector` does not match template `labels`"))
            }
        } else {
            errors.append(.required("spec.selector"))
        }
        errors += self.template(template)
        if template.spec.restartPolicy != "Always", !template.spec.restartPolicy.isEmpty {
            errors.append(
                .notSupported("spec.template.spec.restartPolicy", template.spec.restartPolicy, ["Always"]))
        }
        if template.spec.activeDeadlineSeconds != nil {
            errors.append(
                .forbidden(
                    "spec.template.spec.activeDeadlineSeconds", "activeDeadlineSeconds in \(kind) is not Supported"))
        }
        return errors
    }

    private static func template(_ template: Kubernetes.PodTemplate, at path: String = "spec.template") -> [FieldError] {
        MetadataValidation.labels(template.metadata.labels, at: "\(path).metadata.labels")
            + PodValidation.check(template.spec, at: "\(path).spec")
    }

    private static func check(_ object: Kubernetes.Deployment, old: Kubernetes.Deployment?) -> [FieldError] {
        let spec = object.spec
        var errors = nonnegative(spec.replicas, "spec.replicas") + workload(spec.selector, spec.template, "Deployment")
        errors += nonnegative(spec.minReadySeconds, "spec.minReadySeconds")
        errors += nonnegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit")
        switch spec.strategy.type {
        case "Recreate":
            if spec.strategy.rollingUpdate != nil {
                errors.append(
                    .forbidden(
                        "spec.strategy.rollingUpdate",
                        "may not be specified when strategy `type` is 'Recreate'"))
            }
        case "RollingUpdate": errors += rolling(spec.strategy.rollingUpdate)
        default:
            errors += ServiceValidation.word(spec.strategy.type, "spec.strategy.type", ["Recreate", "RollingUpdate"])
        }
        if let deadline = spec.progressDeadlineSeconds, deadline <= spec.minReadySeconds {
            errors.append(
                .invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"))
        }
        if let old, old.spec.selector != spec.selector, let selector = spec.selector {
            errors.append(
                .invalid("spec.selector", json: JSONWriter.compact(selector.written()), "field is immutable"))
        }
        return errors
    }

    private static func rolling(_ update: Kubernetes.RollingUpdate?) -> [FieldError] {
        guard let update else { return [.required("spec.strategy.rollingUpdate", "this should be defaulted and never be nil")] }
        var errors: [FieldError] = []
        let path = "spec.strategy.rollingUpdate"
        for (name, value) in [("maxUnavailable", update.maxUnavailable), ("maxSurge", update.maxSurge)] {
            switch value {
            case .int(let number): errors += nonnegative(number, "\(path).\(name)")
            case .string(let text):
                guard text.hasSuffix("%"), let percent = Int(text.dropLast()), percent >= 0 else {
                    errors.append(
                        .invalid(
                            "\(path).\(name)", text,
                            "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or "
                                + "'93%', regex used for validation is '[0-9]+%')"))
                    continue
                }
                if name == "maxUnavailable", percent > 100 {
                    errors.append(.invalid("\(path).\(name)", text, "must not be greater than 100%"))
                }
            case nil: break
            }
        }
        if update.maxUnavailable?.scaled(of: 100, roundingUp: true) == 0,
            update.maxSurge?.scaled(of: 100, roundingUp: true) == 0
        {
            errors.append(.invalid("\(path).maxUnavailable", 0, "may not be 0 when `maxSurge` is 0"))
        }
        return errors
    }

    private static func check(_ object: Kubernetes.ReplicationController) -> [FieldError] {
        var errors = nonnegative(object.spec.replicas, "spec.replicas")
        if object.spec.selector.isEmpty { errors.append(.required("spec.selector")) }
        guard let template = object.spec.template else { return errors + [.required("spec.template")] }
        let labels = template.metadata.labels
        if !object.spec.selector.allSatisfy({ labels[$0.key] == $0.value }) {
            errors.append(
                .invalid(
                    "spec.template.metadata.labels", json: JSONWriter.compact(labels.written()),
                    "`selector` does not match template `labels`"))
        }
        return errors + self.template(template)
    }

    private static func check(_ object: Kubernetes.StatefulSet) -> [FieldError] {
        var errors = nonnegative(object.spec.replicas, "spec.replicas")
        errors += ServiceValidation.word(
            object.spec.podManagementPolicy, "spec.podManagementPolicy", ["OrderedReady", "Parallel"])
        errors += ServiceValidation.word(
            object.spec.updateStrategy.type, "spec.updateStrategy.type", ["OnDelete", "RollingUpdate"])
        return errors + workload(object.spec.selector, object.spec.template, "StatefulSet")
    }

    private static func check(_ spec: Kubernetes.JobSpec, at path: String, isTemplate: Bool) -> [FieldError] {
        var errors = nonnegative(spec.parallelism, "\(path).parallelism")
        errors += nonnegative(spec.completions, "\(path).completions")
        errors += nonnegative(spec.backoffLimit, "\(path).backoffLimit")
        if spec.completionMode == "Indexed", spec.completions == nil {
            errors.append(.required("\(path).completions", "when completion mode is Indexed"))
        }
        if let mode = spec.completionMode, mode != "Indexed", mode != "NonIndexed" {
            errors.append(.notSupported("\(path).completionMode", mode, ["Indexed", "NonIndexed"]))
        }
        errors += template(spec.template, at: "\(path).template")
        let policy = spec.template.spec.restartPolicy
        if policy != "OnFailure", policy != "Never" {
            errors.append(
                .notSupported("\(path).template.spec.restartPolicy", policy, ["OnFailure", "Never"]))
        }
        return errors
    }

    private static func check(_ object: Kubernetes.CronJob) -> [FieldError] {
        let spec = object.spec
        var errors: [FieldError] = []
        if object.metadata.name.utf8.count > 52 {
            errors.append(.invalid("metadata.name", object.metadata.name, "must be no more than 52 characters"))
        }
        if spec.schedule.isEmpty {
            errors.append(.required("spec.schedule"))
        } else {
            do throws(CronSchedule.Failure) { _ = try CronSchedule(spec.schedule) } catch {
                errors.append(.invalid("spec.schedule", spec.schedule, error.text))
            }
            if spec.schedule.contains("TZ") {
                errors.append(
                    .invalid("spec.schedule", spec.schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"))
            }
        }
        if let zone = spec.timeZone, TimeZone(identifier: zone) == nil || zone.isEmpty {
            errors.append(.invalid("spec.timeZone", zone, "unknown time zone \(zone)"))
        }
        errors += ServiceValidation.word(
            spec.concurrencyPolicy, "spec.concurrencyPolicy", ["Allow", "Forbid", "Replace"])
        errors += nonnegative(spec.successfulJobsHistoryLimit, "spec.successfulJobsHistoryLimit")
        errors += nonnegative(spec.failedJobsHistoryLimit, "spec.failedJobsHistoryLimit")
        return errors + check(spec.jobTemplate.spec, at: "spec.jobTemplate.spec", isTemplate: true)
    }
}
