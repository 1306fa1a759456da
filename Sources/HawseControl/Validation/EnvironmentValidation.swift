import HawseModel

/// `env` and `envFrom` of containers (`ValidateEnv`, `ValidateEnvFrom`).
enum EnvironmentValidation {
    private static let fieldPaths = [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP",
        "status.hostIPs", "status.podIP", "status.podIPs",
    ]
    /// What the API knows as a field of a pod, whether or not it can be asked for here (`ConvertDownwardAPIFieldLabel`).
    private static let podFields = fieldPaths + [
        "metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase",
    ]
    private static let resources = [
        "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage",
        "requests.memory",
    ]

    static func check(_ variables: ManifestNode?, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (index, variable) in (variables?.items ?? []).enumerated() {
            let place = "\(path)[\(index)]"
            let name = variable["name"]?.text ?? ""
            if name.isEmpty {
                errors.append(.required("\(place).name"))
            } else if let problem = problem(ofName: name) {
                errors.append(.invalid("\(place).name", name, problem))
            }
            if let source = VolumeSourceValidation.given(variable, "valueFrom") {
                let hasValue = !(variable["value"]?.text ?? "").isEmpty
                errors += self.source(source, hasValue: hasValue, at: "\(place).valueFrom")
            }
        }
        return errors
    }

    /// RelaxedEnvironmentVariableValidation: printable ASCII without an equals sign.
    static func problem(ofName name: String) -> String? {
        let isGood = name.utf8.allSatisfy { (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "=") }
        return isGood
            ? nil : "a valid environment variable name must consist only of printable ASCII characters other than '='"
    }

    private static func source(_ source: ManifestNode, hasValue: Bool, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var count = 0
        func one(_ kind: String, _ check: (ManifestNode, String) -> [FieldError]) {
            guard let inner = VolumeSourceValidation.given(source, kind) else { return }
            count += 1
            errors += check(inner, "\(path).\(kind)")
        }
        one("fieldRef") { fieldReference($0, among: fieldPaths, at: $1) }
        one("resourceFieldRef") { resourceReference($0, needsContainer: false, at: $1) }
        one("configMapKeyRef", keyReference)
        one("secretKeyRef", keyReference)
        one("fileKeyRef", fileReference)
        if count == 0 {
            errors.append(
                .invalid(
                    path, "",
                    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"))
        } else if hasValue {
            errors.append(.invalid(path, "", "may not be specified when `value` is not empty"))
        } else if count > 1 {
            errors.append(.invalid(path, "", "may not have more than one field specified at a time"))
        }
        return errors
    }

    /// `validateObjectFieldSelector`: one of the words, or one label or annotation of the pod.
    static func fieldReference(_ field: ManifestNode, among known: [String], at path: String) -> [FieldError] {
        let version = field["apiVersion"]?.text ?? "v1"
        let text = field["fieldPath"]?.text ?? ""
        if version.isEmpty { return [.required("\(path).apiVersion")] }
        if text.isEmpty { return [.required("\(path).fieldPath")] }
        func unconvertible(_ detail: String) -> [FieldError] {
            [.invalid("\(path).fieldPath", text, "error converting fieldPath: \(detail)")]
        }
        if version != "v1" { return unconvertible("unsupported pod version: \(version)") }
        if let (map, key) = subscripted(text) {
            switch map {
            case "metadata.annotations": return NameFormat.qualified(key.lowercased()).map { .invalid(path, key.lowercased(), $0) }
            case "metadata.labels": return NameFormat.qualified(key).map { .invalid(path, key, $0) }
            default: return unconvertible("field label does not support subscript: \(text)")
            }
        }
        // Old clients say `spec.host`.
        let name = text == "spec.host" ? "spec.nodeName" : text
        if !podFields.contains(name) { return unconvertible("field label not supported: \(text)") }
        return known.contains(name) ? [] : [.notSupported("\(path).fieldPath", name, known)]
    }

    /// `metadata.labels['key']` (`SplitMaybeSubscriptedPath`).
    private static func subscripted(_ text: String) -> (String, String)? {
        guard text.hasSuffix("']") else { return nil }
        let body = text.dropLast(2)
        var at = body.startIndex
        while at < body.endIndex, !body[at...].hasPrefix("['") { at = body.index(after: at) }
        guard at < body.endIndex, at > body.startIndex else { return nil }
        return (String(body[..<at]), String(body[at...].dropFirst(2)))
    }

    static func resourceReference(_ resource: ManifestNode, needsContainer: Bool, at path: String) -> [FieldError] {
        let name = resource["resource"]?.text ?? ""
        var errors: [FieldError] = []
        if needsContainer, (resource["containerName"]?.text ?? "").isEmpty {
            errors.append(.required("\(path).containerName"))
        } else if name.isEmpty {
            errors.append(.required("\(path).resource"))
        } else if !resources.contains(name), !isHugePages(name) {
            errors.append(.notSupported("\(path).resource", name, resources))
        }
        return errors + divisor(resource["divisor"], name, at: path)
    }

    private static func isHugePages(_ name: String) -> Bool {
        name.hasPrefix("limits.hugepages-") || name.hasPrefix("requests.hugepages-")
    }

    private static let sizes = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"]

    private static func divisor(_ node: ManifestNode?, _ name: String, at path: String) -> [FieldError] {
        guard let text = node.flatMap({ $0.text ?? $0.int.map(String.init) }), let value = Kubernetes.Quantity(text),
            value.thousandths != 0
        else { return [] }
        let what: String
        switch name.split(separator: ".").last {
        case "cpu": what = "cpu"
        case "memory": what = "memory"
        case "ephemeral-storage": what = "local ephemeral storage"
        default: what = "hugepages"
        }
        guard resources.contains(name) || isHugePages(name) else { return [] }
        if (what == "cpu" ? ["1m", "1"] : sizes).contains(value.text) { return [] }
        let list = what == "cpu" ? "1m and 1" : sizes.joined(separator: ", ")
        return [.invalid("\(path).divisor", name, "only divisor's values \(list) are supported with the \(what) resource")]
    }

    private static func keyReference(_ reference: ManifestNode, at path: String) -> [FieldError] {
        let (name, key) = (reference["name"]?.text ?? "", reference["key"]?.text ?? "")
        let errors = NameFormat.subdomain(name).map { FieldError.invalid("\(path).name", name, $0) }
        if key.isEmpty { return errors + [.required("\(path).key")] }
        return errors + DataValidation.problems(ofKey: key).map { .invalid("\(path).key", key, $0) }
    }

    /// A variable out of a file in a volume (`validateFileKeySelector`).
    private static func fileReference(_ reference: ManifestNode, at path: String) -> [FieldError] {
        func text(_ field: String) -> String { reference[field]?.text ?? "" }
        var errors: [FieldError] = []
        if text("key").isEmpty {
            errors.append(.required("\(path).key"))
        } else if let problem = problem(ofName: text("key")) {
            errors.append(.invalid("\(path).key", text("key"), problem))
        }
        if text("volumeName").isEmpty {
            errors.append(.required("\(path).volumeName"))
        } else {
            errors += NameFormat.label(text("volumeName")).map { .invalid("\(path).volumeName", text("volumeName"), $0) }
        }
        if text("path").isEmpty { return errors + [.required("\(path).path")] }
        return errors + VolumeValidation.noBacksteps(text("path"), at: "\(path).path")
    }

    /// The volumes of such files are empty folders (`validateFileKeyRefVolumes`).
    static func fileVolumes(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        spec.allContainers(at: path).flatMap { container, place in
            (container.other["env"]?.items ?? []).enumerated().compactMap { index, variable -> FieldError? in
                guard let name = variable["valueFrom"]?["fileKeyRef"].map({ $0["volumeName"]?.text ?? "" }) else { return nil }
                let field = "\(place).env[\(index)].valueFrom.fileKeyRef.volumeName"
                guard let volume = spec.other["volumes"]?.items?.last(where: { $0["name"]?.text == name }) else {
                    return FieldError(.notFound, field, "Not found: \(FieldError.quoted(name))")
                }
                if VolumeSourceValidation.isEmptyFolder(volume) { return nil }
                return .invalid(field, name, "referenced volume must be of type emptyDir")
            }
        }
    }

    /// The server names the list where a source is missing.
    static func sources(_ sources: ManifestNode?, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (index, source) in (sources?.items ?? []).enumerated() {
            let place = "\(path)[\(index)]"
            let prefix = source["prefix"]?.text ?? ""
            if !prefix.isEmpty, let problem = problem(ofName: prefix) {
                errors.append(.invalid("\(place).prefix", prefix, problem))
            }
            let given = ["configMapRef", "secretRef"].filter { VolumeSourceValidation.given(source, $0) != nil }
            for kind in given {
                let name = source[kind]?["name"]?.text ?? ""
                let masked = name.count > 1 && name.hasSuffix("-") ? String(name.dropLast(2)) + "a" : name
                errors += name.isEmpty
                    ? [.required("\(place).\(kind).name")]
                    : NameFormat.subdomain(masked).map { .invalid("\(place).\(kind).name", name, $0) }
            }
            if given.isEmpty {
                errors.append(.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
            } else if given.count > 1 {
                errors.append(.invalid(path, "", "may not have more than one field specified at a time"))
            }
        }
        return errors
    }
}
