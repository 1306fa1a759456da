/// ConfigMaps and Secrets: keys and size.
enum DataValidation {
    private static let sizeLimit = 1 << 20

    static func check(_ object: Kubernetes.ConfigMap) -> [FieldError] {
        var errors = MetadataValidation.check(object.metadata, name: NameFormat.subdomain)
        errors += keys(object.data.keys, at: "data") + keys(object.binaryData.keys, at: "binaryData")
        for key in object.data.keys.sorted() where object.binaryData[key] != nil {
            errors.append(.invalid("data[\(key)]", key, "duplicate of key present in binaryData"))
        }
        let size = object.data.values.reduce(0) { $0 + $1.utf8.count }
        if size > sizeLimit { errors.append(.tooLong("", maximum: sizeLimit)) }
        return errors
    }

    static func check(_ object: Kubernetes.Secret) -> [FieldError] {
        var errors = MetadataValidation.check(object.metadata, name: NameFormat.subdomain)
        errors += keys(object.data.keys, at: "data")
        if object.type == "kubernetes.io/tls" {
            for key in ["tls.crt", "tls.key"] where object.data[key] == nil && object.stringData[key] == nil {
                errors.append(.required("data[\(key)]"))
            }
        }
        return errors
    }

    private static func keys(_ keys: some Collection<String>, at path: String) -> [FieldError] {
        keys.sorted().flatMap { key -> [FieldError] in
            if key.utf8.count > 253 { return [.invalid("\(path)[\(key)]", key, NameFormat.tooLong(253))] }
            let isValid = !key.isEmpty && key != "." && !key.hasPrefix("..")
                && key.utf8.allSatisfy {
                    (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 46
                        || $0 == 95
                }
            return isValid
                ? []
                : [
                    .invalid(
                        "\(path)[\(key)]", key,
                        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
                            + "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')")
                ]
        }
    }
}
