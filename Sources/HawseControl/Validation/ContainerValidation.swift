import HawseModel

/// Containers of a pod (`validateContainers`, `validateInitContainers`, `validateEphemeralContainers`).
struct ContainerValidation {
    let spec: Kubernetes.PodSpec
    let volumes: VolumeValidation
    /// Of a pod and not of a template.
    let isPod: Bool

    /// `terminationGracePeriodSeconds` of the pod.
    private var gracePeriod: Int64 { spec.terminationGracePeriodSeconds ?? 30 }

    // MARK: The three lists

    func regular(at path: String) -> [FieldError] {
        if spec.containers.isEmpty { return [.required(path)] }
        var errors: [FieldError] = []
        var names: Set<String> = []
        for (index, container) in spec.containers.enumerated() {
            let place = "\(path)[\(index)]"
            errors += common(container, at: place)
            if !names.insert(container.name).inserted { errors.append(.duplicate("\(place).name", container.name)) }
            errors += handlers(container, at: place) + restart(container, at: place)
        }
        return errors + hostPorts(spec.containers, at: path)
    }

    func initial(at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var names = Set(spec.containers.map(\.name))
        for (index, container) in spec.initContainers.enumerated() {
            let place = "\(path)[\(index)]"
            errors += common(container, at: place) + restart(container, at: place)
            if names.contains(container.name) {
                errors.append(.duplicate("\(place).name", container.name))
            } else if !container.name.isEmpty {
                names.insert(container.name)
            }
            // They run one after another and each has the ports for itself; the server calls each the first.
            errors += hostPorts([container], at: path)
            errors += container.restartPolicy == "Always" ? handlers(container, at: place) : noHandlers(container, at: place)
            guard container.restartPolicy != "Always" else { continue }
            for (number, policy) in (container.other["resizePolicy"]?.items ?? []).enumerated()
            where policy["restartPolicy"]?.text == "RestartContainer" {
                errors.append(
                    .invalid(
                        "\(place).resizePolicy[\(number)].restartPolicy", "RestartContainer",
                        "must not be set to 'RestartContainer' for non-sidecar initContainers"))
            }
        }
        return errors
    }

    func ephemeral(at path: String) -> [FieldError] {
        let others = Set((spec.containers + spec.initContainers).map(\.name))
        var names = others
        var errors: [FieldError] = []
        for (index, container) in spec.ephemeralContainers.enumerated() {
            let place = "\(path)[\(index)]"
            errors += common(container, at: place) + Self.image(container, at: place)
            if !names.insert(container.name).inserted { errors.append(.duplicate("\(place).name", container.name)) }
            let target = container.other["targetContainerName"]?.text ?? ""
            if !target.isEmpty, !others.contains(target) {
                errors.append(
                    FieldError(.notFound, "\(place).targetContainerName", "Not found: \(FieldError.quoted(target))"))
            }
            errors += unfit(container, at: place)
        }
        return errors
    }

    /// A container for debugging does not serve the pod: no ports, probes, hooks, resources.
    private func unfit(_ container: Kubernetes.Container, at path: String) -> [FieldError] {
        let detail = "cannot be set for an Ephemeral Container"
        let given = [
            ("ports", !container.ports.isEmpty),
            ("resources", container.resources != Kubernetes.ResourceRequirements()),
            ("resizePolicy", container.other["resizePolicy"] != nil), ("restartPolicy", container.restartPolicy != nil),
            ("restartPolicyRules", container.other["restartPolicyRules"] != nil),
            ("livenessProbe", container.livenessProbe != nil), ("readinessProbe", container.readinessProbe != nil),
            ("startupProbe", container.startupProbe != nil), ("lifecycle", container.lifecycle != nil),
        ]
        let mounts = (container.other["volumeMounts"]?.items ?? []).enumerated().flatMap { index, mount in
            ["subPath", "subPathExpr"].filter { !(mount[$0]?.text ?? "").isEmpty }
                .map { FieldError.forbidden("\(path).volumeMounts[\(index)].\($0)", detail) }
        }
        return given.filter(\.1).map { .forbidden("\(path).\($0.0)", detail) } + mounts
    }

    private func hostPorts(_ containers: [Kubernetes.Container], at path: String) -> [FieldError] {
        var taken: Set<String> = []
        return containers.enumerated().flatMap { place, container in
            container.ports.enumerated().compactMap { index, port -> FieldError? in
                let key = "\(port.protocol)/\(port.hostIP)/\(port.hostPort)"
                if port.hostPort == 0 || taken.insert(key).inserted { return nil }
                return .duplicate("\(path)[\(place)].ports[\(index)].hostPort", key)
            }
        }
    }

    // MARK: One container

    private func common(_ container: Kubernetes.Container, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if container.name.isEmpty {
            errors.append(.required("\(path).name"))
        } else {
            errors += NameFormat.label(container.name).map { .invalid("\(path).name", container.name, $0) }
        }
        if container.image.isEmpty { errors.append(.required("\(path).image")) }
        errors += ServiceValidation.word(
            container.terminationMessagePolicy, "\(path).terminationMessagePolicy", ["File", "FallbackToLogsOnError"])
        errors += ports(container.ports, at: "\(path).ports")
        errors += EnvironmentValidation.check(container.other["env"], at: "\(path).env")
        errors += EnvironmentValidation.sources(container.other["envFrom"], at: "\(path).envFrom")
        errors += volumes.mounts(container, at: "\(path).volumeMounts")
        errors += volumes.devices(container, at: "\(path).volumeDevices")
        errors += ServiceValidation.word(
            container.imagePullPolicy, "\(path).imagePullPolicy", ["Always", "IfNotPresent", "Never"])
        errors += ResourceValidation.check(container.resources, claims: spec.claimNames, at: "\(path).resources")
        errors += resize(container.other["resizePolicy"], at: "\(path).resizePolicy")
        errors += SecurityContextValidation.check(
            container.other["securityContext"], hasHostUsers: spec.other["hostUsers"]?.flag ?? true,
            at: "\(path).securityContext")
        return errors
    }

    /// Of pods only: templates keep what they were given.
    static func image(_ container: Kubernetes.Container, at path: String) -> [FieldError] {
        let image = container.image
        guard image.first?.isWhitespace == true || image.last?.isWhitespace == true else { return [] }
        return [.invalid("\(path).image", image, "must not have leading or trailing whitespace")]
    }

    private func resize(_ list: ManifestNode?, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var seen: Set<String> = []
        for (index, policy) in (list?.items ?? []).enumerated() {
            let (resource, word) = (policy["resourceName"]?.text ?? "", policy["restartPolicy"]?.text ?? "")
            if !seen.insert(resource).inserted { errors.append(.duplicate("\(path)[\(index)]", resource)) }
            errors += ServiceValidation.word(resource, path, ["cpu", "memory"])
            errors += ServiceValidation.word(word, path, ["NotRequired", "RestartContainer"])
            if spec.restartPolicy == "Never", word != "NotRequired" {
                errors.append(.invalid(path, word, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"))
            }
        }
        return errors
    }

    private func handlers(_ container: Kubernetes.Container, at path: String) -> [FieldError] {
        ProbeValidation.check(container.lifecycle, at: "\(path).lifecycle", gracePeriod: gracePeriod)
            + ProbeValidation.check(container, at: path)
    }

    /// Lifecycle and probes are for sidecars.
    private func noHandlers(_ container: Kubernetes.Container, at path: String) -> [FieldError] {
        [
            ("lifecycle", container.lifecycle != nil), ("livenessProbe", container.livenessProbe != nil),
            ("readinessProbe", container.readinessProbe != nil), ("startupProbe", container.startupProbe != nil),
        ].filter(\.1).map {
            .forbidden("\(path).\($0.0)", "may not be set for init containers without restartPolicy=Always")
        }
    }

    /// ContainerRestartRules: every container may have a policy of its own, and rules by exit codes beside it.
    private func restart(_ container: Kubernetes.Container, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        let rules = container.other["restartPolicyRules"]?.items ?? []
        if let policy = container.restartPolicy {
            let known = ["Always", "Never", "OnFailure"]
            if !known.contains(policy) { errors.append(.notSupported("\(path).restartPolicy", policy, known)) }
        } else if !rules.isEmpty {
            errors.append(.required("\(path).restartPolicy", "must specify restartPolicy when restart rules are used"))
        }
        if rules.count > 20 { errors.append(.tooMany("\(path).restartPolicyRules", rules.count, maximum: 20)) }
        for (index, rule) in rules.enumerated() {
            let place = "\(path).restartPolicyRules[\(index)]"
            let actions = ["Restart", "RestartAllContainers"]
            let action = rule["action"]?.text ?? ""
            if !actions.contains(action) { errors.append(.notSupported("\(place).action", action, actions)) }
            guard let codes = rule["exitCodes"], !codes.isNull else {
                errors.append(.required("\(place).exitCodes", "must be specified"))
                continue
            }
            let word = codes["operator"]?.text ?? ""
            if !["In", "NotIn"].contains(word) {
                errors.append(.notSupported("\(place).exitCodes.operator", word, ["In", "NotIn"]))
            }
            let count = codes["values"]?.items?.count ?? 0
            if count > 255 { errors.append(.tooMany("\(place).exitCodes.values", count, maximum: 255)) }
        }
        return errors
    }

    private func ports(_ ports: [Kubernetes.ContainerPort], at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var names: Set<String> = []
        for (index, port) in ports.enumerated() {
            let place = "\(path)[\(index)]"
            if !port.name.isEmpty {
                let problems = NameFormat.portName(port.name)
                errors += problems.map { .invalid("\(place).name", port.name, $0) }
                if problems.isEmpty, !names.insert(port.name).inserted {
                    errors.append(.duplicate("\(place).name", port.name))
                }
            }
            if port.containerPort == 0 {
                errors.append(.required("\(place).containerPort"))
            } else {
                errors += NameFormat.portNumber(port.containerPort).map {
                    .invalid("\(place).containerPort", port.containerPort, $0)
                }
            }
            if port.hostPort != 0 {
                errors += NameFormat.portNumber(port.hostPort).map { .invalid("\(place).hostPort", port.hostPort, $0) }
            }
            errors += ServiceValidation.word(port.protocol.rawValue, "\(place).protocol", ["SCTP", "TCP", "UDP"])
        }
        return errors
    }
}
