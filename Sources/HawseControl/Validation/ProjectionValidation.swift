import HawseModel

/// What a projected volume brings together (`validateProjectedVolumeSource`), and files of the downward API.
enum ProjectionValidation {
    static func check(_ source: ManifestNode, at path: String) -> [FieldError] {
        var errors = VolumeSourceValidation.mode(source["defaultMode"], at: "\(path).defaultMode")
        var paths: Set<String> = []
        for (index, entry) in (source["sources"]?.items ?? []).enumerated() {
            let place = "\(path).sources[\(index)]"
            var count = 0
            for kind in ["secret", "configMap"] {
                guard let inner = VolumeSourceValidation.given(entry, kind) else { continue }
                count += 1
                errors += items(inner, at: "\(place).\(kind)", volume: path, &paths)
            }
            if let inner = VolumeSourceValidation.given(entry, "downwardAPI") {
                count += 1
                for file in inner["items"]?.items ?? [] {
                    errors += downward(file, at: "\(place).downwardAPI")
                    let target = file["path"]?.text ?? ""
                    if !target.isEmpty, !paths.insert(target).inserted { errors.append(clash(target, at: path)) }
                }
            }
            if let inner = VolumeSourceValidation.given(entry, "serviceAccountToken") {
                count += 1
                errors += token(inner, at: "\(place).serviceAccountToken", volume: path)
            }
            // ClusterTrustBundleProjection and PodCertificateRequest are off: the server drops these sources.
            if count > 1 { errors.append(.forbidden(place, "may not specify more than 1 volume type per source")) }
        }
        return errors
    }

    private static func clash(_ value: String, at path: String) -> FieldError {
        .invalid(path, value, "conflicting duplicate paths")
    }

    private static func items(
        _ source: ManifestNode, at place: String, volume: String, _ paths: inout Set<String>
    ) -> [FieldError] {
        let name = source["name"]?.text ?? ""
        var errors: [FieldError] = name.isEmpty ? [.required("\(place).name")] : []
        for (index, item) in (source["items"]?.items ?? []).enumerated() {
            errors += VolumeSourceValidation.item(item, at: "\(place).items[\(index)]")
            let target = item["path"]?.text ?? ""
            if !target.isEmpty, !paths.insert(target).inserted { errors.append(clash(name, at: volume)) }
        }
        return errors
    }

    private static func token(_ source: ManifestNode, at place: String, volume: String) -> [FieldError] {
        var errors: [FieldError] = []
        if let seconds = source["expirationSeconds"]?.int {
            if seconds < 600 {
                errors.append(
                    .invalid("\(place).expirationSeconds", seconds, "may not specify a duration less than 10 minutes"))
            }
            if seconds > 1 << 32 {
                errors.append(
                    .invalid("\(place).expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds"))
            }
        }
        let target = source["path"]?.text ?? ""
        return errors + (target.isEmpty ? [.required("\(volume).path")] : VolumeSourceValidation.inside(target, at: "\(volume).path"))
    }

    private static let fields = [
        "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
    ]

    /// `validateDownwardAPIVolumeFile`: the server names the volume and not the file.
    static func downward(_ file: ManifestNode, at place: String) -> [FieldError] {
        let target = file["path"]?.text ?? ""
        var errors: [FieldError] = target.isEmpty ? [.required("\(place).path")] : []
        errors += VolumeSourceValidation.inside(target, at: "\(place).path")
        let resource = VolumeSourceValidation.given(file, "resourceFieldRef")
        if let field = VolumeSourceValidation.given(file, "fieldRef") {
            errors += EnvironmentValidation.fieldReference(field, among: fields, at: "\(place).fieldRef")
            if resource != nil {
                errors.append(
                    .invalid(place, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"))
            }
        } else if let resource {
            errors += EnvironmentValidation.resourceReference(
                resource, needsContainer: true, at: "\(place).resourceFieldRef")
        } else {
            errors.append(.required(place, "one of fieldRef and resourceFieldRef is required"))
        }
        return errors + VolumeSourceValidation.mode(file["mode"], at: "\(place).mode")
    }
}
