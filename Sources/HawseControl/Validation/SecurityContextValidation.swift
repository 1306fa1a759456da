import HawseModel

/// Security contexts of pods and containers (`ValidatePodSecurityContext`, `ValidateSecurityContext`).
enum SecurityContextValidation {
    /// A pod's own (`validatePodSpecSecurityContext`), with the fields of its spec that belong to it.
    static func check(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        let place = "\(path).securityContext"
        let context = spec.other["securityContext"]
        var errors: [FieldError] = []
        for field in ["fsGroup", "runAsUser", "runAsGroup"] { errors += identifier(context?[field], at: "\(place).\(field)") }
        for (index, group) in (context?["supplementalGroups"]?.items ?? []).enumerated() {
            errors += identifier(group, at: "\(place).supplementalGroups[\(index)]")
        }
        if spec.other["hostPID"]?.flag == true, spec.other["shareProcessNamespace"]?.flag == true {
            errors.append(
                .invalid(
                    "\(place).shareProcessNamespace", json: "true", "ShareProcessNamespace and HostPID cannot both be enabled"))
        }
        guard let context else { return errors }
        func word(_ field: String, _ known: [String]) -> [FieldError] {
            guard let word = context[field]?.text, !known.contains(word) else { return [] }
            return [.notSupported("\(place).\(field)", word, known)]
        }
        errors += sysctls(context["sysctls"], spec, at: "\(place).sysctls")
        errors += word("fsGroupChangePolicy", ["Always", "OnRootMismatch"])
        errors += seccomp(context["seccompProfile"], at: "\(place).seccompProfile")
        errors += WindowsOptionsValidation.check(context["windowsOptions"], at: "\(place).windowsOptions")
        errors += appArmor(context["appArmorProfile"], at: "\(place).appArmorProfile")
        errors += word("supplementalGroupsPolicy", ["Merge", "Strict"])
        return errors + word("seLinuxChangePolicy", ["MountOption", "Recursive"])
    }

    /// What of its node's a pod shares (`validateWindowsHostProcessPod`, `validateHostUsers`).
    static func hosts(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        WindowsOptionsValidation.hostProcesses(spec, at: path) + hostUsers(spec, at: path)
    }

    /// A container's.
    static func check(_ context: ManifestNode?, hasHostUsers: Bool, at path: String) -> [FieldError] {
        guard let context, !context.isNull else { return [] }
        var errors: [FieldError] = []
        for field in ["runAsUser", "runAsGroup"] { errors += identifier(context[field], at: "\(path).\(field)") }
        if let mount = context["procMount"]?.text {
            let known = ["Default", "Unmasked"]
            if !known.contains(mount) { errors.append(.notSupported("\(path).procMount", mount, known)) }
            if mount == "Unmasked", hasHostUsers {
                errors.append(.invalid("\(path).procMount", mount, "`hostUsers` must be false to use `Unmasked`"))
            }
        }
        errors += seccomp(context["seccompProfile"], at: "\(path).seccompProfile")
        if context["allowPrivilegeEscalation"]?.flag == false {
            let text = InternalForm.securityContext.json(context)
            if context["privileged"]?.flag == true {
                errors.append(
                    .invalid(path, json: text, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"))
            }
            for added in context["capabilities"]?["add"]?.items ?? [] where added.text == "CAP_SYS_ADMIN" {
                errors.append(
                    .invalid(
                        path, json: text,
                        "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"))
            }
        }
        return errors + WindowsOptionsValidation.check(context["windowsOptions"], at: "\(path).windowsOptions")
            + appArmor(context["appArmorProfile"], at: "\(path).appArmorProfile")
    }

    /// Users and groups (`IsValidUserID`, `IsValidGroupID`).
    private static func identifier(_ node: ManifestNode?, at path: String) -> [FieldError] {
        guard case .integer(let id)? = node?.value, !(0...2_147_483_647).contains(id) else { return [] }
        return [.invalid(path, json: String(id), "must be between 0 and 2147483647, inclusive")]
    }

    /// A pod with users of its own cannot share the node's other namespaces.
    private static func hostUsers(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        guard spec.other["hostUsers"]?.flag == false else { return [] }
        let shared = [
            ("hostNetwork", spec.hostNetwork), ("HostPID", spec.other["hostPID"]?.flag == true),
            ("HostIPC", spec.other["hostIPC"]?.flag == true),
        ]
        let detail = "when `hostUsers` is false"
        return shared.filter(\.1).map { .forbidden("\(path).\($0.0)", detail) }
            + spec.allContainers(at: path).filter { !($0.0.other["volumeDevices"]?.items ?? []).isEmpty }
                .map { .forbidden("\($0.1).volumeDevices", detail) }
    }

    // MARK: Sysctls

    private static let sysctlPattern =
        "([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?"

    private static func isSysctl(_ name: String) -> Bool {
        name.utf8.count <= 253 && name.utf8.split(omittingEmptySubsequences: false) {
            $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/")
        }.allSatisfy { part in
            func isPlain(_ byte: UInt8) -> Bool { (97...122).contains(byte) || (48...57).contains(byte) }
            guard let first = part.first, let last = part.last, isPlain(first), isPlain(last) else { return false }
            return part.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
        }
    }

    private static func sysctls(_ list: ManifestNode?, _ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var seen: Set<String> = []
        for (index, sysctl) in (list?.items ?? []).enumerated() {
            let place = "\(path)[\(index)].name"
            let name = sysctl["name"]?.text ?? ""
            if name.isEmpty {
                errors.append(.required(place))
            } else if !isSysctl(name) {
                errors.append(.invalid(place, name, "must have at most 253 characters and match regex \(sysctlPattern)"))
            } else if seen.contains(name) {
                errors.append(.duplicate(place, name))
            }
            seen.insert(name)
            let dotted = String(name.map { $0 == "/" ? "." : $0 })
            if dotted.hasPrefix("net."), spec.hostNetwork {
                errors.append(.invalid(place, name, "may not be specified when 'hostNetwork' is true"))
            }
            let isIPC = ["kernel.shm", "kernel.msg", "fs.mqueue."].contains { dotted.hasPrefix($0) } || dotted == "kernel.sem"
            if isIPC, spec.other["hostIPC"]?.flag == true {
                errors.append(.invalid(place, name, "may not be specified when 'hostIPC' is true"))
            }
        }
        return errors
    }

    // MARK: Profiles

    private static let profileTypes = ["Localhost", "RuntimeDefault", "Unconfined"]

    private static func type(_ profile: ManifestNode, _ field: String, at path: String) -> [FieldError] {
        let type = profile["type"]?.text ?? ""
        if type.isEmpty { return [.required("\(path).type", "type is required when \(field) is set")] }
        return profileTypes.contains(type) ? [] : [.notSupported("\(path).type", type, profileTypes)]
    }

    private static func seccomp(_ profile: ManifestNode?, at path: String) -> [FieldError] {
        guard let profile, !profile.isNull else { return [] }
        var errors = type(profile, "seccompProfile", at: path)
        let place = "\(path).localhostProfile"
        let file = profile["localhostProfile"]?.text
        if profile["type"]?.text == "Localhost" {
            guard let file else { return errors + [.required(place, "must be set when seccomp type is Localhost")] }
            errors += VolumeValidation.descending(file, at: place)
        } else if file != nil {
            errors.append(
                .invalid(place, json: InternalForm.profile.json(profile), "can only be set when seccomp type is Localhost"))
        }
        return errors
    }

    private static func appArmor(_ profile: ManifestNode?, at path: String) -> [FieldError] {
        guard let profile, !profile.isNull else { return [] }
        let place = "\(path).localhostProfile"
        let file = profile["localhostProfile"]?.text
        switch profile["type"]?.text {
        case "Localhost":
            guard let file else { return [.required(place, "must be set when AppArmor type is Localhost")] }
            let tooLong: [FieldError] = file.utf8.count > 4095 ? [.tooLong(place, maximum: 4095)] : []
            if file.first?.isWhitespace == true || file.last?.isWhitespace == true {
                return [.invalid(place, file, "must not be padded with whitespace")] + tooLong
            }
            if file.isEmpty { return [.required(place, "must be set when AppArmor type is Localhost")] }
            return tooLong
        case "RuntimeDefault", "Unconfined":
            return file.map { [.invalid(place, $0, "can only be set when AppArmor type is Localhost")] } ?? []
        default: return type(profile, "appArmorProfile", at: path)
        }
    }
}
