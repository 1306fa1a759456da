/// Pods and pod templates (`ValidatePodSpec` of `pkg/apis/core/validation`).
enum PodValidation {
    static func check(_ pod: Kubernetes.Pod, old: Kubernetes.Pod?) -> [FieldError] {
        var errors = MetadataValidation.check(pod.metadata, name: NameFormat.subdomain)
        errors += check(pod.spec, at: "spec", isPod: true)
        if let old { return errors + PodUpdateValidation.check(pod.spec, old.spec) }
        // What a dump holds was bound and debugged after its creation.
        guard pod.metadata.resourceVersion.isEmpty else { return errors }
        if !pod.spec.ephemeralContainers.isEmpty {
            errors.append(.forbidden("spec.ephemeralContainers", "cannot be set on create"))
        }
        if !pod.spec.nodeName.isEmpty, !pod.spec.schedulingGates.isEmpty {
            errors.append(.forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"))
        }
        return errors
    }

    /// `ValidatePodTemplateSpec`
    static func check(_ template: Kubernetes.PodTemplate, at path: String) -> [FieldError] {
        MetadataValidation.labels(template.metadata.labels, at: "\(path).labels")
            + MetadataValidation.annotations(template.metadata.annotations, at: "\(path).annotations")
            + check(template.spec, at: "\(path).spec", isPod: false)
            + (template.spec.ephemeralContainers.isEmpty
                ? [] : [.forbidden("\(path).spec.ephemeralContainers", "ephemeral containers not allowed in pod template")])
    }

    static func check(_ spec: Kubernetes.PodSpec, at path: String, isPod: Bool) -> [FieldError] {
        var errors = VolumeValidation.check(spec.other["volumes"], at: "\(path).volumes")
        if spec.containers.isEmpty { errors.append(.required("\(path).containers")) }
        let containers = ContainerValidation(spec, isPod: isPod)
        errors += containers.check(spec.containers, at: "\(path).containers", inits: false, taken: [])
        errors += containers.check(
            spec.initContainers, at: "\(path).initContainers", inits: true, taken: Set(spec.containers.map(\.name)))
        errors += ServiceValidation.word(spec.restartPolicy, "\(path).restartPolicy", ["Always", "OnFailure", "Never"])
        errors += ServiceValidation.word(
            spec.dnsPolicy, "\(path).dnsPolicy", ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"])
        errors += MetadataValidation.labels(spec.nodeSelector, at: "\(path).nodeSelector")
        errors += SecurityContextValidation.check(spec, at: path)
        if spec.hostNetwork { errors += hostPorts(spec.containers, at: "\(path).containers", isPod: isPod) }
        for (index, secret) in (spec.other["imagePullSecrets"]?.items ?? []).enumerated()
        where (secret["name"]?.text ?? "").isEmpty {
            errors.append(.required("\(path).imagePullSecrets[\(index)].name"))
        }
        errors += AffinityValidation.check(spec.affinity, at: "\(path).affinity")
        errors += dns(spec, at: "\(path).dnsConfig")
        errors += gates(spec, at: path)
        for (index, constraint) in spec.topologySpreadConstraints.enumerated() {
            let place = "\(path).topologySpreadConstraints[\(index)]"
            errors += check(constraint, at: place)
            let isRepeated = spec.topologySpreadConstraints.prefix(index).contains {
                $0.topologyKey == constraint.topologyKey && $0.whenUnsatisfiable == constraint.whenUnsatisfiable
            }
            if isRepeated {
                errors.append(
                    .duplicate(
                        "\(place).{topologyKey, whenUnsatisfiable}",
                        "{\(constraint.topologyKey), \(constraint.whenUnsatisfiable)}"))
            }
        }
        return errors + names(spec, at: path) + placement(spec, at: path)
    }

    private static func hostPorts(_ containers: [Kubernetes.Container], at path: String, isPod: Bool) -> [FieldError] {
        containers.enumerated().flatMap { place, container in
            container.ports.enumerated().compactMap { index, port in
                guard isPod || port.hostPort != 0, port.hostPort != port.containerPort else { return nil }
                return .invalid(
                    "\(path)[\(place)].ports[\(index)].hostPort", port.hostPort,
                    "must match `containerPort` when `hostNetwork` is true")
            }
        }
    }

    private static func gates(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (index, gate) in spec.readinessGates.enumerated() {
            errors += NameFormat.qualified(gate.conditionType).map {
                .invalid("\(path).readinessGates[\(index)].conditionType", gate.conditionType, $0)
            }
        }
        var seen: Set<String> = []
        for (index, gate) in spec.schedulingGates.enumerated() {
            let name = gate["name"]?.text ?? ""
            errors += NameFormat.qualified(name).map { .invalid("\(path).schedulingGates[\(index)]", name, $0) }
            if !seen.insert(name).inserted { errors.append(.duplicate("\(path).schedulingGates[\(index)]", name)) }
        }
        return errors
    }

    private static func names(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if let account = spec.other["serviceAccountName"]?.text, !account.isEmpty {
            errors += NameFormat.subdomain(account).map { .invalid("\(path).serviceAccountName", account, $0) }
        }
        if !spec.nodeName.isEmpty {
            errors += NameFormat.subdomain(spec.nodeName).map { .invalid("\(path).nodeName", spec.nodeName, $0) }
        }
        if let deadline = spec.activeDeadlineSeconds, !(1...2_147_483_647).contains(deadline) {
            errors.append(
                .invalid(
                    "\(path).activeDeadlineSeconds", json: String(deadline), "must be between 1 and 2147483647, inclusive"))
        }
        for (name, value) in [("hostname", spec.hostname), ("subdomain", spec.subdomain)] where !value.isEmpty {
            errors += NameFormat.label(value).map { .invalid("\(path).\(name)", value, $0) }
        }
        return errors
    }

    private static func placement(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (index, toleration) in spec.tolerations.enumerated() {
            errors += check(toleration, at: "\(path).tolerations[\(index)]")
        }
        for (index, alias) in spec.hostAliases.enumerated() {
            let place = "\(path).hostAliases[\(index)]"
            errors += AddressFormat(strict: true).problems(alias["ip"]?.text ?? "", at: "\(place).ip")
            for (number, host) in (alias["hostnames"]?.items ?? []).compactMap(\.text).enumerated() {
                errors += NameFormat.subdomain(host).map { .invalid("\(place).hostnames[\(number)]", host, $0) }
            }
        }
        if !spec.priorityClassName.isEmpty {
            errors += NameFormat.subdomain(spec.priorityClassName).map {
                .invalid("\(path).priorityClassName", spec.priorityClassName, $0)
            }
        }
        if let name = spec.other["runtimeClassName"]?.text {
            errors += NameFormat.subdomain(name).map { .invalid("\(path).runtimeClassName", name, $0) }
        }
        if let policy = spec.preemptionPolicy {
            errors += ServiceValidation.word(policy, "\(path).preemptionPolicy", ["PreemptLowerPriority", "Never"])
        }
        if let os = spec.other["os"] {
            errors += ServiceValidation.word(os["name"]?.text ?? "", "\(path).os.name", ["linux", "windows"])
        }
        return errors
    }

    /// `validatePodDNSConfig`
    private static func dns(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        guard let config = spec.dnsConfig else {
            return spec.dnsPolicy == "None"
                ? [.required(path, "must provide `dnsConfig` when `dnsPolicy` is None")] : []
        }
        var errors: [FieldError] = []
        let servers = (config["nameservers"]?.items ?? []).compactMap(\.text)
        if spec.dnsPolicy == "None", servers.isEmpty {
            return [
                .required("\(path).nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None")
            ]
        }
        if servers.count > 3 {
            errors.append(.invalid("\(path).nameservers", json: list(servers), "must not have more than 3 nameservers"))
        }
        for (index, server) in servers.enumerated() {
            errors += AddressFormat(strict: true).problems(server, at: "\(path).nameservers[\(index)]")
        }
        let searches = (config["searches"]?.items ?? []).compactMap(\.text)
        if searches.count > 32 {
            errors.append(.invalid("\(path).searches", json: list(searches), "must not have more than 32 search paths"))
        }
        if searches.joined(separator: " ").utf8.count > 2048 {
            errors.append(
                .invalid(
                    "\(path).searches", json: list(searches),
                    "must not have more than 2048 characters (including spaces) in the search list"))
        }
        for (index, search) in searches.enumerated() where search != "." {
            // Search paths may have underscores and a dot at the end.
            let plain = String((search.hasSuffix(".") ? String(search.dropLast()) : search).map { $0 == "_" ? "a" : $0 })
            errors += NameFormat.subdomain(plain).map { .invalid("\(path).searches[\(index)]", search, $0) }
        }
        for (index, option) in (config["options"]?.items ?? []).enumerated() where (option["name"]?.text ?? "").isEmpty {
            errors.append(.required("\(path).options[\(index)]", "must not be empty"))
        }
        return errors
    }

    private static func list(_ texts: [String]) -> String {
        "[" + texts.map { FieldError.quoted($0) }.joined(separator: ",") + "]"
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
        if toleration.tolerationSeconds != nil, toleration.effect != "NoExecute" {
            errors.append(
                .invalid("\(path).effect", toleration.effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
        }
        switch toleration.op {
        case "", "Equal":
            let problems = NameFormat.labelValue(toleration.value)
            if !problems.isEmpty {
                errors.append(.invalid("\(path).operator", toleration.value, problems.joined(separator: ";")))
            }
        case "Exists":
            if !toleration.value.isEmpty {
                errors.append(
                    .invalid("\(path).operator", toleration.value, "value must be empty when `operator` is 'Exists'"))
            }
        // TaintTolerationComparisonOperators is off.
        case "Lt", "Gt": errors.append(.notSupported("\(path).operator", toleration.op, ["Equal", "Exists", "Lt", "Gt"]))
        default: errors.append(.notSupported("\(path).operator", toleration.op, ["Equal", "Exists"]))
        }
        if !["", "NoSchedule", "PreferNoSchedule", "NoExecute"].contains(toleration.effect) {
            errors.append(
                .notSupported("\(path).effect", toleration.effect, ["NoSchedule", "PreferNoSchedule", "NoExecute"]))
        }
        return errors
    }

    private static func check(_ constraint: Kubernetes.TopologySpreadConstraint, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if constraint.maxSkew <= 0 {
            errors.append(.invalid("\(path).maxSkew", constraint.maxSkew, "must be greater than zero"))
        }
        if constraint.topologyKey.isEmpty {
            errors.append(.required("\(path).topologyKey", "can not be empty"))
        } else {
            errors += NameFormat.qualified(constraint.topologyKey).map {
                .invalid("\(path).topologyKey", constraint.topologyKey, $0)
            }
        }
        if !["DoNotSchedule", "ScheduleAnyway"].contains(constraint.whenUnsatisfiable) {
            errors.append(
                .notSupported(
                    "\(path).whenUnsatisfiable", constraint.whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]))
        }
        if let domains = constraint.minDomains {
            if domains <= 0 { errors.append(.invalid("\(path).minDomains", domains, "must be greater than zero")) }
            if constraint.whenUnsatisfiable != "DoNotSchedule" {
                errors.append(
                    .invalid(
                        "\(path).minDomains", domains,
                        "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not \(constraint.whenUnsatisfiable)"))
            }
        }
        for (name, value) in [
            ("nodeAffinityPolicy", constraint.nodeAffinityPolicy), ("nodeTaintsPolicy", constraint.nodeTaintsPolicy),
        ] {
            if let value, !["Honor", "Ignore"].contains(value) {
                errors.append(.notSupported("\(path).\(name)", value, ["Honor", "Ignore"]))
            }
        }
        errors += labelKeys(constraint, at: "\(path).matchLabelKeys")
        if let selector = constraint.labelSelector {
            errors += MetadataValidation.selector(selector, at: "\(path).labelSelector")
        }
        return errors
    }

    private static func labelKeys(_ constraint: Kubernetes.TopologySpreadConstraint, at path: String) -> [FieldError] {
        let keys = constraint.matchLabelKeys
        guard let selector = constraint.labelSelector else {
            return keys.isEmpty ? [] : [.forbidden(path, "must not be specified when labelSelector is not set")]
        }
        let taken = Set(selector.matchLabels.keys).union(selector.matchExpressions.map(\.key))
        return keys.enumerated().flatMap { index, key in
            NameFormat.qualified(key).map { FieldError.invalid("\(path)[\(index)]", key, $0) }
                + (taken.contains(key)
                    ? [.invalid("\(path)[\(index)]", key, "exists in both matchLabelKeys and labelSelector")] : [])
        }
    }
}
