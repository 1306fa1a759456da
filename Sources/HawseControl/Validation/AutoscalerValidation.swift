/// `ValidateHorizontalPodAutoscaler` of `pkg/apis/autoscaling/validation`.
enum AutoscalerValidation {
    static func check(
        _ object: Kubernetes.HorizontalPodAutoscaler, old: Kubernetes.HorizontalPodAutoscaler?
    ) -> [FieldError] {
        let spec = object.spec
        var errors = MetadataValidation.check(object.metadata, name: NameFormat.subdomain)
        if let minimum = spec.minReplicas, minimum < 1 {
            errors.append(.invalid("spec.minReplicas", minimum, "must be greater than or equal to 1"))
        }
        if spec.maxReplicas == 0 {
            errors.append(.required("spec.maxReplicas", "must be set and greater than 0"))
        } else if spec.maxReplicas < 0 {
            errors.append(.invalid("spec.maxReplicas", spec.maxReplicas, "must be greater than 0"))
        }
        if let minimum = spec.minReplicas, spec.maxReplicas < minimum {
            errors.append(
                .invalid("spec.maxReplicas", spec.maxReplicas, "must be greater than or equal to `minReplicas`"))
        }
        // What was stored once is not looked at again; of the core group only one kind has a scale.
        let (new, before) = (spec.scaleTargetRef, old?.spec.scaleTargetRef)
        let isKnown = before?.kind == new.kind && before?.apiVersion == new.apiVersion
        errors += target(
            new, at: "spec.scaleTargetRef",
            version: isKnown ? .any : new.kind == "ReplicationController" ? .wellFormed : .withGroup)
        for (index, metric) in spec.metrics.enumerated() {
            errors += check(metric, at: "spec.metrics[\(index)]")
        }
        for (name, rules) in [("scaleUp", spec.behavior?.scaleUp), ("scaleDown", spec.behavior?.scaleDown)] {
            if let rules { errors += check(rules, at: "spec.behavior.\(name)") }
        }
        return errors
    }

    /// What is asked of a reference's `apiVersion`.
    private enum Version { case any, wellFormed, withGroup }

    private static func target(
        _ reference: Kubernetes.CrossVersionObjectReference, at path: String, version: Version
    ) -> [FieldError] {
        let errors = [("kind", reference.kind), ("name", reference.name)].flatMap { name, value -> [FieldError] in
            if value.isEmpty { return [.required("\(path).\(name)")] }
            return NameFormat.pathSegment(value).map { .invalid("\(path).\(name)", value, $0) }
        }
        let text = reference.apiVersion
        let slashes = text.utf8.count { $0 == UInt8(ascii: "/") }
        let fault: String? =
            switch version {
            case .any: nil
            case _ where slashes > 1: "unexpected GroupVersion string: \(text)"
            case .withGroup where slashes == 0 || text.hasPrefix("/"): "apiVersion must specify API group"
            default: nil
            }
        return errors + (fault.map { [.invalid("\(path).apiVersion", text, $0)] } ?? [])
    }

    // MARK: Metrics

    private static let types = ["ContainerResource", "External", "Object", "Pods", "Resource"]

    private static func check(_ metric: Kubernetes.MetricSpec, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if metric.type.isEmpty { errors.append(.required("\(path).type", "must specify a metric source type")) }
        if !types.contains(metric.type) { errors.append(.notSupported("\(path).type", metric.type, types)) }
        let given: [(type: String, field: String, source: Kubernetes.MetricSource?)] = [
            ("Object", "object", metric.object), ("External", "external", metric.external), ("Pods", "pods", metric.pods),
            ("Resource", "resource", metric.resource),
            ("ContainerResource", "containerResource", metric.containerResource),
        ]
        let present = given.filter { $0.source != nil }
        if let first = present.first, let source = first.source {
            errors += check(source, first.type, at: "\(path).\(first.field)")
        }
        let wanted = given.first { $0.type == metric.type }
        if wanted == nil { errors.append(.notSupported("\(path).type", metric.type, types)) }
        if let wanted, wanted.source == nil {
            errors.append(.required("\(path).\(wanted.field)", "must populate information for the given metric source"))
        }
        if present.count != 1 {
            for other in present where other.field != wanted?.field {
                errors.append(.forbidden("\(path).\(other.field)", "must populate the given metric source only"))
            }
        }
        return errors
    }

    private static func check(_ source: Kubernetes.MetricSource, _ type: String, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        let isResource = type == "Resource" || type == "ContainerResource"
        if isResource {
            if source.name.isEmpty { errors.append(.required("\(path).name", "must specify a resource name")) }
            if type == "ContainerResource" {
                if !source.name.isEmpty { errors += ResourceValidation.containerResource(source.name, at: "\(path).name") }
                if source.container.isEmpty {
                    errors.append(.required("\(path).container", "must specify a container"))
                } else {
                    errors += NameFormat.label(source.container).map { .invalid("\(path).container", source.container, $0) }
                }
            }
        } else {
            if type == "Object" {
                errors += self.target(
                    source.describedObject ?? .init(), at: "\(path).describedObject", version: .wellFormed)
            }
            let name = source.metric?.name ?? ""
            if name.isEmpty {
                errors.append(.required("\(path).metric.name", "must specify a metric name"))
            } else {
                errors += NameFormat.pathSegment(name).map { .invalid("\(path).metric.name", name, $0) }
            }
        }
        errors += check(source.target, at: "\(path).target")
        let goal = source.target
        let place = "\(path).target"
        if isResource {
            if goal.averageUtilization == nil, goal.averageValue == nil {
                errors.append(
                    .required("\(place).averageUtilization", "must set either a target raw value or a target utilization"))
            } else if goal.averageUtilization != nil, goal.averageValue != nil {
                errors.append(
                    .forbidden("\(place).averageValue", "may not set both a target raw value and a target utilization"))
            }
        } else if type == "Pods" {
            if goal.averageValue == nil {
                errors.append(.required("\(place).averageValue", "must specify a positive target averageValue"))
            }
        } else if goal.value == nil, goal.averageValue == nil {
            errors.append(
                .required(
                    "\(place).averageValue",
                    type == "Object"
                        ? "must set either a target value or averageValue"
                        : "must set either a target value for metric or a per-pod target"))
        } else if type == "External", goal.value != nil, goal.averageValue != nil {
            errors.append(
                .forbidden("\(place).value", "may not set both a target value for metric and a per-pod target"))
        }
        return errors
    }

    private static func check(_ target: Kubernetes.MetricTarget, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if target.type.isEmpty { errors.append(.required("\(path).type", "must specify a metric target type")) }
        if !["Utilization", "Value", "AverageValue"].contains(target.type) {
            errors.append(.invalid("\(path).type", target.type, "must be either Utilization, Value, or AverageValue"))
        }
        for (name, value) in [("value", target.value), ("averageValue", target.averageValue)] {
            if let value, value.thousandths <= 0 {
                errors.append(.invalid("\(path).\(name)", value.text, "must be positive"))
            }
        }
        if let share = target.averageUtilization, share < 1 {
            errors.append(.invalid("\(path).averageUtilization", share, "must be greater than 0"))
        }
        return errors
    }

    // MARK: Behavior

    private static func check(_ rules: Kubernetes.ScalingRules, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if let window = rules.stabilizationWindowSeconds {
            if window < 0 {
                errors.append(
                    .invalid("\(path).stabilizationWindowSeconds", window, "must be greater than or equal to zero"))
            }
            if window > 3600 {
                errors.append(.invalid("\(path).stabilizationWindowSeconds", window, "must be less than or equal to 3600"))
            }
        }
        if let word = rules.selectPolicy, !["Disabled", "Max", "Min"].contains(word) {
            errors.append(.notSupported("\(path).selectPolicy", word, ["Disabled", "Max", "Min"]))
        }
        let policies = rules.policies ?? []
        if policies.isEmpty { errors.append(.required("\(path).policies", "must specify at least one Policy")) }
        for (index, policy) in policies.enumerated() {
            let place = "\(path).policies[\(index)]"
            if !["Percent", "Pods"].contains(policy.type) {
                errors.append(.notSupported("\(place).type", policy.type, ["Percent", "Pods"]))
            }
            if policy.value <= 0 { errors.append(.invalid("\(place).value", policy.value, "must be greater than zero")) }
            if policy.periodSeconds <= 0 {
                errors.append(.invalid("\(place).periodSeconds", policy.periodSeconds, "must be greater than zero"))
            }
            if policy.periodSeconds > 1800 {
                errors.append(
                    .invalid("\(place).periodSeconds", policy.periodSeconds, "must be less than or equal to 1800"))
            }
        }
        if let tolerance = rules.tolerance, tolerance.thousandths < 0 {
            errors.append(.invalid("\(path).tolerance", tolerance.text, "must be greater than or equal to 0"))
        }
        return errors
    }
}
