/// The checks of pods and pod templates that matter to a simulation (`ValidatePodSpec`).
enum PodValidation {
    static func check(_ pod: Kubernetes.Pod) -> [FieldError] {
        MetadataValidation.check(pod.metadata, name: NameFormat.subdomain) + check(pod.spec, at: "spec")
    }

    static func check(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if spec.containers.isEmpty { errors.append(.required("\(path).containers")) }
        var names: Set<String> = []
        errors += containers(spec.containers, at: "\(path).containers", &names)
        errors += containers(spec.initContainers, at: "\(path).initContainers", &names)
        errors += ServiceValidation.word(spec.restartPolicy, "\(path).restartPolicy", ["Always", "Never", "OnFailure"])
        errors += ServiceValidation.word(
            spec.dnsPolicy, "\(path).dnsPolicy", ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"])
        errors += MetadataValidation.labels(spec.nodeSelector, at: "\(path).nodeSelector")
        for (name, value) in [("hostname", spec.hostname), ("subdomain", spec.subdomain)] where !value.isEmpty {
            errors += NameFormat.label(value).map { .invalid("\(path).\(name)", value, $0) }
        }
        if !spec.nodeName.isEmpty {
            errors += NameFormat.subdomain(spec.nodeName).map { .invalid("\(path).nodeName", spec.nodeName, $0) }
        }
        if let grace = spec.terminationGracePeriodSeconds, grace < 0 {
            errors.append(
                .invalid(
                    "\(path).terminationGracePeriodSeconds", json: String(grace),
                    "must be greater than or equal to 0"))
        }
        for (index, toleration) in spec.tolerations.enumerated() {
            errors += check(toleration, at: "\(path).tolerations[\(index)]")
        }
        for (index, constraint) in spec.topologySpreadConstraints.enumerated() {
            errors += check(constraint, at: "\(path).topologySpreadConstraints[\(index)]")
        }
        return errors
    }

    private static func containers(
        _ containers: [Kubernetes.Container], at path: String, _ names: inout Set<String>
    ) -> [FieldError] {
        var errors: [FieldError] = []
        for (index, container) in containers.enumerated() {
            let place = "\(path)[\(index)]"
            if container.name.isEmpty {
                errors.append(.required("\(place).name"))
            } else {
                errors += NameFormat.label(container.name).map { .invalid("\(place).name", container.name, $0) }
                if !names.insert(container.name).inserted {
                    errors.append(.duplicate("\(place).name", container.name))
                }
            }
            if container.image.isEmpty { errors.append(.required("\(place).image")) }
            if !container.imagePullPolicy.isEmpty {
                errors += ServiceValidation.word(
                    container.imagePullPolicy, "\(place).imagePullPolicy", ["Always", "IfNotPresent", "Never"])
            }
            errors += ports(container.ports, at: "\(place).ports")
            for (name, probe) in [
                ("livenessProbe", container.livenessProbe), ("readinessProbe", container.readinessProbe),
                ("startupProbe", container.startupProbe),
            ] {
                if let probe { errors += check(probe, at: "\(place).\(name)", isReadiness: name == "readinessProbe") }
            }
            errors += resources(container.resources, at: "\(place).resources")
        }
        return errors
    }

    private static func ports(_ ports: [Kubernetes.ContainerPort], at path: String) -> [FieldError] {
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

    private static func check(_ probe: Kubernetes.Probe, at path: String, isReadiness: Bool) -> [FieldError] {
        var errors: [FieldError] = []
        let handlers = [probe.exec != nil, probe.httpGet != nil, probe.tcpSocket != nil, probe.grpc != nil]
        switch handlers.filter({ $0 }).count {
        case 0: errors.append(.required(path, "must specify a handler type"))
        case 1: break
        default: errors.append(.forbidden(path, "may not specify more than 1 handler type"))
        }
        for (name, value) in [
            ("initialDelaySeconds", probe.initialDelaySeconds), ("timeoutSeconds", probe.timeoutSeconds),
            ("periodSeconds", probe.periodSeconds), ("successThreshold", probe.successThreshold),
            ("failureThreshold", probe.failureThreshold),
        ] where value < 0 {
            errors.append(.invalid("\(path).\(name)", value, "must be greater than or equal to 0"))
        }
        if !isReadiness, probe.successThreshold > 1 {
            errors.append(.invalid("\(path).successThreshold", probe.successThreshold, "must be 1"))
        }
        return errors
    }

    private static func resources(_ resources: Kubernetes.ResourceRequirements, at path: String) -> [FieldError] {
        resources.requests.sorted { $0.key < $1.key }.compactMap { name, request in
            guard let limit = resources.limits[name], request.thousandths > limit.thousandths else { return nil }
            return .invalid(
                "\(path).requests", request.text, "must be less than or equal to \(name) limit of \(limit.text)")
        }
    }

    private static func check(_ toleration: Kubernetes.Toleration, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if !toleration.key.isEmpty {
            errors += NameFormat.qualified(toleration.key).map { .invalid("\(path).key", toleration.key, $0) }
        } else if toleration.op != "Exists" {
            errors.append(
                .invalid(
                    "\(path).operator", toleration.op,
                    "operator must be Exists when `key` is empty, which means \"match all values and all keys\""))
        }
        if !["", "Equal", "Exists"].contains(toleration.op) {
            errors.append(.notSupported("\(path).operator", toleration.op, ["Equal", "Exists"]))
        }
        if toleration.op == "Exists", !toleration.value.isEmpty {
            errors.append(.invalid("\(path).operator", toleration.value, "value must be empty when `operator` is 'Exists'"))
        }
        if !["", "NoSchedule", "PreferNoSchedule", "NoExecute"].contains(toleration.effect) {
            errors.append(
                .notSupported("\(path).effect", toleration.effect, ["NoExecute", "NoSchedule", "PreferNoSchedule"]))
        }
        return errors
    }

    private static func check(_ constraint: Kubernetes.TopologySpreadConstraint, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if constraint.maxSkew <= 0 {
            errors.append(.invalid("\(path).maxSkew", constraint.maxSkew, "must be greater than zero"))
        }
        if constraint.topologyKey.isEmpty { errors.append(.required("\(path).topologyKey", "can not be empty")) }
        if !["DoNotSchedule", "ScheduleAnyway"].contains(constraint.whenUnsatisfiable) {
            errors.append(
                .notSupported(
                    "\(path).whenUnsatisfiable", constraint.whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]))
        }
        return errors
    }
}
