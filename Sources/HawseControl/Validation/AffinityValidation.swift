/// `validateAffinity`
enum AffinityValidation {
    static func check(_ affinity: Kubernetes.Affinity?, at path: String) -> [FieldError] {
        guard let affinity else { return [] }
        var errors: [FieldError] = []
        if let node = affinity.nodeAffinity { errors += check(node, at: "\(path).nodeAffinity") }
        if let pod = affinity.podAffinity { errors += check(pod, at: "\(path).podAffinity") }
        if let pod = affinity.podAntiAffinity { errors += check(pod, at: "\(path).podAntiAffinity") }
        return errors
    }

    private static func check(_ affinity: Kubernetes.NodeAffinity, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if let required = affinity.required {
            let place = "\(path).requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
            if required.nodeSelectorTerms.isEmpty {
                errors.append(.required(place, "must have at least one node selector term"))
            }
            for (index, term) in required.nodeSelectorTerms.enumerated() {
                errors += check(term, hasStrictValues: true, at: "\(place)[\(index)]")
            }
        }
        for (index, term) in affinity.preferred.enumerated() {
            let place = "\(path).preferredDuringSchedulingIgnoredDuringExecution[\(index)]"
            errors += weight(term.weight, at: place)
            // A wish with impossible values has always been accepted.
            errors += check(term.preference, hasStrictValues: false, at: "\(place).preference")
        }
        return errors
    }

    private static func weight(_ weight: Int, at path: String) -> [FieldError] {
        (1...100).contains(weight) ? [] : [.invalid("\(path).weight", weight, "must be in the range 1-100")]
    }

    private static func check(
        _ term: Kubernetes.NodeSelectorTerm, hasStrictValues: Bool, at path: String
    ) -> [FieldError] {
        term.matchExpressions.enumerated().flatMap { index, requirement in
            expression(requirement, hasStrictValues: hasStrictValues, at: "\(path).matchExpressions[\(index)]")
        } + term.matchFields.enumerated().flatMap { index, requirement in
            field(requirement, at: "\(path).matchFields[\(index)]")
        }
    }

    private static func expression(
        _ requirement: Kubernetes.LabelSelector.Requirement, hasStrictValues: Bool, at path: String
    ) -> [FieldError] {
        var errors: [FieldError] = []
        switch requirement.op {
        case "In", "NotIn":
            if requirement.values.isEmpty {
                errors.append(.required("\(path).values", "must be specified when `operator` is 'In' or 'NotIn'"))
            }
        case "Exists", "DoesNotExist":
            if !requirement.values.isEmpty {
                errors.append(
                    .forbidden("\(path).values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
            }
        case "Gt", "Lt":
            if requirement.values.count != 1 {
                errors.append(
                    .required("\(path).values", "must be specified single value when `operator` is 'Lt' or 'Gt'"))
            }
        default: errors.append(.invalid("\(path).operator", requirement.op, "not a valid selector operator"))
        }
        errors += NameFormat.qualified(requirement.key).map { .invalid("\(path).key", requirement.key, $0) }
        if !hasStrictValues { return errors }
        for (index, value) in requirement.values.enumerated() {
            errors += NameFormat.labelValue(value).map { .invalid("\(path).values[\(index)]", value, $0) }
        }
        return errors
    }

    /// Of a node's fields only its name can be asked.
    private static func field(_ requirement: Kubernetes.LabelSelector.Requirement, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        switch requirement.op {
        case "In", "NotIn":
            if requirement.values.count != 1 {
                errors.append(
                    .required(
                        "\(path).values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"))
            }
        default: errors.append(.invalid("\(path).operator", requirement.op, "not a valid selector operator"))
        }
        if requirement.key == "metadata.name" {
            for (index, value) in requirement.values.enumerated() {
                errors += NameFormat.subdomain(value).map { .invalid("\(path).values[\(index)]", value, $0) }
            }
        } else {
            errors.append(.invalid("\(path).key", requirement.key, "not a valid field selector key"))
        }
        return errors
    }

    private static func check(_ affinity: Kubernetes.PodAffinity, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (index, term) in affinity.required.enumerated() {
            errors += check(term, at: "\(path).requiredDuringSchedulingIgnoredDuringExecution[\(index)]")
        }
        for (index, weighted) in affinity.preferred.enumerated() {
            let place = "\(path).preferredDuringSchedulingIgnoredDuringExecution[\(index)]"
            errors += weight(weighted.weight, at: place)
            errors += check(weighted.podAffinityTerm, at: "\(place).podAffinityTerm")
        }
        return errors
    }

    private static func check(_ term: Kubernetes.PodAffinityTerm, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if let selector = term.labelSelector { errors += MetadataValidation.selector(selector, at: "\(path).labelSelector") }
        if let selector = term.namespaceSelector {
            errors += MetadataValidation.selector(selector, at: "\(path).namespaceSelector")
        }
        for name in term.namespaces { errors += NameFormat.label(name).map { .invalid("\(path).namespace", name, $0) } }
        errors += LabelKeyValidation.check(
            matching: term.matchLabelKeys, mismatching: term.mismatchLabelKeys, selector: term.labelSelector, at: path)
        if term.topologyKey.isEmpty {
            errors.append(.required("\(path).topologyKey", "can not be empty"))
        }
        errors += NameFormat.qualified(term.topologyKey).map { .invalid("\(path).topologyKey", term.topologyKey, $0) }
        return errors
    }
}
