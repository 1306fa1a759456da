import HawseModel

/// Containers of a pod (`validateContainers`, `validateInitContainers`).
struct ContainerValidation {
    /// `terminationGracePeriodSeconds` of the pod.
    let gracePeriod: Int64
    let volumes: ManifestNode?
    let names: Set<String>
    /// The pod has the node's users, not a namespace of its own.
    let hasHostUsers: Bool
    /// Of a pod and not of a template.
    let isPod: Bool

    init(_ spec: Kubernetes.PodSpec, isPod: Bool) {
        gracePeriod = spec.terminationGracePeriodSeconds ?? 30
        volumes = spec.other["volumes"]
        names = VolumeValidation.names(volumes)
        hasHostUsers = spec.other["hostUsers"]?.flag ?? true
        self.isPod = isPod
    }

    func check(
        _ containers: [Kubernetes.Container], at path: String, inits: Bool, taken: Set<String>
    ) -> [FieldError] {
        var errors: [FieldError] = []
        var known = taken
        var hostPorts: Set<String> = []
        for (index, container) in containers.enumerated() {
            let place = "\(path)[\(index)]"
            errors += common(container, at: place)
            if !known.insert(container.name).inserted { errors.append(.duplicate("\(place).name", container.name)) }
            errors += inits ? initRules(container, at: place) : rules(container, at: place)
            // Init containers run one after another: each has the ports for itself.
            if inits { hostPorts = [] }
            for (number, port) in container.ports.enumerated() where port.hostPort != 0 {
                let key = "\(port.protocol)/\(port.hostIP)/\(port.hostPort)"
                if !hostPorts.insert(key).inserted {
                    errors.append(.duplicate("\(place).ports[\(number)].hostPort", key))
                }
            }
        }
        return errors
    }

    private func common(_ container: Kubernetes.Container, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if container.name.isEmpty {
            errors.append(.required("\(path).name"))
        } else {
            errors += NameFormat.label(container.name).map { .invalid("\(path).name", container.name, $0) }
        }
        if container.image.isEmpty {
            errors.append(.required("\(path).image"))
        } else if isPod, container.image.first?.isWhitespace == true || container.image.last?.isWhitespace == true {
            errors.append(.invalid("\(path).image", container.image, "must not have leading or trailing whitespace"))
        }
        errors += ServiceValidation.word(
            container.terminationMessagePolicy, "\(path).terminationMessagePolicy", ["File", "FallbackToLogsOnError"])
        errors += ports(container.ports, at: "\(path).ports")
        errors += EnvironmentValidation.check(container.other["env"], at: "\(path).env")
        errors += EnvironmentValidation.sources(container.other["envFrom"], at: "\(path).envFrom")
        errors += VolumeValidation.mounts(container, names, at: "\(path).volumeMounts")
        errors += VolumeValidation.devices(container, volumes, at: "\(path).volumeDevices")
        errors += ServiceValidation.word(
            container.imagePullPolicy, "\(path).imagePullPolicy", ["Always", "IfNotPresent", "Never"])
        errors += ResourceValidation.check(container.resources, at: "\(path).resources")
        errors += SecurityContextValidation.check(
            container.other["securityContext"], hasHostUsers: hasHostUsers, at: "\(path).securityContext")
        return errors
    }

    private func rules(_ container: Kubernetes.Container, at path: String) -> [FieldError] {
        restart(container, at: path) + handlers(container, at: path)
    }

    private func handlers(_ container: Kubernetes.Container, at path: String) -> [FieldError] {
        ProbeValidation.check(container.lifecycle, at: "\(path).lifecycle", gracePeriod: gracePeriod)
            + ProbeValidation.check(container, at: path)
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

    /// Lifecycle and probes are for sidecars.
    private func initRules(_ container: Kubernetes.Container, at path: String) -> [FieldError] {
        var errors = restart(container, at: path)
        if container.restartPolicy == "Always" { return errors + handlers(container, at: path) }
        let detail = "may not be set for init containers without restartPolicy=Always"
        if container.lifecycle != nil { errors.append(.forbidden("\(path).lifecycle", detail)) }
        for (name, probe) in [
            ("livenessProbe", container.livenessProbe), ("readinessProbe", container.readinessProbe),
            ("startupProbe", container.startupProbe),
        ] where probe != nil {
            errors.append(.forbidden("\(path).\(name)", detail))
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
