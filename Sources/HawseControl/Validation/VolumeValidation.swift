import HawseModel

/// Volumes of pods and what containers make of them (`ValidateVolumes`, `ValidateVolumeMounts`, `ValidateVolumeDevices`).
struct VolumeValidation {
    /// What is wrong with the list.
    let errors: [FieldError]
    /// The volumes that nothing is wrong with: only these can be mounted.
    let sources: [String: ManifestNode]

    /// `pod` is the name of the pod, where there is one: claims are made under it.
    init(_ volumes: ManifestNode?, pod: String?, at path: String) {
        var errors: [FieldError] = []
        var sources: [String: ManifestNode] = [:]
        let list = volumes?.items ?? []
        let made = Set(list.filter { VolumeSourceValidation.given($0, "ephemeral") != nil }.compactMap { volume in
            pod.map { "\($0)-\(volume["name"]?.text ?? "")" }
        })
        for (index, volume) in list.enumerated() {
            let place = "\(path)[\(index)]"
            let name = volume["name"]?.text ?? ""
            var found = VolumeSourceValidation.check(volume, name: name, pod: pod, at: place)
            if name.isEmpty {
                found.append(.required("\(place).name"))
            } else {
                found += NameFormat.label(name).map { .invalid("\(place).name", name, $0) }
            }
            if sources[name] != nil { found.append(.duplicate("\(place).name", name)) }
            if found.isEmpty { sources[name] = volume }
            errors += found
            if let claim = volume["persistentVolumeClaim"]?["claimName"]?.text, made.contains(claim) {
                errors.append(
                    .invalid(
                        "\(place).persistentVolumeClaim.claimName", claim,
                        "must not reference a PVC that gets created for an ephemeral volume"))
            }
        }
        (self.errors, self.sources) = (errors, sources)
    }

    /// `validateLocalDescendingPath`
    static func descending(_ path: String, at place: String) -> [FieldError] {
        (path.hasPrefix("/") ? [.invalid(place, path, "must be a relative path")] : []) + noBacksteps(path, at: place)
    }

    static func noBacksteps(_ path: String, at place: String) -> [FieldError] {
        path.split(separator: "/").contains("..") ? [.invalid(place, path, "must not contain '..'")] : []
    }

    private static func notFound(_ place: String, _ name: String) -> FieldError {
        FieldError(.notFound, place, "Not found: \(FieldError.quoted(name))")
    }

    // MARK: Mounts

    func mounts(_ container: Kubernetes.Container, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var paths: Set<String> = []
        let devices = container.other["volumeDevices"]?.items ?? []
        let deviceNames = Set(devices.map { $0["name"]?.text ?? "" })
        let devicePaths = Set(devices.map { $0["devicePath"]?.text ?? "" })
        for (index, mount) in (container.other["volumeMounts"]?.items ?? []).enumerated() {
            let place = "\(path)[\(index)]"
            let (name, target) = (mount["name"]?.text ?? "", mount["mountPath"]?.text ?? "")
            if name.isEmpty { errors.append(.required("\(place).name")) }
            if sources[name] == nil { errors.append(Self.notFound("\(place).name", name)) }
            if target.isEmpty { errors.append(.required("\(place).mountPath")) }
            if !paths.insert(target).inserted { errors.append(.invalid("\(place).mountPath", target, "must be unique")) }
            if deviceNames.contains(name) {
                errors.append(.invalid("\(place).name", name, "must not already exist in volumeDevices"))
            }
            if devicePaths.contains(target) {
                errors.append(.invalid("\(place).mountPath", target, "must not already exist as a path in volumeDevices"))
            }
            errors += Self.subPaths(mount, at: place, list: path)
            errors += Self.propagation(mount, container, at: path)
        }
        return errors
    }

    /// The server names the list, not the mount, where a path leads out of its volume.
    private static func subPaths(_ mount: ManifestNode, at place: String, list: String) -> [FieldError] {
        let (sub, expression) = (mount["subPath"]?.text ?? "", mount["subPathExpr"]?.text ?? "")
        var errors: [FieldError] = sub.isEmpty ? [] : descending(sub, at: "\(list).subPath")
        if expression.isEmpty { return errors }
        if !sub.isEmpty {
            errors.append(.invalid("\(place).subPathExpr", expression, "subPathExpr and subPath are mutually exclusive"))
        }
        return errors + descending(expression, at: "\(list).subPathExpr")
    }

    private static func propagation(
        _ mount: ManifestNode, _ container: Kubernetes.Container, at list: String
    ) -> [FieldError] {
        var errors: [FieldError] = []
        if let word = mount["mountPropagation"]?.text {
            let place = "\(list).mountPropagation"
            let known = ["Bidirectional", "HostToContainer", "None"]
            if !known.contains(word) { errors.append(.notSupported(place, word, known)) }
            if word == "Bidirectional", container.other["securityContext"]?["privileged"]?.flag != true {
                errors.append(
                    .forbidden(place, "Bidirectional mount propagation is available only to privileged containers"))
            }
        }
        guard let word = mount["recursiveReadOnly"]?.text else { return errors }
        let place = "\(list).recursiveReadOnly"
        let known = ["Disabled", "Enabled", "IfPossible"]
        if !known.contains(word) { return errors + [.notSupported(place, word, known)] }
        if word == "Disabled" { return errors }
        if mount["readOnly"]?.flag != true {
            errors.append(.forbidden(place, "may only be specified when readOnly is true"))
        }
        if (mount["mountPropagation"]?.text ?? "None") != "None" {
            errors.append(.forbidden(place, "may only be specified when mountPropagation is None or not specified"))
        }
        return errors
    }

    // MARK: Block devices

    func devices(_ container: Kubernetes.Container, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var names: Set<String> = []
        var paths: Set<String> = []
        let mounts = container.other["volumeMounts"]?.items ?? []
        let mountNames = Set(mounts.map { $0["name"]?.text ?? "" })
        let mountPaths = Set(mounts.map { $0["mountPath"]?.text ?? "" })
        for (index, device) in (container.other["volumeDevices"]?.items ?? []).enumerated() {
            let place = "\(path)[\(index)]"
            let (name, target) = (device["name"]?.text ?? "", device["devicePath"]?.text ?? "")
            if name.isEmpty { errors.append(.required("\(place).name")) }
            if names.contains(name) { errors.append(.invalid("\(place).name", name, "must be unique")) }
            errors += source(ofDevice: name, at: "\(place).name")
            if target.isEmpty { errors.append(.required("\(place).devicePath")) }
            if paths.contains(target) { errors.append(.invalid("\(place).devicePath", target, "must be unique")) }
            if !target.isEmpty, !Self.noBacksteps(target, at: "").isEmpty {
                errors.append(.invalid("\(place).devicePath", target, "can not contain backsteps ('..')"))
            } else {
                paths.insert(target)
            }
            if mountNames.contains(name) {
                errors.append(.invalid("\(place).name", name, "must not already exist in volumeMounts"))
            }
            if mountPaths.contains(target) {
                errors.append(.invalid("\(place).devicePath", target, "must not already exist as a path in volumeMounts"))
            }
            if !name.isEmpty { names.insert(name) }
        }
        return errors
    }

    private func source(ofDevice name: String, at place: String) -> [FieldError] {
        guard let volume = sources[name] else { return [Self.notFound(place, name)] }
        let isClaim = ["persistentVolumeClaim", "ephemeral"].contains { VolumeSourceValidation.given(volume, $0) != nil }
        if isClaim { return [] }
        return [
            .invalid(
                place, name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode")
        ]
    }
}
