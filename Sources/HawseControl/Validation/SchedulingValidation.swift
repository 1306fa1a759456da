/// Priority classes (`pkg/apis/scheduling/validation`) and disruption budgets (`pkg/apis/policy/validation`).
enum SchedulingValidation {
    /// The highest value of a class that is not the system's.
    static let highest = 1_000_000_000

    static func check(_ new: Kubernetes.PriorityClass, old: Kubernetes.PriorityClass?) -> [FieldError] {
        var errors = MetadataValidation.check(new.metadata, isNamespaced: false, name: NameFormat.subdomain)
        if new.metadata.name.hasPrefix("system-") {
            if let reason = systemProblem(new) {
                errors.append(
                    .forbidden(
                        "metadata.name",
                        "priority class names with 'system-' prefix are reserved for system use only. error: \(reason)"))
            }
        } else if new.value > highest {
            errors.append(.forbidden("value", "maximum allowed value of a user defined priority is \(highest)"))
        }
        if let policy = new.preemptionPolicy {
            errors += ServiceValidation.word(policy, "preemptionPolicy", ["Never", "PreemptLowerPriority"])
        }
        guard let old else { return errors }
        // An update is held against what was there, and not looked at as a new object.
        var changes: [FieldError] = []
        if new.value != old.value { changes.append(.forbidden("value", "may not be changed in an update.")) }
        if let policy = new.preemptionPolicy, policy != old.preemptionPolicy {
            changes.append(.invalid("preemptionPolicy", policy, "field is immutable"))
        }
        return changes
    }

    /// `IsKnownSystemPriorityClass`
    private static func systemProblem(_ new: Kubernetes.PriorityClass) -> String? {
        guard let known = Kubernetes.PriorityClass.system.first(where: { $0.metadata.name == new.metadata.name }) else {
            return "\(new.metadata.name) is not a known system priority class"
        }
        if new.value != known.value { return "value of \(new.metadata.name) PriorityClass must be \(known.value)" }
        return new.globalDefault ? "globalDefault of \(new.metadata.name) PriorityClass must be false" : nil
    }

    static func check(_ budget: Kubernetes.PodDisruptionBudget) -> [FieldError] {
        var errors = MetadataValidation.check(budget.metadata, name: NameFormat.subdomain)
        let spec = budget.spec
        if spec.minAvailable != nil, spec.maxUnavailable != nil {
            errors.append(
                .invalid(
                    "spec", json: JSONWriter.compact(spec.written()), "minAvailable and maxUnavailable cannot be both set"))
        }
        for (value, path) in [(spec.minAvailable, "spec.minAvailable"), (spec.maxUnavailable, "spec.maxUnavailable")]
        where value != nil {
            errors += WorkloadValidation.share(value, at: path) + WorkloadValidation.atMostAll(value, at: path)
        }
        if let selector = spec.selector { errors += MetadataValidation.selector(selector, at: "spec.selector") }
        if let policy = spec.unhealthyPodEvictionPolicy {
            errors += ServiceValidation.word(
                policy, "spec.unhealthyPodEvictionPolicy", ["AlwaysAllow", "IfHealthyBudget"])
        }
        return errors
    }
}
