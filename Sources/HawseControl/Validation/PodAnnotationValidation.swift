import HawseModel

/// Annotations of pods that mean something to the API server (`ValidatePodSpecificAnnotations`).
enum PodAnnotationValidation {
    private static let mirror = "kubernetes.io/config.mirror"
    private static let deletionCost = "controller.kubernetes.io/pod-deletion-cost"
    private static let appArmor = "container.apparmor.security.beta.kubernetes.io/"
    private static let seccompPod = "seccomp.security.alpha.kubernetes.io/pod"
    private static let seccompContainer = "container.seccomp.security.alpha.kubernetes.io/"

    static func check(_ notes: [String: String], _ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if let value = notes[mirror], spec.nodeName.isEmpty {
            errors.append(.invalid("\(path)[\(mirror)]", value, "must set spec.nodeName if mirror pod annotation is set"))
        }
        if let cost = notes[deletionCost], !isCost(cost) {
            errors.append(.invalid("\(path)[\(deletionCost)]", cost, "must be a 32bit integer"))
        }
        for (key, profile) in notes.sorted(by: { $0.key < $1.key })
        where key == seccompPod || key.hasPrefix(seccompContainer) {
            errors += seccomp(profile, at: "\(path).\(key)")
        }
        for (key, profile) in notes.sorted(by: { $0.key < $1.key }) where key.hasPrefix(appArmor) {
            let name = String(key.dropFirst(appArmor.utf8.count))
            if !spec.allContainers(at: "").contains(where: { $0.0.name == name }) {
                errors.append(.invalid("\(path)[\(key)]", name, "container not found"))
            }
            if !["", "runtime/default", "unconfined"].contains(profile), !profile.hasPrefix("localhost/") {
                errors.append(
                    .invalid("\(path)[\(key)]", profile, "invalid AppArmor profile name: \(FieldError.quoted(profile))"))
            }
        }
        return errors
    }

    /// No plus sign, no zeros in front.
    private static func isCost(_ text: String) -> Bool {
        guard let first = text.utf8.first, Int32(text) != nil else { return false }
        return first == UInt8(ascii: "-") || text == "0" || (49...57).contains(first)
    }

    private static func seccomp(_ profile: String, at path: String) -> [FieldError] {
        if ["runtime/default", "docker/default", "unconfined"].contains(profile) { return [] }
        if profile.hasPrefix("localhost/") { return VolumeValidation.descending(String(profile.dropFirst(10)), at: path) }
        return [.invalid(path, profile, "must be a valid seccomp profile")]
    }

    /// The old annotations about profiles say the same as the fields.
    static func profiles(_ notes: [String: String], _ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        let context = spec.other["securityContext"]
        var errors: [FieldError] = []
        func compare(_ key: String, _ profile: ManifestNode?, _ name: String, at place: String) {
            guard let note = notes[key], let profile, !profile.isNull else { return }
            let file = profile["localhostProfile"]?.text
            let isSame: Bool
            switch profile["type"]?.text {
            case "Unconfined": isSame = note == "unconfined"
            case "RuntimeDefault": isSame = note == "runtime/default" || name == "seccomp" && note == "docker/default"
            case "Localhost": isSame = note.hasPrefix("localhost/")
            default: return
            }
            if !isSame {
                errors.append(.forbidden("\(place).type", "\(name) type in annotation and field must match"))
            } else if note.hasPrefix("localhost/"), String(note.dropFirst(10)) != file {
                errors.append(
                    .forbidden("\(place).localhostProfile", "\(name) profile in annotation and field must match"))
            }
        }
        compare(seccompPod, context?["seccompProfile"], "seccomp", at: "\(path).securityContext.seccompProfile")
        for (container, place) in spec.allContainers(at: path) {
            compare(
                seccompContainer + container.name, container.other["securityContext"]?["seccompProfile"], "seccomp",
                at: "\(place).securityContext.seccompProfile")
        }
        if spec.other["os"]?["name"]?.text == "windows" { return errors }
        for (container, place) in spec.allContainers(at: path) {
            let own = container.other["securityContext"].flatMap { VolumeSourceValidation.given($0, "appArmorProfile") }
            compare(
                appArmor + container.name, own ?? context?["appArmorProfile"], "apparmor",
                at: "\(place).securityContext.appArmorProfile")
        }
        return errors
    }

    /// What stays as it is once it is there (`ValidatePodSpecificAnnotationUpdates`).
    static func update(_ new: Kubernetes.Pod, _ old: Kubernetes.Pod, at path: String) -> [FieldError] {
        let (after, before) = (new.metadata.annotations, old.metadata.annotations)
        var errors: [FieldError] = []
        for (key, value) in before.sorted(by: { $0.key < $1.key }) where after[key] != value {
            if key.hasPrefix(appArmor) {
                errors.append(.forbidden("\(path)[\(key)]", "may not remove or update AppArmor annotations"))
            }
            if key == mirror {
                errors.append(.forbidden("\(path)[\(key)]", "may not remove or update mirror pod annotation"))
            }
        }
        for key in after.keys.sorted() where before[key] == nil {
            if key.hasPrefix(appArmor) { errors.append(.forbidden("\(path)[\(key)]", "may not add AppArmor annotations")) }
            if key == mirror { errors.append(.forbidden("\(path)[\(key)]", "may not add mirror pod annotation")) }
        }
        return errors
    }
}
