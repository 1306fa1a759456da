import HawseModel

/// Workloads (`pkg/apis/apps/validation`, `pkg/apis/batch/validation`); other kinds get the checks of metadata only.
enum WorkloadValidation {
    static func check(_ object: any KubernetesObject, old: (any KubernetesObject)?) -> [FieldError] {
        let isNamespaced = Swift.type(of: object).isNamespaced
        // Pods of a StatefulSet have its name as hostname.
        let name = object is Kubernetes.StatefulSet && old == nil ? NameFormat.label : NameFormat.subdomain
        let metadata = MetadataValidation.check(object.metadata, isNamespaced: isNamespaced, name: name)
        switch object {
        case let deployment as Kubernetes.Deployment:
            return metadata + check(deployment, old: old as? Kubernetes.Deployment)
        case let set as Kubernetes.ReplicaSet: return metadata + check(set, old: old as? Kubernetes.ReplicaSet)
        case let controller as Kubernetes.ReplicationController: return metadata + check(controller)
        case let set as Kubernetes.StatefulSet: return metadata + check(set, old: old as? Kubernetes.StatefulSet)
        case let set as Kubernetes.DaemonSet: return metadata + check(set, old: old as? Kubernetes.DaemonSet)
        case let job as Kubernetes.Job: return metadata + JobValidation.check(job, old: old as? Kubernetes.Job)
        case let cron as Kubernetes.CronJob: return metadata + JobValidation.check(cron, old: old as? Kubernetes.CronJob)
        default: return metadata
        }
    }

    static func nonnegative(_ value: Int?, _ path: String) -> [FieldError] {
        guard let value, value < 0 else { return [] }
        return [.invalid(path, value, "must be greater than or equal to 0")]
    }

    // MARK: Selectors and templates

    /// A selector and the template that it has to fit. A selector that cannot be made is refused once more, and then nobody
    /// looks at the template; one that is missing fits no template.
    private static func selector(
        _ selector: Kubernetes.LabelSelector?, _ kind: String, invalid: String,
        template: () -> [FieldError]
    ) -> [FieldError] {
        guard let selector else { return [.required("spec.selector")] + template() }
        let json = JSONWriter.compact(selector.written())
        let problems = MetadataValidation.selector(selector, at: "spec.selector")
        var errors = problems
        if selector.isEmpty { errors.append(.invalid("spec.selector", json: json, "empty selector is invalid for \(kind)")) }
        if !problems.isEmpty { return errors + [.invalid("spec.selector", json: json, invalid)] }
        return errors + template()
    }

    private static func misfit(
        _ selector: Kubernetes.LabelSelector?, _ labels: [String: String]
    ) -> [FieldError] {
        if let selector, selector.isEmpty || selector.matches(labels) { return [] }
        let json = labels.isEmpty ? "null" : JSONWriter.compact(labels.written())
        return [.invalid("spec.template.metadata.labels", json: json, "`selector` does not match template `labels`")]
    }

    /// What every controller of pods that run for ever asks of its template.
    private static func template(
        _ template: Kubernetes.PodTemplate, _ kind: String, selector: Kubernetes.LabelSelector?
    ) -> [FieldError] {
        misfit(selector, template.metadata.labels) + PodValidation.check(template, at: "spec.template") + forEver(template, kind)
    }

    private static func forEver(_ template: Kubernetes.PodTemplate, _ kind: String) -> [FieldError] {
        var errors: [FieldError] = []
        if template.spec.restartPolicy != "Always" {
            errors.append(.notSupported("spec.template.spec.restartPolicy", template.spec.restartPolicy, ["Always"]))
        }
        if template.spec.activeDeadlineSeconds != nil {
            errors.append(
                .forbidden(
                    "spec.template.spec.activeDeadlineSeconds", "activeDeadlineSeconds in \(kind) is not Supported"))
        }
        return errors
    }

    private static func immutable(
        _ new: Kubernetes.LabelSelector?, _ old: Kubernetes.LabelSelector?
    ) -> [FieldError] {
        guard let new, new != old else { return [] }
        return [.invalid("spec.selector", json: JSONWriter.compact(new.written()), "field is immutable")]
    }

    // MARK: Kinds

    private static func check(_ object: Kubernetes.Deployment, old: Kubernetes.Deployment?) -> [FieldError] {
        let spec = object.spec
        var errors = nonnegative(spec.replicas, "spec.replicas")
        // A Deployment's template is held to the rules of the ReplicaSet that it becomes.
        errors += selector(spec.selector, "deployment", invalid: "invalid label selector") {
            template(spec.template, "ReplicaSet", selector: spec.selector)
        }
        errors += strategy(spec.strategy)
        errors += nonnegative(spec.minReadySeconds, "spec.minReadySeconds")
        errors += nonnegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit")
        if let deadline = spec.progressDeadlineSeconds {
            errors += nonnegative(deadline, "spec.progressDeadlineSeconds")
            if deadline <= spec.minReadySeconds {
                errors.append(.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"))
            }
        }
        return old.map { errors + immutable(spec.selector, $0.spec.selector) } ?? errors
    }

    private static func strategy(_ strategy: Kubernetes.DeploymentStrategy) -> [FieldError] {
        switch strategy.type {
        case "Recreate":
            return strategy.rollingUpdate == nil
                ? []
                : [
                    .forbidden(
                        "spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")
                ]
        case "RollingUpdate":
            guard let update = strategy.rollingUpdate else {
                return [.required("spec.strategy.rollingUpdate", "this should be defaulted and never be nil")]
            }
            let path = "spec.strategy.rollingUpdate"
            var errors = share(update.maxUnavailable, at: "\(path).maxUnavailable")
            errors += share(update.maxSurge, at: "\(path).maxSurge")
            if isZero(update.maxUnavailable), isZero(update.maxSurge) {
                errors.append(
                    .invalid("\(path).maxUnavailable", json: json(update.maxUnavailable), "may not be 0 when `maxSurge` is 0"))
            }
            return errors + atMostAll(update.maxUnavailable, at: "\(path).maxUnavailable")
        default: return [unknown(strategy.written(), "spec.strategy", ["Recreate", "RollingUpdate"])]
        }
    }

    private static func unknown(_ value: ManifestNode, _ path: String, _ known: [String]) -> FieldError {
        let list = known.map { FieldError.quoted($0) }.joined(separator: ", ")
        return FieldError(
            .notSupported, path, "Unsupported value: \(JSONWriter.compact(value)): supported values: \(list)")
    }

    /// A count or a percentage, not negative (`ValidatePositiveIntOrPercent`).
    static func share(_ value: Kubernetes.IntOrString?, at path: String) -> [FieldError] {
        switch value {
        case nil: return []
        case .int(let number): return nonnegative(number, path)
        case .string(let text):
            if percent(text) != nil { return [] }
            return [
                .invalid(
                    path, text,
                    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex "
                        + "used for validation is '[0-9]+%')")
            ]
        }
    }

    static func atMostAll(_ value: Kubernetes.IntOrString?, at path: String) -> [FieldError] {
        guard case .string(let text)? = value, let percent = percent(text), percent > 100 else { return [] }
        return [.invalid(path, text, "must not be greater than 100%")]
    }

    private static func percent(_ text: String) -> Int? {
        guard text.hasSuffix("%"), text.dropLast().utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text.dropLast())
    }

    private static func isZero(_ value: Kubernetes.IntOrString?) -> Bool {
        switch value {
        case nil: true
        case .int(let number): number == 0
        case .string(let text): (percent(text) ?? 0) == 0
        }
    }

    private static func json(_ value: Kubernetes.IntOrString?) -> String { value.map { JSONWriter.compact($0.written()) } ?? "0" }

    private static func check(_ object: Kubernetes.ReplicaSet, old: Kubernetes.ReplicaSet?) -> [FieldError] {
        let errors = nonnegative(object.spec.replicas, "spec.replicas")
            + nonnegative(object.spec.minReadySeconds, "spec.minReadySeconds")
            + selector(object.spec.selector, "deployment", invalid: "invalid label selector") {
                template(object.spec.template, "ReplicaSet", selector: object.spec.selector)
            }
        return old.map { errors + immutable(object.spec.selector, $0.spec.selector) } ?? errors
    }

    private static func check(_ object: Kubernetes.ReplicationController) -> [FieldError] {
        var errors = nonnegative(object.spec.minReadySeconds, "spec.minReadySeconds")
        if object.spec.selector.isEmpty { errors.append(.required("spec.selector")) }
        errors += nonnegative(object.spec.replicas, "spec.replicas")
        guard let template = object.spec.template else { return errors + [.required("spec.template")] }
        return errors + self.template(
            template, "ReplicationController", selector: Kubernetes.LabelSelector(matchLabels: object.spec.selector))
    }

    private static func check(_ object: Kubernetes.StatefulSet, old: Kubernetes.StatefulSet?) -> [FieldError] {
        let spec = object.spec
        var errors: [FieldError] = []
        if !["OrderedReady", "Parallel"].contains(spec.podManagementPolicy) {
            errors.append(
                .invalid("spec.podManagementPolicy", spec.podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"))
        }
        errors += updates(spec.updateStrategy)
        for field in ["whenDeleted", "whenScaled"] {
            guard let word = spec.persistentVolumeClaimRetentionPolicy?[field]?.text, !word.isEmpty else { continue }
            errors += ServiceValidation.word(
                word, "spec.persistentVolumeClaimRetentionPolicy.\(field)", ["Retain", "Delete"])
        }
        errors += nonnegative(spec.replicas, "spec.replicas") + nonnegative(spec.minReadySeconds, "spec.minReadySeconds")
        errors += nonnegative(spec.ordinals?.start, "spec.ordinals.start")
        if !spec.serviceName.isEmpty, old == nil {
            errors += NameFormat.label(spec.serviceName).map { .invalid("spec.serviceName", spec.serviceName, $0) }
        }
        // The server does not look at the containers of a StatefulSet: their volumes may come from its claims.
        errors += selector(spec.selector, "statefulset", invalid: "") {
            misfit(spec.selector, spec.template.metadata.labels) + PodValidation.metadata(spec.template, at: "spec.template")
        }
        errors += forEver(spec.template, "StatefulSet")
        guard let old else { return errors }
        return errors + statefulSetUpdate(spec, old.spec)
    }

    private static func updates(_ strategy: Kubernetes.UpdateStrategy) -> [FieldError] {
        switch strategy.type {
        case "OnDelete":
            guard let update = strategy.rollingUpdate else { return [] }
            return [
                .invalid(
                    "spec.updateStrategy.rollingUpdate", json: InternalForm.statefulUpdate.json(update.written()),
                    "only allowed for updateStrategy 'RollingUpdate'")
            ]
        case "RollingUpdate":
            return nonnegative(strategy.rollingUpdate?.partition, "spec.updateStrategy.rollingUpdate.partition")
        default:
            return [
                .invalid(
                    "spec.updateStrategy", json: InternalForm.statefulStrategy.json(strategy.written()),
                    "must be 'RollingUpdate' or 'OnDelete'")
            ]
        }
    }

    private static func statefulSetUpdate(
        _ new: Kubernetes.StatefulSetSpec, _ old: Kubernetes.StatefulSetSpec
    ) -> [FieldError] {
        var allowed = new
        allowed.replicas = old.replicas
        allowed.ordinals = old.ordinals
        allowed.template = old.template
        allowed.updateStrategy = old.updateStrategy
        allowed.revisionHistoryLimit = old.revisionHistoryLimit
        allowed.persistentVolumeClaimRetentionPolicy = old.persistentVolumeClaimRetentionPolicy
        allowed.minReadySeconds = old.minReadySeconds
        if allowed == old { return [] }
        return [
            .forbidden(
                "spec",
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
                    + "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden")
        ]
    }

    private static func check(_ object: Kubernetes.DaemonSet, old: Kubernetes.DaemonSet?) -> [FieldError] {
        let spec = object.spec
        var errors: [FieldError] = []
        if let selector = spec.selector { errors += MetadataValidation.selector(selector, at: "spec.selector") }
        // Without a selector nothing matches.
        if errors.isEmpty { errors += misfit(spec.selector, spec.template.metadata.labels) }
        if let selector = spec.selector, selector.isEmpty {
            errors.append(
                .invalid(
                    "spec.selector", json: JSONWriter.compact(selector.written()),
                    "empty selector is invalid for daemonset"))
        }
        errors += PodValidation.check(spec.template, at: "spec.template") + forEver(spec.template, "DaemonSet")
        errors += nonnegative(spec.minReadySeconds, "spec.minReadySeconds")
        errors += daemonStrategy(spec.updateStrategy)
        errors += nonnegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit")
        return old.map { errors + immutable(spec.selector, $0.spec.selector) } ?? errors
    }

    private static func daemonStrategy(_ strategy: Kubernetes.UpdateStrategy) -> [FieldError] {
        if strategy.type == "OnDelete" { return [] }
        guard strategy.type == "RollingUpdate" else {
            return [unknown(strategy.written(), "spec.updateStrategy", ["RollingUpdate", "OnDelete"])]
        }
        let path = "spec.updateStrategy.rollingUpdate"
        guard let update = strategy.rollingUpdate else { return [.required(path)] }
        var errors = share(update.maxUnavailable, at: "\(path).maxUnavailable")
        errors += atMostAll(update.maxUnavailable, at: "\(path).maxUnavailable")
        errors += share(update.maxSurge, at: "\(path).maxSurge") + atMostAll(update.maxSurge, at: "\(path).maxSurge")
        switch (isZero(update.maxUnavailable), isZero(update.maxSurge)) {
        case (false, false):
            errors.append(
                .invalid("\(path).maxSurge", json: json(update.maxSurge), "may not be set when maxUnavailable is non-zero"))
        case (true, true):
            errors.append(.required("\(path).maxUnavailable", "cannot be 0 when maxSurge is 0"))
        default: break
        }
        return errors
    }
}
