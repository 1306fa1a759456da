/// ConfigMaps and Secrets: keys, sizes, and what a Secret's type asks for.
enum DataValidation {
    private static let sizeLimit = 1 << 20

    private static let frozen = "field is immutable when `immutable` is set"

    static func check(_ object: Kubernetes.ConfigMap, old: Kubernetes.ConfigMap?) -> [FieldError] {
        var errors = check(object)
        guard let old, old.immutable == true else { return errors }
        if object.immutable != true { errors.append(.forbidden("immutable", frozen)) }
        if object.data != old.data { errors.append(.forbidden("data", frozen)) }
        if object.binaryData != old.binaryData { errors.append(.forbidden("binaryData", frozen)) }
        return errors
    }

    static func check(_ object: Kubernetes.Secret, old: Kubernetes.Secret?) -> [FieldError] {
        var errors = check(object)
        guard let old else { return errors }
        if object.type != old.type { errors.append(.invalid("type", object.type, "field is immutable")) }
        guard old.immutable == true else { return errors }
        if object.immutable != true { errors.append(.forbidden("immutable", frozen)) }
        if object.data != old.data || !object.stringData.isEmpty { errors.append(.forbidden("data", frozen)) }
        return errors
    }

    private static func check(_ object: Kubernetes.ConfigMap) -> [FieldError] {
        var errors = MetadataValidation.check(object.metadata, name: NameFormat.subdomain)
        for key in object.data.keys.sorted() {
            errors += problems(ofKey: key).map { .invalid("data[\(key)]", key, $0) }
            if object.binaryData[key] != nil {
                errors.append(.invalid("data[\(key)]", key, "duplicate of key present in binaryData"))
            }
        }
        for key in object.binaryData.keys.sorted() {
            errors += problems(ofKey: key).map { .invalid("binaryData[\(key)]", key, $0) }
        }
        let size = object.data.values.reduce(0) { $0 + $1.utf8.count }
            + object.binaryData.values.reduce(0) { $0 + $1.byteCount }
        if size > sizeLimit { errors.append(.tooLong("", maximum: sizeLimit)) }
        return errors
    }

    private static func check(_ object: Kubernetes.Secret) -> [FieldError] {
        var errors = MetadataValidation.check(object.metadata, name: NameFormat.subdomain)
        // `stringData` goes into `data` before anybody looks.
        let keys = Set(object.data.keys).union(object.stringData.keys)
        for key in keys.sorted() { errors += problems(ofKey: key).map { .invalid("data[\(key)]", key, $0) } }
        let size = keys.reduce(0) { $0 + (object.stringData[$1]?.utf8.count ?? (object.data[$1]?.byteCount ?? 0)) }
        if size > sizeLimit { errors.append(.tooLong("data", maximum: sizeLimit)) }
        return errors + contents(object, keys)
    }

    private static func contents(_ object: Kubernetes.Secret, _ keys: Set<String>) -> [FieldError] {
        func missing(_ names: [String]) -> [FieldError] {
            names.filter { !keys.contains($0) }.map { .required("data[\($0)]") }
        }
        switch object.type {
        case "kubernetes.io/service-account-token":
            let note = "kubernetes.io/service-account.name"
            let account = object.metadata.annotations[note] ?? ""
            return account.isEmpty ? [.required("metadata.annotations[\(note)]")] : []
        case "kubernetes.io/dockercfg": return missing([".dockercfg"])
        case "kubernetes.io/dockerconfigjson": return missing([".dockerconfigjson"])
        case "kubernetes.io/basic-auth":
            let names = ["username", "password"]
            return keys.isDisjoint(with: names) ? missing(names) : []
        case "kubernetes.io/ssh-auth": return missing(["ssh-privatekey"])
        case "kubernetes.io/tls": return missing(["tls.crt", "tls.key"])
        default: return []
        }
    }

    /// `IsConfigMapKey`
    static func problems(ofKey key: String) -> [String] {
        var errors = key.utf8.count > 253 ? [NameFormat.tooLong(253)] : []
        let isPlain = !key.isEmpty && key.utf8.allSatisfy {
            (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 46 || $0 == 95
        }
        if !isPlain {
            errors.append(
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
                    + "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')")
        }
        if key == "." {
            errors.append("must not be '.'")
        } else if key == ".." {
            errors.append("must not be '..'")
        } else if key.hasPrefix("..") {
            errors.append("must not start with '..'")
        }
        return errors
    }
}
