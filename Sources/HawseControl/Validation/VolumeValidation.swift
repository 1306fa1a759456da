import HawseModel

/// Volumes of pods and their mounts, as far as names and sources go.
enum VolumeValidation {
    static func names(_ volumes: ManifestNode?) -> Set<String> {
        Set((volumes?.items ?? []).compactMap { $0["name"]?.text })
    }

    static func check(_ volumes: ManifestNode?, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var names: Set<String> = []
        for (index, volume) in (volumes?.items ?? []).enumerated() {
            let place = "\(path)[\(index)]"
            let name = volume["name"]?.text ?? ""
            var isNamed = true
            if name.isEmpty {
                errors.append(.required("\(place).name"))
                isNamed = false
            } else {
                let problems = NameFormat.label(name)
                errors += problems.map { .invalid("\(place).name", name, $0) }
                isNamed = problems.isEmpty
            }
            if isNamed, !names.insert(name).inserted { errors.append(.duplicate("\(place).name", name)) }
            errors += source(volume, at: place)
        }
        return errors
    }

    /// A volume without a source is an empty folder.
    private static func source(_ volume: ManifestNode, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var count = 0
        for kind in PodShapes.volumeSources {
            guard let source = volume[kind], !source.isNull else { continue }
            count += 1
            if count > 1 {
                errors.append(.forbidden("\(path).\(kind)", "may not specify more than 1 volume type"))
                continue
            }
            errors += VolumeSourceValidation.check(source, kind, at: "\(path).\(kind)")
        }
        return errors
    }

    /// `validateLocalDescendingPath`
    static func descending(_ path: String, at place: String) -> [FieldError] {
        (path.hasPrefix("/") ? [.invalid(place, path, "must be a relative path")] : []) + noBacksteps(path, at: place)
    }

    static func noBacksteps(_ path: String, at place: String) -> [FieldError] {
        path.split(separator: "/").contains("..") ? [.invalid(place, path, "must not contain '..'")] : []
    }

    static func mounts(_ container: Kubernetes.Container, _ volumes: Set<String>, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var paths: Set<String> = []
        let devices = container.other["volumeDevices"]?.items ?? []
        let devicePaths = Set(devices.compactMap { $0["devicePath"]?.text })
        let deviceNames = Set(devices.compactMap { $0["name"]?.text })
        for (index, mount) in (container.other["volumeMounts"]?.items ?? []).enumerated() {
            let place = "\(path)[\(index)]"
            let (name, target) = (mount["name"]?.text ?? "", mount["mountPath"]?.text ?? "")
            if name.isEmpty { errors.append(.required("\(place).name")) }
            if !volumes.contains(name) {
                errors.append(FieldError(.notFound, "\(place).name", "Not found: \(FieldError.quoted(name))"))
            }
            if target.isEmpty { errors.append(.required("\(place).mountPath")) }
            if !paths.insert(target).inserted { errors.append(.invalid("\(place).mountPath", target, "must be unique")) }
            if deviceNames.contains(name) {
                errors.append(.invalid("\(place).name", name, "must not already exist in volumeDevices"))
            }
            if devicePaths.contains(target) {
                errors.append(.invalid("\(place).mountPath", target, "must not already exist as a path in volumeDevices"))
            }
            let (sub, expression) = (mount["subPath"]?.text ?? "", mount["subPathExpr"]?.text ?? "")
            if !sub.isEmpty, !expression.isEmpty {
                errors.append(.invalid("\(place).subPathExpr", expression, "subPathExpr and subPath are mutually exclusive"))
            }
            for (field, value) in [("subPath", sub), ("subPathExpr", expression)] where !value.isEmpty {
                errors += descending(value, at: "\(place).\(field)")
            }
            errors += propagation(mount, container, at: place)
        }
        return errors
    }

    private static func propagation(
        _ mount: ManifestNode, _ container: Kubernetes.Container, at path: String
    ) -> [FieldError] {
        var errors: [FieldError] = []
        if let word = mount["mountPropagation"]?.text {
            let known = ["Bidirectional", "HostToContainer", "None"]
            if !known.contains(word) { errors.append(.notSupported("\(path).mountPropagation", word, known)) }
            if word == "Bidirectional", container.other["securityContext"]?["privileged"]?.flag != true {
                errors.append(
                    .forbidden(
                        "\(path).mountPropagation", "Bidirectional mount propagation is available only to privileged containers"))
            }
        }
        guard let word = mount["recursiveReadOnly"]?.text else { return errors }
        let known = ["Disabled", "Enabled", "IfPossible"]
        let place = "\(path).recursiveReadOnly"
        if !known.contains(word) { return errors + [.notSupported(place, word, known)] }
        if word != "Disabled" {
            if mount["readOnly"]?.flag != true {
                errors.append(.forbidden(place, "may only be specified when readOnly is true"))
            }
            let spread = mount["mountPropagation"]?.text ?? "None"
            if spread != "None" {
                errors.append(
                    .forbidden(place, "may only be specified when mountPropagation is None or not specified"))
            }
        }
        return errors
    }

    /// Block devices (`ValidateVolumeDevices`).
    static func devices(_ container: Kubernetes.Container, _ sources: ManifestNode?, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var names: Set<String> = []
        var paths: Set<String> = []
        for (index, device) in (container.other["volumeDevices"]?.items ?? []).enumerated() {
            let place = "\(path)[\(index)]"
            let (name, target) = (device["name"]?.text ?? "", device["devicePath"]?.text ?? "")
            if name.isEmpty { errors.append(.required("\(place).name")) }
            if !names.insert(name).inserted { errors.append(.invalid("\(place).name", name, "must be unique")) }
            let volume = (sources?.items ?? []).first { $0["name"]?.text == name }
            if let volume {
                if volume["persistentVolumeClaim"] == nil, volume["ephemeral"] == nil {
                    errors.append(
                        .invalid(
                            "\(place).name", name,
                            "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"))
                }
            } else {
                errors.append(FieldError(.notFound, "\(place).name", "Not found: \(FieldError.quoted(name))"))
            }
            if target.isEmpty { errors.append(.required("\(place).devicePath")) }
            if !paths.insert(target).inserted { errors.append(.invalid("\(place).devicePath", target, "must be unique")) }
            errors += noBacksteps(target, at: "\(place).devicePath")
        }
        return errors
    }
}
