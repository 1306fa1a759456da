import HawseModel

/// Security options of containers on Windows nodes (`validateWindowsSecurityContextOptions`).
enum WindowsOptionsValidation {
    static func check(_ options: ManifestNode?, at path: String) -> [FieldError] {
        guard let options, !options.isNull else { return [] }
        var errors: [FieldError] = []
        if let name = options["gmsaCredentialSpecName"]?.text {
            errors += NameFormat.subdomain(name).map { .invalid("\(path).gmsaCredentialSpecName", name, $0) }
        }
        if let spec = options["gmsaCredentialSpec"]?.text {
            let place = "\(path).gmsaCredentialSpec"
            if spec.isEmpty {
                errors.append(.invalid(place, spec, "gmsaCredentialSpec cannot be an empty string"))
            } else if spec.utf8.count > 65536 {
                errors.append(.invalid(place, spec, "gmsaCredentialSpec size must be under 64 KiB"))
            }
        }
        if let user = options["runAsUserName"]?.text {
            errors += problems(ofUser: user).map { .invalid("\(path).runAsUserName", user, $0) }
        }
        return errors
    }

    /// `DOMAIN\\user` or a user alone.
    private static func problems(ofUser text: String) -> [String] {
        if text.isEmpty { return ["runAsUserName cannot be an empty string"] }
        if text.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) {
            return ["runAsUserName cannot contain control characters"]
        }
        let parts = text.split(separator: "\\", omittingEmptySubsequences: false)
        if parts.count > 2 { return ["runAsUserName cannot contain more than one backslash"] }
        let user = parts[parts.count - 1]
        var errors: [String] = []
        if parts.count == 2 {
            if parts[0].utf8.count >= 256 { errors.append("runAsUserName's Domain length must be under 256 characters") }
            if !isNetBIOS(parts[0]), !isDomain(parts[0]) {
                errors.append("runAsUserName's Domain doesn't match the NetBios nor the DNS format")
            }
        }
        if user.isEmpty {
            errors.append("runAsUserName's User cannot be empty")
        } else if user.utf8.count > 104 {
            errors.append("runAsUserName's User length must not be longer than 104 characters")
        }
        if !user.isEmpty, user.allSatisfy({ $0 == "." || $0 == " " }) {
            errors.append("runAsUserName's User cannot contain only periods or spaces")
        }
        if user.contains(where: { "\"/\\:;|=,+*?<>@[]".contains($0) }) {
            errors.append("runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]")
        }
        return errors
    }

    private static func isNetBIOS(_ name: Substring) -> Bool {
        (1...15).contains(name.unicodeScalars.count) && !name.hasPrefix(".") && !name.contains { "\\/:*?\"<>|".contains($0) }
    }

    private static func isDomain(_ name: Substring) -> Bool {
        func isPlain(_ byte: UInt8) -> Bool {
            (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
        }
        return name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            guard label.count <= 63, let first = label.first, let last = label.last, isPlain(first), isPlain(last)
            else { return false }
            return label.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// Either all containers are processes of the host or none is, and they need the host's network.
    static func hostProcesses(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        let pod = spec.other["securityContext"]?["windowsOptions"]?["hostProcess"]?.flag
        var errors: [FieldError] = []
        var count = 0
        let containers = spec.allContainers(at: path)
        for (container, place) in containers {
            let own = container.other["securityContext"]?["windowsOptions"]?["hostProcess"]?.flag
            if let pod, let own, pod != own {
                errors.append(
                    .invalid(
                        "\(place).securityContext.windowsOptions.hostProcess", json: "\(own)",
                        "pod hostProcess value must be identical if both are specified, was \(pod)"))
            }
            if own ?? pod ?? false { count += 1 }
        }
        if count == 0 { return errors }
        if count != containers.count {
            errors.append(
                .invalid(
                    path, "", "If pod contains any hostProcess containers then all containers must be HostProcess containers"))
        }
        if spec.hostNetwork { return errors }
        return errors + [
            .invalid(
                "\(path).hostNetwork", json: "false", "hostNetwork must be true if pod contains any hostProcess containers")
        ]
    }
}
