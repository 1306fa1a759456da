import HawseModel

/// What a volume's content comes from (`validateVolumeSource`).
enum VolumeSourceValidation {
    /// The kinds in the order in which the server looks at them.
    private static let kinds = [
        "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi", "glusterfs",
        "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc", "flexVolume",
        "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk", "storageos",
        "projected", "scaleIO", "csi", "ephemeral", "image",
    ]
    /// Kinds whose path the server spells in its own way: where a second kind is refused, where fields are wrong.
    private static let secondNames = ["cephfs": "cephFS", "downwardAPI": "downwarAPI"]
    private static let fieldNames = ["gcePersistentDisk": "persistentDisk"]

    static func given(_ volume: ManifestNode, _ kind: String) -> ManifestNode? {
        volume[kind].flatMap { $0.isNull ? nil : $0 }
    }

    static func isEmptyFolder(_ volume: ManifestNode) -> Bool {
        given(volume, "emptyDir") != nil || kinds.allSatisfy { given(volume, $0) == nil }
    }

    /// A volume without a source is an empty folder.
    static func check(_ volume: ManifestNode, name: String, pod: String?, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var hasOne = false
        for kind in kinds {
            guard let source = given(volume, kind) else { continue }
            if hasOne {
                errors.append(
                    .forbidden("\(path).\(secondNames[kind] ?? kind)", "may not specify more than 1 volume type"))
            } else {
                errors += check(source, kind, at: "\(path).\(fieldNames[kind] ?? kind)")
                if kind == "ephemeral", let pod, !name.isEmpty {
                    let claim = "\(pod)-\(name)"
                    errors += NameFormat.subdomain(claim).map {
                        .invalid("\(path).name", name, "PVC name \(FieldError.quoted(claim)): \($0)")
                    }
                }
            }
            hasOne = true
            if kind == "iscsi", source["initiatorName"]?.text != nil,
                name.utf8.count + 1 + (source["targetPortal"]?.text ?? "").utf8.count > 64
            {
                errors.append(
                    .invalid(
                        "\(path).name", name,
                        "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if "
                            + "iscsi.initiatorName is specified."))
            }
        }
        return errors
    }

    private static func check(_ source: ManifestNode, _ kind: String, at path: String) -> [FieldError] {
        func text(_ field: String) -> String { source[field]?.text ?? "" }
        func needed(_ fields: String...) -> [FieldError] {
            fields.filter { text($0).isEmpty }.map { .required("\(path).\($0)") }
        }
        switch kind {
        case "emptyDir":
            let size = source["sizeLimit"].flatMap { $0.text ?? $0.int.map(String.init) }.flatMap { Kubernetes.Quantity($0) }
            guard let size, size.thousandths < 0 else { return [] }
            return [.forbidden("\(path).sizeLimit", "SizeLimit field must be a valid resource quantity")]
        case "hostPath": return hostPath(text("path"), source["type"]?.text, at: path)
        case "gitRepo":
            return needed("repository") + VolumeValidation.descending(text("directory"), at: "\(path).directory")
        case "gcePersistentDisk": return needed("pdName") + partition(source["partition"], at: path)
        case "awsElasticBlockStore": return needed("volumeID") + partition(source["partition"], at: path)
        case "secret": return needed("secretName") + mode(source["defaultMode"], at: "\(path).defaultMode") + items(source, path)
        case "configMap": return needed("name") + mode(source["defaultMode"], at: "\(path).defaultMode") + items(source, path)
        case "persistentVolumeClaim": return needed("claimName")
        case "nfs":
            let isAbsolute = text("path").hasPrefix("/")
            return needed("server", "path")
                + (isAbsolute ? [] : [.invalid("\(path).path", text("path"), "must be an absolute path")])
        case "glusterfs": return needed("endpoints", "path")
        case "rbd", "cephfs":
            let monitors: [FieldError] = (source["monitors"]?.items ?? []).isEmpty ? [.required("\(path).monitors")] : []
            return monitors + (kind == "rbd" ? needed("image") : [])
        case "cinder": return needed("volumeID") + secret(source["secretRef"], at: "\(path).secretRef")
        case "flexVolume": return needed("driver") + options(source["options"], at: "\(path).options")
        case "azureFile": return needed("secretName", "shareName")
        case "vsphereVolume": return needed("volumePath")
        case "photonPersistentDisk": return needed("pdID")
        case "portworxVolume": return needed("volumeID")
        case "scaleIO": return needed("gateway", "system", "volumeName")
        case "csi": return driver(text("driver"), at: "\(path).driver") + publishSecret(source, at: path)
        case "ephemeral":
            return given(source, "volumeClaimTemplate") == nil ? [.required("\(path).volumeClaimTemplate")] : []
        case "image":
            let policy = text("pullPolicy")
            let known = ["Always", "IfNotPresent", "Never"]
            return needed("reference")
                + (policy.isEmpty || known.contains(policy) ? [] : [.notSupported("\(path).pullPolicy", policy, known)])
        case "downwardAPI":
            return mode(source["defaultMode"], at: "\(path).defaultMode")
                + (source["items"]?.items ?? []).flatMap { ProjectionValidation.downward($0, at: path) }
        case "projected": return ProjectionValidation.check(source, at: path)
        default: return StorageVolumeValidation.check(source, kind, at: path)
        }
    }

    private static let hostTypes = [
        "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
    ]

    private static func hostPath(_ folder: String, _ type: String?, at path: String) -> [FieldError] {
        if folder.isEmpty { return [.required("\(path).path")] }
        let steps = VolumeValidation.noBacksteps(folder, at: "\(path).path")
        guard let type, !hostTypes.contains(type) else { return steps }
        return steps + [.notSupported("\(path).type", type, hostTypes)]
    }

    private static func partition(_ node: ManifestNode?, at path: String) -> [FieldError] {
        guard let number = node?.int, !(0...255).contains(number) else { return [] }
        return [.invalid("\(path).partition", number, "must be between 1 and 255, inclusive")]
    }

    static func secret(_ reference: ManifestNode?, at path: String) -> [FieldError] {
        guard let reference, !reference.isNull, (reference["name"]?.text ?? "").isEmpty else { return [] }
        return [.required("\(path).name")]
    }

    /// Options that a user gives may not look like those of the system.
    private static func options(_ options: ManifestNode?, at path: String) -> [FieldError] {
        (options?.entries ?? []).map(\.key).sorted().compactMap { key in
            let space = "." + (key.contains("/") ? String(key.prefix { $0 != "/" }) : key).lowercased()
            guard space.hasSuffix(".kubernetes.io") || space.hasSuffix(".k8s.io") else { return nil }
            return .invalid("\(path)[\(key)]", key, "kubernetes.io and k8s.io namespaces are reserved")
        }
    }

    /// `ValidateCSIDriverName`
    private static func driver(_ name: String, at path: String) -> [FieldError] {
        (name.isEmpty ? [.required(path)] : []) + (name.utf8.count > 63 ? [.tooLong(path, maximum: 63)] : [])
            + NameFormat.subdomain(name.lowercased()).map { .invalid(path, name, $0) }
    }

    private static func publishSecret(_ source: ManifestNode, at path: String) -> [FieldError] {
        guard let reference = given(source, "nodePublishSecretRef") else { return [] }
        let name = reference["name"]?.text ?? ""
        if name.isEmpty { return [.required("\(path).nodePublishSecretRef.name")] }
        return NameFormat.subdomain(name).map { .invalid("\(path).name", name, $0) }
    }

    static func mode(_ node: ManifestNode?, at path: String) -> [FieldError] {
        guard let mode = node?.int, !(0...0o777).contains(mode) else { return [] }
        return [.invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive")]
    }

    /// `validateKeyToPath` for each of the items.
    private static func items(_ source: ManifestNode, _ path: String) -> [FieldError] {
        (source["items"]?.items ?? []).enumerated().flatMap { item($0.element, at: "\(path).items[\($0.offset)]") }
    }

    static func item(_ item: ManifestNode, at place: String) -> [FieldError] {
        var errors: [FieldError] = []
        if (item["key"]?.text ?? "").isEmpty { errors.append(.required("\(place).key")) }
        let target = item["path"]?.text ?? ""
        if target.isEmpty { errors.append(.required("\(place).path")) }
        return errors + inside(target, at: "\(place).path") + mode(item["mode"], at: "\(place).mode")
    }

    /// A path below the volume's own, none of those the writer keeps for itself (`ValidateLocalNonReservedPath`).
    static func inside(_ path: String, at place: String) -> [FieldError] {
        var errors = VolumeValidation.descending(path, at: place)
        if path.hasPrefix(".."), !path.hasPrefix("../") { errors.append(.invalid(place, path, "must not start with '..'")) }
        return errors
    }
}
