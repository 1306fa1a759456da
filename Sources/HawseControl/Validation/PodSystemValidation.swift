import HawseModel

/// What the operating system of a pod's nodes rules out (`validateOS`, `validateLinux`, `validateWindows`).
enum PodSystemValidation {
    static func check(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        guard let system = spec.other["os"], !system.isNull else { return [] }
        switch system["name"]?.text ?? "" {
        case "": return [.required("\(path).os.name")]
        case "linux": return linux(spec, at: path)
        case "windows": return windows(spec, at: path)
        case let other: return [.notSupported("\(path).os", other, ["linux", "windows"])]
        }
    }

    private static func linux(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        let contexts = [(spec.other["securityContext"], "\(path).securityContext")]
            + spec.allContainers(at: path).map { ($0.0.other["securityContext"], "\($0.1).securityContext") }
        return contexts.filter { has($0.0, "windowsOptions") }.map {
            .forbidden("\($0.1).windowsOptions", "windows options cannot be set for a linux pod")
        }
    }

    private static func has(_ context: ManifestNode?, _ field: String) -> Bool {
        context.flatMap { VolumeSourceValidation.given($0, field) } != nil
    }

    private static func windows(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        let detail = "cannot be set for a windows pod"
        let context = spec.other["securityContext"]
        let place = "\(path).securityContext"
        var fields: [(String, Bool)] = ["appArmorProfile", "seLinuxOptions"].map { ("\(place).\($0)", has(context, $0)) }
        fields.append(("\(path).hostUsers", spec.other["hostUsers"]?.flag != nil))
        for name in ["hostPID", "hostIPC"] { fields.append(("\(path).\(name)", spec.other[name]?.flag == true)) }
        for name in ["seccompProfile", "fsGroup", "fsGroupChangePolicy"] { fields.append(("\(place).\(name)", has(context, name))) }
        fields.append(("\(place).sysctls", !(context?["sysctls"]?.items ?? []).isEmpty))
        fields.append(("\(path).shareProcessNamespace", spec.other["shareProcessNamespace"]?.flag != nil))
        for name in ["runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy"] {
            fields.append(("\(place).\(name)", has(context, name)))
        }
        for (container, place) in spec.allContainers(at: path) {
            for name in [
                "appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged",
                "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup",
            ] { fields.append(("\(place).securityContext.\(name)", has(container.other["securityContext"], name))) }
        }
        return fields.filter(\.1).map { .forbidden($0.0, detail) }
    }
}
