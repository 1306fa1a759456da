import HawseModel

/// `env` and `envFrom` of containers.
enum EnvironmentValidation {
    private static let fieldPaths = [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.hostIP", "spec.nodeName", "spec.serviceAccountName",
        "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
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
            if let source = variable["valueFrom"], !source.isNull {
                let hasValue = !(variable["value"]?.text ?? "").isEmpty
                errors += self.source(source, hasValue: hasValue, at: "\(place).valueFrom")
            }
        }
        return errors
    }

    /// RelaxedEnvironmentVariableValidation: printable ASCII without an equals sign.
    private static func problem(ofName name: String) -> String? {
        let isGood = name.utf8.allSatisfy { (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "=") }
        return isGood
            ? nil
            : "a valid environment variable name must consist only of printable ASCII characters other than '=', and may not "
                + "start with a digit"
    }

    private static func source(_ source: ManifestNode, hasValue: Bool, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var count = 0
        if let field = source["fieldRef"] {
            count += 1
            errors += fieldReference(field, among: fieldPaths, at: "\(path).fieldRef")
        }
        if let resource = source["resourceFieldRef"] {
            count += 1
            errors += resourceReference(resource, at: "\(path).resourceFieldRef")
        }
        for kind in ["configMapKeyRef", "secretKeyRef"] {
            guard let reference = source[kind] else { continue }
            count += 1
            errors += keyReference(reference, at: "\(path).\(kind)")
        }
        if let file = source["fileKeyRef"] {
            count += 1
            for field in ["key", "path", "volumeName"] where (file[field]?.text ?? "").isEmpty {
                errors.append(.required("\(path).fileKeyRef.\(field)"))
            }
        }
        if count == 0 {
            errors.append(
                .invalid(
                    path, "",
                    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"))
        }
        if hasValue {
            if count != 0 { errors.append(.invalid(path, "", "may not be specified when `value` is not empty")) }
        } else if count > 1 {
            errors.append(.invalid(path, "", "may not have more than one field specified at a time"))
        }
        return errors
    }

    /// `validateObjectFieldSelector`: one of the words, or one label or annotation of the pod.
    static func fieldReference(_ field: ManifestNode, among known: [String], at path: String) -> [FieldError] {
        let text = field["fieldPath"]?.text ?? ""
        if let version = field["apiVersion"]?.text, version.isEmpty { return [.required("\(path).apiVersion")] }
        if text.isEmpty { return [.required("\(path).fieldPath")] }
        for map in ["metadata.labels", "metadata.annotations"] where text.hasPrefix("\(map)['") && text.hasSuffix("']") {
            let key = String(text.dropFirst(map.utf8.count + 2).dropLast(2))
            return NameFormat.qualified(map == "metadata.annotations" ? key.lowercased() : key)
                .map { .invalid(path, key, $0) }
        }
        return known.contains(text) ? [] : [.notSupported("\(path).fieldPath", text, known)]
    }

    static func resourceReference(_ resource: ManifestNode, at path: String) -> [FieldError] {
        let name = resource["resource"]?.text ?? ""
        if name.isEmpty { return [.required("\(path).resource")] }
        let isHuge = name.hasPrefix("limits.hugepages-") || name.hasPrefix("requests.hugepages-")
        if !resources.contains(name), !isHuge { return [.notSupported("\(path).resource", name, resources)] }
        return divisor(resource["divisor"], name, at: path)
    }

    private static func divisor(_ node: ManifestNode?, _ name: String, at path: String) -> [FieldError] {
        guard let text = node.flatMap({ $0.text ?? $0.int.map(String.init) }), let value = Kubernetes.Quantity(text),
            value.thousandths != 0
        else { return [] }
        let units: [String]
        if name.hasSuffix(".cpu") {
            units = ["1m", "1"]
        } else {
            units = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"]
        }
        if units.contains(where: { Kubernetes.Quantity($0) == value }) { return [] }
        let what = name.hasSuffix(".cpu") ? "cpu" : name.hasSuffix(".memory") ? "memory" : "ephemeral-storage"
        let list = name.hasSuffix(".cpu") ? "1m and 1" : units.joined(separator: ", ")
        return [.invalid("\(path).divisor", text, "only divisor's values \(list) are supported with the \(what) resource")]
    }

    private static func keyReference(_ reference: ManifestNode, at path: String) -> [FieldError] {
        let (name, key) = (reference["name"]?.text ?? "", reference["key"]?.text ?? "")
        var errors = NameFormat.subdomain(name).map { FieldError.invalid("\(path).name", name, $0) }
        if key.isEmpty {
            errors.append(.required("\(path).key"))
        } else {
            errors += DataValidation.problems(ofKey: key).map { .invalid("\(path).key", key, $0) }
        }
        return errors
    }

    static func sources(_ sources: ManifestNode?, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (index, source) in (sources?.items ?? []).enumerated() {
            let place = "\(path)[\(index)]"
            let prefix = source["prefix"]?.text ?? ""
            if !prefix.isEmpty, let problem = problem(ofName: prefix) {
                errors.append(.invalid("\(place).prefix", prefix, problem))
            }
            let given = ["configMapRef", "secretRef"].filter { source[$0] != nil }
            for kind in given {
                let name = source[kind]?["name"]?.text ?? ""
                errors += NameFormat.subdomain(name).map { .invalid("\(place).\(kind).name", name, $0) }
            }
            if given.isEmpty {
                errors.append(.invalid(place, "", "must specify one of: `configMapRef` or `secretRef`"))
            } else if given.count > 1 {
                errors.append(.invalid(place, "", "may not have more than one field specified at a time"))
            }
        }
        return errors
    }
}
