/// `validateTopologySpreadConstraints`
enum SpreadValidation {
    static func check(_ constraints: [Kubernetes.TopologySpreadConstraint], at path: String) -> [FieldError] {
        constraints.enumerated().flatMap { index, constraint in
            let isRepeated = constraints[(index + 1)...].contains {
                $0.topologyKey == constraint.topologyKey && $0.whenUnsatisfiable == constraint.whenUnsatisfiable
            }
            return check(constraint, isRepeated: isRepeated, at: "\(path)[\(index)]")
        }
    }

    private static func check(
        _ constraint: Kubernetes.TopologySpreadConstraint, isRepeated: Bool, at path: String
    ) -> [FieldError] {
        var errors: [FieldError] = []
        if constraint.maxSkew <= 0 {
            errors.append(.invalid("\(path).maxSkew", constraint.maxSkew, "must be greater than zero"))
        }
        if constraint.topologyKey.isEmpty { errors.append(.required("\(path).topologyKey", "can not be empty")) }
        let actions = ["DoNotSchedule", "ScheduleAnyway"]
        if !actions.contains(constraint.whenUnsatisfiable) {
            errors.append(.notSupported("\(path).whenUnsatisfiable", constraint.whenUnsatisfiable, actions))
        }
        if isRepeated {
            errors.append(
                .duplicate(
                    "\(path).{topologyKey, whenUnsatisfiable}",
                    "{\(constraint.topologyKey), \(constraint.whenUnsatisfiable)}"))
        }
        if let domains = constraint.minDomains {
            if domains <= 0 { errors.append(.invalid("\(path).minDomains", domains, "must be greater than zero")) }
            if constraint.whenUnsatisfiable != "DoNotSchedule" {
                errors.append(
                    .invalid(
                        "\(path).minDomains", domains,
                        "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not \(constraint.whenUnsatisfiable)"))
            }
        }
        for (name, value) in [
            ("nodeAffinityPolicy", constraint.nodeAffinityPolicy), ("nodeTaintsPolicy", constraint.nodeTaintsPolicy),
        ] {
            if let value, !["Honor", "Ignore"].contains(value) {
                errors.append(.notSupported("\(path).\(name)", value, ["Honor", "Ignore"]))
            }
        }
        errors += LabelKeyValidation.check(
            matching: constraint.matchLabelKeys, selector: constraint.labelSelector, at: path)
        if let selector = constraint.labelSelector {
            errors += MetadataValidation.selector(selector, at: "\(path).labelSelector")
        }
        return errors
    }
}

/// Labels whose own value a pod's selectors take over (`ValidateMatchLabelKeysAndMismatchLabelKeys`).
enum LabelKeyValidation {
    /// The selector of a pod has been completed with its labels' values already: a key that is found twice in it was the
    /// user's as well. The server names the element of the list and not the key's place.
    static func check(
        matching: [String], mismatching: [String] = [], selector: Kubernetes.LabelSelector?, at path: String
    ) -> [FieldError] {
        var errors = keys(matching, selector, at: "\(path).matchLabelKeys")
        errors += keys(mismatching, selector, at: "\(path).mismatchLabelKeys")
        if let selector {
            var taken = Set(selector.matchLabels.keys)
            for requirement in selector.matchExpressions {
                if let index = matching.lastIndex(of: requirement.key), taken.contains(requirement.key) {
                    errors.append(
                        .invalid("\(path)[\(index)]", requirement.key, "exists in both matchLabelKeys and labelSelector"))
                }
                taken.insert(requirement.key)
            }
        }
        for (index, key) in matching.enumerated() where mismatching.contains(key) {
            errors.append(
                .invalid("\(path).matchLabelKeys[\(index)]", key, "exists in both matchLabelKeys and mismatchLabelKeys"))
        }
        return errors
    }

    private static func keys(
        _ keys: [String], _ selector: Kubernetes.LabelSelector?, at path: String
    ) -> [FieldError] {
        if keys.isEmpty { return [] }
        if selector == nil { return [.forbidden(path, "must not be specified when labelSelector is not set")] }
        return keys.enumerated().flatMap { index, key in
            NameFormat.qualified(key).map { .invalid("\(path)[\(index)]", key, $0) }
        }
    }
}
