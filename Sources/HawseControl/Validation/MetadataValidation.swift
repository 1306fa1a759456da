/// Checks of names, labels and annotations (`ValidateObjectMeta`).
enum MetadataValidation {
    static func check(
        _ metadata: Kubernetes.ObjectMeta, isNamespaced: Bool = true, name format: NameFormat.Check
    ) -> [FieldError] {
        var errors: [FieldError] = []
        if !metadata.generateName.isEmpty {
            // A dash at the end is for what comes behind it.
            let isOpen = metadata.generateName.count > 1 && metadata.generateName.hasSuffix("-")
            let base = isOpen ? metadata.generateName.dropLast(2) + "a" : metadata.generateName
            errors += format(base).map { .invalid("metadata.generateName", metadata.generateName, $0) }
        }
        if metadata.name.isEmpty {
            if metadata.generateName.isEmpty {
                errors.append(.required("metadata.name", "name or generateName is required"))
            }
        } else {
            errors += format(metadata.name).map { .invalid("metadata.name", metadata.name, $0) }
        }
        if isNamespaced {
            if metadata.namespace.isEmpty {
                errors.append(.required("metadata.namespace"))
            } else {
                errors += NameFormat.label(metadata.namespace).map {
                    .invalid("metadata.namespace", metadata.namespace, $0)
                }
            }
        } else if !metadata.namespace.isEmpty {
            errors.append(.forbidden("metadata.namespace", "not allowed on this type"))
        }
        errors += labels(metadata.labels, at: "metadata.labels")
        errors += annotations(metadata.annotations, at: "metadata.annotations")
        errors += owners(metadata.ownerReferences)
        let finalizers = metadata.finalizers
        for finalizer in finalizers {
            errors += NameFormat.qualified(finalizer).map { .invalid("metadata.finalizers", finalizer, $0) }
        }
        if finalizers.contains("orphan"), finalizers.contains("foregroundDeletion") {
            errors.append(
                .invalid(
                    "metadata.finalizers", json: JSONWriter.compact(finalizers.written()),
                    "finalizer orphan and foregroundDeletion cannot be both set"))
        }
        return errors + standardFinalizers(finalizers)
    }

    /// Those of a Namespace's spec, which its deletion waits for (`ValidateNamespace`).
    static func namespaceFinalizers(_ finalizers: [String]) -> [FieldError] {
        finalizers.flatMap { finalizer in
            NameFormat.qualified(finalizer).map { .invalid("spec.finalizers", finalizer, $0) }
                + standardFinalizers([finalizer]).map { error in
                    var error = error
                    error.field = "spec.finalizers"
                    return error
                }
        }
    }

    /// A finalizer without a domain is one of the system's own.
    private static func standardFinalizers(_ finalizers: [String]) -> [FieldError] {
        finalizers.enumerated().compactMap { index, finalizer in
            if finalizer.contains("/") || ["kubernetes", "orphan", "foregroundDeletion"].contains(finalizer) { return nil }
            return .invalid(
                "metadata.finalizers[\(index)]", finalizer,
                "name is neither a standard finalizer name nor is it fully qualified")
        }
    }

    /// `ValidateOwnerReferences`: the server names the list and not the reference.
    private static func owners(_ owners: [Kubernetes.OwnerReference]) -> [FieldError] {
        let path = "metadata.ownerReferences"
        var errors: [FieldError] = []
        var controller: String?
        for owner in owners {
            let parts = owner.apiVersion.split(separator: "/", omittingEmptySubsequences: false)
            let hasVersion = (1...2).contains(parts.count) && parts.last?.isEmpty == false
            if !hasVersion { errors.append(.invalid("\(path).apiVersion", owner.apiVersion, "version must not be empty")) }
            // A version that cannot be read takes the kind with it.
            if owner.kind.isEmpty || parts.count > 2 {
                errors.append(.invalid("\(path).kind", owner.kind, "must not be empty"))
            }
            if owner.name.isEmpty { errors.append(.invalid("\(path).name", "", "must not be empty")) }
            if owner.uid.isEmpty { errors.append(.invalid("\(path).uid", "", "must not be empty")) }
            if owner.apiVersion == "v1", owner.kind == "Event" {
                errors.append(
                    .invalid(
                        path, json: JSONWriter.compact(owner.written()), "/v1, Kind=Event is disallowed from being an owner"))
            }
            guard owner.controller == true else { continue }
            let name = "\(owner.kind)/\(owner.name)"
            if let controller {
                errors.append(
                    .invalid(
                        path, json: JSONWriter.compact(owners.written()),
                        "Only one reference can have Controller set to true. Found \"true\" in references for \(controller) "
                            + "and \(name)"))
            } else {
                controller = name
            }
        }
        return errors
    }

    static func labels(_ labels: [String: String], at path: String) -> [FieldError] {
        labels.sorted { $0.key < $1.key }.flatMap { key, value in
            NameFormat.qualified(key).map { FieldError.invalid(path, key, $0) }
                + NameFormat.labelValue(value).map { FieldError.invalid(path, value, $0) }
        }
    }

    static func annotations(_ annotations: [String: String], at path: String) -> [FieldError] {
        var errors = annotations.keys.sorted().flatMap { key in
            NameFormat.qualified(key.lowercased()).map { FieldError.invalid(path, key, $0) }
        }
        let total = annotations.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        if total > 262_144 { errors.append(.tooLong(path, maximum: 262_144)) }
        return errors
    }

    /// `acme.io/foo` (`IsDomainPrefixedPath`)
    static func domainPrefixedPath(_ text: String, at path: String) -> [FieldError] {
        if text.isEmpty { return [.required(path)] }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            return [.invalid(path, text, "must be a domain-prefixed path (such as \"acme.io/foo\")")]
        }
        let errors = NameFormat.subdomain(parts[0]).map { FieldError.invalid(path, parts[0], $0) }
        if NameFormat.isHTTPPath(parts[1]) { return errors }
        return errors + [
            .invalid(path, parts[1], "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')")
        ]
    }

    /// What may not change (`ValidateObjectMetaUpdate`).
    static func checkUpdate(_ new: Kubernetes.ObjectMeta, old: Kubernetes.ObjectMeta) -> [FieldError] {
        var errors: [FieldError] = []
        if new.name != old.name { errors.append(.invalid("metadata.name", new.name, "field is immutable")) }
        if new.namespace != old.namespace {
            errors.append(.invalid("metadata.namespace", new.namespace, "field is immutable"))
        }
        if !old.uid.isEmpty, new.uid != old.uid {
            errors.append(.invalid("metadata.uid", new.uid, "field is immutable"))
        }
        return errors
    }

    /// `ValidateLabelSelector`
    static func selector(_ selector: Kubernetes.LabelSelector, at path: String) -> [FieldError] {
        var errors = labels(selector.matchLabels, at: "\(path).matchLabels")
        for (index, requirement) in selector.matchExpressions.enumerated() {
            let place = "\(path).matchExpressions[\(index)]"
            switch requirement.op {
            case "In", "NotIn":
                if requirement.values.isEmpty {
                    errors.append(
                        .required("\(place).values", "must be specified when `operator` is 'In' or 'NotIn'"))
                }
            case "Exists", "DoesNotExist":
                if !requirement.values.isEmpty {
                    errors.append(
                        .forbidden(
                            "\(place).values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
                }
            default: errors.append(.invalid("\(place).operator", requirement.op, "not a valid selector operator"))
            }
            errors += NameFormat.qualified(requirement.key).map { .invalid("\(place).key", requirement.key, $0) }
            for (position, value) in requirement.values.enumerated() {
                errors += NameFormat.labelValue(value).map { .invalid("\(place).values[\(position)]", value, $0) }
            }
        }
        return errors
    }
}
