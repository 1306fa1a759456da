import HawseModel

/// What a volume's content comes from (`validateVolumeSource`).
enum VolumeSourceValidation {
    private static let hostTypes = [
        "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
    ]

    static func check(_ source: ManifestNode, _ kind: String, at path: String) -> [FieldError] {
        func text(_ field: String) -> String { source[field]?.text ?? "" }
        func needed(_ fields: String...) -> [FieldError] {
            fields.filter { text($0).isEmpty }.map { .required("\(path).\($0)") }
        }
        switch kind {
        case "emptyDir":
            let size = source["sizeLimit"].flatMap { $0.text ?? $0.int.map(String.init) }.flatMap { Kubernetes.Quantity($0) }
            guard let size, size.thousandths < 0 else { return [] }
            return [.forbidden("\(path).sizeLimit", "SizeLimit field must be a valid resource quantity")]
        case "hostPath":
            let type = text("type")
            return needed("path") + VolumeValidation.noBacksteps(text("path"), at: path + ".path")
                + (hostTypes.contains(type) ? [] : [.notSupported("\(path).type", type, hostTypes)])
        case "gitRepo":
            return needed("repository") + VolumeValidation.descending(text("directory"), at: "\(path).directory")
        case "secret": return needed("secretName") + mode(source["defaultMode"], at: "\(path).defaultMode") + items(source, path)
        case "configMap": return needed("name") + mode(source["defaultMode"], at: "\(path).defaultMode") + items(source, path)
        case "persistentVolumeClaim": return needed("claimName")
        case "nfs":
            let isAbsolute = text("path").isEmpty || text("path").hasPrefix("/")
            return needed("server", "path")
                + (isAbsolute ? [] : [.invalid("\(path).path", text("path"), "must be an absolute path")])
        case "csi": return needed("driver")
        case "ephemeral":
            let claim = source["volumeClaimTemplate"]
            return claim == nil || claim?.isNull == true ? [.required("\(path).volumeClaimTemplate")] : []
        case "downwardAPI":
            return mode(source["defaultMode"], at: "\(path).defaultMode") + downward(source["items"], at: "\(path).items")
        case "projected": return projected(source, at: path)
        default: return []
        }
    }

    private static func mode(_ node: ManifestNode?, at path: String) -> [FieldError] {
        guard let mode = node?.int, !(0...0o777).contains(mode) else { return [] }
        return [.invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive")]
    }

    /// `validateKeyToPath`
    private static func items(_ source: ManifestNode, _ path: String) -> [FieldError] {
        (source["items"]?.items ?? []).enumerated().flatMap { index, item -> [FieldError] in
            let place = "\(path).items[\(index)]"
            var errors: [FieldError] = []
            if (item["key"]?.text ?? "").isEmpty { errors.append(.required("\(place).key")) }
            let target = item["path"]?.text ?? ""
            if target.isEmpty { errors.append(.required("\(place).path")) }
            return errors + inside(target, at: "\(place).path") + mode(item["mode"], at: "\(place).mode")
        }
    }

    /// A path below the volume's own, none of those the writer keeps for itself (`validateLocalNonReservedPath`).
    private static func inside(_ path: String, at place: String) -> [FieldError] {
        var errors = VolumeValidation.descending(path, at: place)
        if path.hasPrefix(".."), !path.hasPrefix("../") { errors.append(.invalid(place, path, "must not start with '..'")) }
        return errors
    }

    private static let fields = [
        "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
    ]

    private static func downward(_ items: ManifestNode?, at path: String) -> [FieldError] {
        (items?.items ?? []).enumerated().flatMap { index, item -> [FieldError] in
            let place = "\(path)[\(index)]"
            var errors: [FieldError] = []
            let target = item["path"]?.text ?? ""
            if target.isEmpty { errors.append(.required("\(place).path")) }
            errors += inside(target, at: "\(place).path")
            switch (item["fieldRef"], item["resourceFieldRef"]) {
            case (nil, nil): errors.append(.required(place, "one of fieldRef and resourceFieldRef is required"))
            case (.some(let field), nil):
                errors += EnvironmentValidation.fieldReference(field, among: fields, at: "\(place).fieldRef")
            case (nil, .some(let resource)):
                if (resource["containerName"]?.text ?? "").isEmpty {
                    errors.append(.required("\(place).resourceFieldRef.containerName"))
                }
                errors += EnvironmentValidation.resourceReference(resource, at: "\(place).resourceFieldRef")
            default:
                errors.append(
                    .invalid(place, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"))
            }
            return errors + mode(item["mode"], at: "\(place).mode")
        }
    }

    private static let projections = [
        "secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate",
    ]

    private static func projected(_ source: ManifestNode, at path: String) -> [FieldError] {
        var errors = mode(source["defaultMode"], at: "\(path).defaultMode")
        for (index, entry) in (source["sources"]?.items ?? []).enumerated() {
            let place = "\(path).sources[\(index)]"
            for (count, kind) in projections.filter({ entry[$0] != nil }).enumerated() {
                if count > 0 {
                    errors.append(.forbidden("\(place).\(kind)", "may not specify more than 1 volume type per source"))
                } else if let inner = entry[kind] {
                    errors += projection(inner, kind, at: "\(place).\(kind)")
                }
            }
        }
        return errors
    }

    private static func projection(_ source: ManifestNode, _ kind: String, at path: String) -> [FieldError] {
        switch kind {
        case "secret", "configMap":
            return ((source["name"]?.text ?? "").isEmpty ? [.required("\(path).name")] : []) + items(source, path)
        case "downwardAPI": return downward(source["items"], at: "\(path).items")
        case "serviceAccountToken":
            var errors: [FieldError] = []
            if let seconds = source["expirationSeconds"]?.int {
                if seconds < 600 {
                    errors.append(
                        .invalid("\(path).expirationSeconds", seconds, "may not specify a duration less than 10 minutes"))
                } else if seconds > 1 << 32 {
                    errors.append(
                        .invalid(
                            "\(path).expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds"))
                }
            }
            let target = source["path"]?.text ?? ""
            return errors + (target.isEmpty ? [.required("\(path).path")] : inside(target, at: "\(path).path"))
        default: return []
        }
    }
}
