import HawseModel

/// ConfigMaps and Secrets: keys, sizes, and what a Secret's type asks for.
enum DataValidation {
    private static let sizeLimit = 1 << 20

    private static let frozen = "field is immutable when `immutable` is set"

    static func check(_ object: Kubernetes.ConfigMap, old: Kubernetes.ConfigMap?) -> [FieldError] {
        var errors: [FieldError] = []
        if let old, old.immutable == true {
            if object.immutable != true { errors.append(.forbidden("immutable", frozen)) }
            if object.data != old.data { errors.append(.forbidden("data", frozen)) }
            if object.binaryData != old.binaryData { errors.append(.forbidden("binaryData", frozen)) }
        }
        return errors + check(object)
    }

    static func check(_ object: Kubernetes.Secret, old: Kubernetes.Secret?) -> [FieldError] {
        var errors: [FieldError] = []
        if let old, object.type != old.type { errors.append(.invalid("type", object.type, "field is immutable")) }
        if let old, old.immutable == true {
            if object.immutable != true { errors.append(.forbidden("immutable", frozen)) }
            if contents(object) != contents(old) { errors.append(.forbidden("data", frozen)) }
        }
        return errors + check(object)
    }

    /// What a Secret holds: `stringData` goes into `data` before anybody looks.
    private static func contents(_ object: Kubernetes.Secret) -> [String: [UInt8]] {
        object.data.mapValues { Base64.decode($0.text) ?? [] }
            .merging(object.stringData.mapValues { Array($0.utf8) }) { $1 }
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
        let contents = contents(object)
        for key in contents.keys.sorted() { errors += problems(ofKey: key).map { .invalid("data[\(key)]", key, $0) } }
        if contents.values.reduce(0, { $0 + $1.count }) > sizeLimit {
            errors.append(.tooLong("data", maximum: sizeLimit))
        }
        return errors + typed(object, contents)
    }

    private static func typed(_ object: Kubernetes.Secret, _ contents: [String: [UInt8]]) -> [FieldError] {
        func missing(_ names: [String]) -> [FieldError] {
            names.filter { contents[$0] == nil }.map { .required("data[\($0)]") }
        }
        switch object.type {
        case "kubernetes.io/service-account-token":
            let note = "kubernetes.io/service-account.name"
            let account = object.metadata.annotations[note] ?? ""
            return account.isEmpty ? [.required("metadata.annotations[\(note)]")] : []
        case "kubernetes.io/dockercfg": return document(".dockercfg", contents)
        case "kubernetes.io/dockerconfigjson": return document(".dockerconfigjson", contents)
        case "kubernetes.io/basic-auth":
            let names = ["username", "password"]
            return names.contains { contents[$0] != nil } ? [] : missing(names)
        case "kubernetes.io/ssh-auth":
            return contents["ssh-privatekey"]?.isEmpty == false ? [] : [.required("data[ssh-privatekey]")]
        case "kubernetes.io/tls": return missing(["tls.crt", "tls.key"])
        default: return []
        }
    }

    /// An entry that must be a JSON object; the API server's message never shows what it is instead.
    private static func document(_ key: String, _ contents: [String: [UInt8]]) -> [FieldError] {
        guard let bytes = contents[key] else { return [.required("data[\(key)]")] }
        guard let fault = GoJSONSyntax.fault(bytes) else { return [] }
        return [.invalid("data[\(key)]", "<secret contents redacted>", fault)]
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
