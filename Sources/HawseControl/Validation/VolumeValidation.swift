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
            let wanted = [
                "hostPath": "path", "secret": "secretName", "configMap": "name", "persistentVolumeClaim": "claimName",
            ][kind]
            if let wanted, (source[wanted]?.text ?? "").isEmpty { errors.append(.required("\(path).\(kind).\(wanted)")) }
        }
        return errors
    }

    static func mounts(_ mounts: ManifestNode?, _ volumes: Set<String>, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var paths: Set<String> = []
        for (index, mount) in (mounts?.items ?? []).enumerated() {
            let place = "\(path)[\(index)]"
            let (name, target) = (mount["name"]?.text ?? "", mount["mountPath"]?.text ?? "")
            if name.isEmpty { errors.append(.required("\(place).name")) }
            if !volumes.contains(name) {
                errors.append(FieldError(.notFound, "\(place).name", "Not found: \(FieldError.quoted(name))"))
            }
            if target.isEmpty { errors.append(.required("\(place).mountPath")) }
            if !paths.insert(target).inserted { errors.append(.invalid("\(place).mountPath", target, "must be unique")) }
            let (sub, expression) = (mount["subPath"]?.text ?? "", mount["subPathExpr"]?.text ?? "")
            if !sub.isEmpty, !expression.isEmpty {
                errors.append(.invalid("\(place).subPathExpr", expression, "subPathExpr and subPath are mutually exclusive"))
            }
            for (field, value) in [("subPath", sub), ("subPathExpr", expression)] where !value.isEmpty {
                if value.hasPrefix("/") { errors.append(.invalid("\(place).\(field)", value, "must be a relative path")) }
                if value.split(separator: "/").contains("..") {
                    errors.append(.invalid("\(place).\(field)", value, "must not contain '..'"))
                }
            }
        }
        return errors
    }
}
