import HawseModel

/// Pods and pod templates (`ValidatePodCreate`, `ValidatePodTemplateSpec`), errors in the API server's order.
enum PodValidation {
    static func check(_ pod: Kubernetes.Pod, old: Kubernetes.Pod?) -> [FieldError] {
        var errors = MetadataValidation.check(pod.metadata, name: NameFormat.subdomain)
        let notes = "metadata.annotations"
        errors += PodAnnotationValidation.check(pod.metadata.annotations, pod.spec, at: notes)
        errors += check(pod.spec, pod: pod.metadata.name, isPod: true, at: "spec")
        for (container, place) in pod.spec.allContainers(at: "spec") where !place.hasPrefix("spec.eph") {
            errors += ContainerValidation.image(container, at: place)
        }
        if let old {
            errors += PodAnnotationValidation.update(pod, old, at: notes)
            return errors + PodUpdateValidation.check(pod.spec, old.spec)
        }
        // What a dump holds was bound and debugged after its creation.
        guard pod.metadata.resourceVersion.isEmpty else { return errors }
        if !pod.spec.ephemeralContainers.isEmpty {
            errors.append(.forbidden("spec.ephemeralContainers", "cannot be set on create"))
        }
        if !pod.spec.nodeName.isEmpty, !pod.spec.schedulingGates.isEmpty {
            errors.append(.forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"))
        }
        return errors + PodAnnotationValidation.profiles(pod.metadata.annotations, pod.spec, at: "spec")
    }

    static func check(_ template: Kubernetes.PodTemplate, at path: String) -> [FieldError] {
        metadata(template, at: path) + check(template.spec, pod: nil, isPod: false, at: "\(path).spec")
            + PodAnnotationValidation.profiles(template.metadata.annotations, template.spec, at: "\(path).spec")
            + (template.spec.ephemeralContainers.isEmpty
                ? [] : [.forbidden("\(path).spec.ephemeralContainers", "ephemeral containers not allowed in pod template")])
    }

    /// A template's labels and annotations.
    static func metadata(_ template: Kubernetes.PodTemplate, at path: String) -> [FieldError] {
        MetadataValidation.labels(template.metadata.labels, at: "\(path).labels")
            + MetadataValidation.annotations(template.metadata.annotations, at: "\(path).annotations")
            + PodAnnotationValidation.check(template.metadata.annotations, template.spec, at: "\(path).annotations")
    }

    /// `ValidatePodSpec`; `pod` is the pod's name.
    private static func check(
        _ spec: Kubernetes.PodSpec, pod: String?, isPod: Bool, at path: String
    ) -> [FieldError] {
        let named = pod.flatMap { $0.isEmpty ? nil : $0 }
        let volumes = VolumeValidation(spec.other["volumes"], pod: named, at: "\(path).volumes")
        let containers = ContainerValidation(spec: spec, volumes: volumes, isPod: isPod)
        var errors = volumes.errors + claims(spec.other["resourceClaims"], at: "\(path).resourceClaims")
        errors += containers.regular(at: "\(path).containers") + containers.initial(at: "\(path).initContainers")
        errors += containers.ephemeral(at: "\(path).ephemeralContainers")
        errors += ResourceValidation.check(spec, at: path)
        if spec.hostNetwork { errors += hostPorts(spec.containers, at: "\(path).containers", isPod: isPod) }
        errors += ServiceValidation.word(spec.restartPolicy, "\(path).restartPolicy", ["Always", "OnFailure", "Never"])
        errors += ServiceValidation.word(
            spec.dnsPolicy, "\(path).dnsPolicy", ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"])
        errors += MetadataValidation.labels(spec.nodeSelector, at: "\(path).nodeSelector")
        errors += SecurityContextValidation.check(spec, at: path)
        errors += AffinityValidation.check(spec.affinity, at: "\(path).affinity")
        errors += PodNetworkValidation.dns(spec, at: "\(path).dnsConfig")
        errors += gates(spec, at: path)
        errors += SpreadValidation.check(spec.topologySpreadConstraints, at: "\(path).topologySpreadConstraints")
        errors += SecurityContextValidation.hosts(spec, at: path)
        errors += PodNetworkValidation.hostnameOverride(spec, at: "\(path).hostnameOverride")
        errors += names(spec, at: path) + placement(spec, at: path)
        errors += PodSystemValidation.check(spec, at: path)
        return errors + EnvironmentValidation.fileVolumes(spec, at: path)
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

    /// Claims of devices (`validatePodResourceClaims`).
    private static func claims(_ list: ManifestNode?, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var names: Set<String> = []
        for (index, claim) in (list?.items ?? []).enumerated() {
            let place = "\(path)[\(index)]"
            let name = claim["name"]?.text ?? ""
            if name.isEmpty {
                errors.append(.required("\(place).name"))
            } else if !names.insert(name).inserted {
                errors.append(.duplicate("\(place).name", name))
            } else {
                errors += NameFormat.label(name).map { .invalid("\(place).name", name, $0) }
            }
            let sources = ["resourceClaimName", "resourceClaimTemplateName"]
            let given = sources.filter { claim[$0]?.text != nil }
            if given.count != 1 {
                let detail = given.isEmpty
                    ? "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
                    : "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
                errors.append(.invalid(place, json: InternalForm.resourceClaim.json(claim), detail))
            }
            for field in given {
                let text = claim[field]?.text ?? ""
                errors += NameFormat.subdomain(text).map { .invalid("\(place).\(field)", text, $0) }
            }
        }
        return errors
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

    private static func subdomain(_ name: String?, at path: String) -> [FieldError] {
        guard let name else { return [] }
        return NameFormat.subdomain(name).map { .invalid(path, name, $0) }
    }

    private static func given(_ name: String?) -> String? { name.flatMap { $0.isEmpty ? nil : $0 } }

    private static func names(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        var errors = subdomain(given(spec.other["serviceAccountName"]?.text), at: "\(path).serviceAccountName")
        errors += subdomain(given(spec.nodeName), at: "\(path).nodeName")
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
            errors += TolerationValidation.check(toleration, at: "\(path).tolerations[\(index)]")
        }
        errors += PodNetworkValidation.aliases(spec.hostAliases, at: "\(path).hostAliases")
        errors += subdomain(given(spec.priorityClassName), at: "\(path).priorityClassName")
        errors += subdomain(spec.other["runtimeClassName"]?.text, at: "\(path).runtimeClassName")
        if let policy = spec.preemptionPolicy {
            errors += ServiceValidation.word(policy, "\(path).preemptionPolicy", ["PreemptLowerPriority", "Never"])
        }
        // Overhead is held to the rules of limits.
        var overhead = Kubernetes.ResourceRequirements()
        overhead.limits = spec.overhead
        return errors + ResourceValidation.check(overhead, at: "\(path).overhead")
    }
}
