import HawseWire

/// `ValidateService` of `pkg/apis/core/validation`.
struct ServiceValidation {
    let options: Validation.Options
    private let addresses: AddressFormat

    init(_ options: Validation.Options) {
        self.options = options
        addresses = AddressFormat(strict: options.strictAddresses)
    }

    func check(_ service: Kubernetes.Service, old: Kubernetes.Service?) -> [FieldError] {
        let spec = service.spec
        // A name that was accepted once stays acceptable.
        let isKnown = old?.metadata.name == service.metadata.name && old != nil
        let name = options.relaxedServiceNames || isKnown ? NameFormat.label : NameFormat.label1035
        var errors = MetadataValidation.check(service.metadata, name: name)
        if let old { errors += ServiceUpdateValidation(old: old.spec, new: spec).check() }
        errors += topologyAnnotations(service.metadata)
        if spec.ports.isEmpty, spec.clusterIP != "None", spec.type != .externalName {
            errors.append(.required("spec.ports"))
        }
        errors += typeRules(spec)
        errors += ports(spec)
        errors += MetadataValidation.labels(spec.selector, at: "spec.selector")
        errors += affinity(spec)
        errors += clusterIPs(spec, old: old?.spec)
        for (index, address) in spec.externalIPs.enumerated() {
            let path = "spec.externalIPs[\(index)]"
            let problems = addresses.problems(address, at: path, existing: old?.spec.externalIPs ?? [])
            errors += problems.isEmpty ? AddressFormat.endpointProblems(address, at: path) : problems
        }
        errors += Self.word(
            spec.type.rawValue, "spec.type", ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"])
        errors += duplicates(spec)
        errors += sourceRanges(service, old: old)
        if spec.type != .loadBalancer, spec.allocateLoadBalancerNodePorts != nil {
            errors.append(.forbidden("spec.allocateLoadBalancerNodePorts", Self.onlyLoadBalancer))
        }
        if spec.type == .loadBalancer, spec.allocateLoadBalancerNodePorts == nil {
            errors.append(.required("allocateLoadBalancerNodePorts"))
        }
        return errors + loadBalancerClass(spec) + trafficPolicies(spec)
    }

    static let onlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'"

    /// Required, then one of a list.
    static func word(_ value: String, _ path: String, _ known: [String]) -> [FieldError] {
        if value.isEmpty { return [.required(path)] }
        return known.contains(value) ? [] : [.notSupported(path, value, known)]
    }

    private func topologyAnnotations(_ metadata: Kubernetes.ObjectMeta) -> [FieldError] {
        let hints = metadata.annotations["service.kubernetes.io/topology-aware-hints"]
        guard let mode = metadata.annotations["service.kubernetes.io/topology-mode"], let hints, hints != mode else {
            return []
        }
        return [
            .invalid(
                "metadata.annotations[service.kubernetes.io/topology-mode]", mode,
                "must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified")
        ]
    }

    private func typeRules(_ spec: Kubernetes.ServiceSpec) -> [FieldError] {
        var errors: [FieldError] = []
        switch spec.type {
        case .loadBalancer, .nodePort:
            if spec.clusterIPs.first == "None" {
                errors.append(
                    .invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for \(spec.type) services"))
            }
        case .externalName:
            let detail = "may not be set for ExternalName services"
            if !spec.clusterIPs.isEmpty { errors.append(.forbidden("spec.clusterIPs", detail)) }
            if !spec.ipFamilies.isEmpty { errors.append(.forbidden("spec.ipFamilies", detail)) }
            if spec.ipFamilyPolicy != nil { errors.append(.forbidden("spec.ipFamilyPolicy", detail)) }
            let name = spec.externalName.hasSuffix(".") ? String(spec.externalName.dropLast()) : spec.externalName
            if name.isEmpty {
                errors.append(.required("spec.externalName"))
            } else {
                errors += NameFormat.subdomain(name).map { .invalid("spec.externalName", name, $0) }
            }
        default: break
        }
        return errors
    }

    private func ports(_ spec: Kubernetes.ServiceSpec) -> [FieldError] {
        var errors: [FieldError] = []
        var names: Set<String> = []
        for (index, port) in spec.ports.enumerated() {
            let path = "spec.ports[\(index)]"
            if port.name.isEmpty {
                if spec.ports.count > 1 { errors.append(.required("\(path).name")) }
            } else {
                errors += NameFormat.label(port.name).map { .invalid("\(path).name", port.name, $0) }
                if !names.insert(port.name).inserted { errors.append(.duplicate("\(path).name", port.name)) }
            }
            errors += NameFormat.portNumber(port.port).map { .invalid("\(path).port", port.port, $0) }
            errors += Self.word(port.protocol.rawValue, "\(path).protocol", ["SCTP", "TCP", "UDP"])
            switch port.targetPort {
            case .int(let number):
                errors += NameFormat.portNumber(number).map { .invalid("\(path).targetPort", number, $0) }
            case .string(let name):
                errors += NameFormat.portName(name).map { .invalid("\(path).targetPort", name, $0) }
            }
            if let name = port.appProtocol {
                errors += NameFormat.qualified(name).map { .invalid("\(path).appProtocol", name, $0) }
            }
        }
        return errors
    }

    private func affinity(_ spec: Kubernetes.ServiceSpec) -> [FieldError] {
        var errors = Self.word(spec.sessionAffinity.rawValue, "spec.sessionAffinity", ["ClientIP", "None"])
        if spec.sessionAffinity == .none, spec.sessionAffinityConfig != nil {
            errors.append(
                .forbidden("spec.sessionAffinityConfig", "must not be set when session affinity is None"))
        }
        guard spec.sessionAffinity == .clientIP else { return errors }
        let detail = "when session affinity type is ClientIP"
        guard let config = spec.sessionAffinityConfig else {
            return errors + [.required("spec.sessionAffinityConfig", detail)]
        }
        guard let client = config.clientIP else {
            return errors + [.required("spec.sessionAffinityConfig.clientIP", detail)]
        }
        let path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
        guard let timeout = client.timeoutSeconds else { return errors + [.required(path, detail)] }
        if !(1...86400).contains(timeout) {
            errors.append(.invalid(path, timeout, "must be greater than 0 and less than 86400"))
        }
        return errors
    }

    /// `ValidateServiceClusterIPsRelatedFields`; the allocator runs it first, too.
    func clusterIPs(_ spec: Kubernetes.ServiceSpec, old: Kubernetes.ServiceSpec?) -> [FieldError] {
        if spec.type == .externalName { return [] }
        let path = "spec.clusterIPs"
        let list = "[" + spec.clusterIPs.map { FieldError.quoted($0) }.joined(separator: ",") + "]"
        var errors: [FieldError] = []
        if !spec.clusterIP.isEmpty {
            if spec.clusterIPs.isEmpty {
                errors.append(.required(path))
            } else if spec.clusterIPs[0] != spec.clusterIP {
                errors.append(.invalid(path, json: list, "first value must match `clusterIP`"))
            }
        } else if !spec.clusterIPs.isEmpty {
            errors.append(.invalid(path, json: list, "must be empty when `clusterIP` is not specified"))
        }
        for (index, family) in spec.ipFamilies.enumerated() {
            if family != .ipv4, family != .ipv6 {
                errors.append(.notSupported("spec.ipFamilies[\(index)]", family.rawValue, ["IPv4", "IPv6"]))
            }
            if spec.ipFamilies[..<index].contains(family) {
                errors.append(.duplicate("spec.ipFamilies[\(index)]", family.rawValue))
            }
        }
        if let policy = spec.ipFamilyPolicy {
            let known = ["PreferDualStack", "RequireDualStack", "SingleStack"]
            if !known.contains(policy.rawValue) {
                errors.append(.notSupported("spec.ipFamilyPolicy", policy.rawValue, known))
            }
        }
        let before = errors.count
        for (index, address) in spec.clusterIPs.enumerated() {
            if index == 0, address == "None" {
                if spec.clusterIPs.count > 1 {
                    errors.append(.invalid(path, json: list, "'None' must be the first and only value"))
                }
                continue
            }
            errors += addresses.problems(address, at: "\(path)[\(index)]", existing: old?.clusterIPs ?? [])
        }
        let hasInvalid = errors.count > before
        if spec.clusterIPs.count > 2 { errors.append(.invalid(path, json: list, "may only hold up to 2 values")) }
        return hasInvalid ? errors : errors + families(of: spec, list)
    }

    private func families(of spec: Kubernetes.ServiceSpec, _ list: String) -> [FieldError] {
        var errors: [FieldError] = []
        let parsed = spec.clusterIPs.map { AddressFormat.lenient($0).map(AddressFormat.goFamily) }
        if spec.clusterIPs.count > 1, Set(parsed).count < 2 {
            errors.append(
                .invalid("spec.clusterIPs", json: list, "may specify no more than one IP for each IP family"))
        }
        guard spec.clusterIPs.first != "None" else { return errors }
        for (index, (family, wanted)) in zip(parsed, spec.ipFamilies).enumerated() {
            let found = family == .ipv6 ? "IPv6" : "IPv4"
            if wanted.rawValue != found, wanted == .ipv4 || wanted == .ipv6 {
                errors.append(
                    .invalid(
                        "spec.clusterIPs[\(index)]", spec.clusterIPs[index],
                        "expected an \(wanted) value as indicated by `ipFamilies[\(index)]`"))
            }
        }
        return errors
    }

    private struct PortKey: Hashable {
        var port: Int
        var `protocol`: Kubernetes.TransportProtocol
    }

    private func duplicates(_ spec: Kubernetes.ServiceSpec) -> [FieldError] {
        var errors: [FieldError] = []
        if spec.type == .clusterIP {
            for (index, port) in spec.ports.enumerated() where port.nodePort != 0 {
                errors.append(
                    .forbidden("spec.ports[\(index)].nodePort", "may not be used when `type` is 'ClusterIP'"))
            }
        }
        var nodePorts: Set<PortKey> = []
        for (index, port) in spec.ports.enumerated() where port.nodePort != 0 {
            if !nodePorts.insert(PortKey(port: port.nodePort, protocol: port.protocol)).inserted {
                errors.append(.duplicate("spec.ports[\(index)].nodePort", json: String(port.nodePort)))
            }
        }
        var seen: Set<PortKey> = []
        for (index, port) in spec.ports.enumerated()
        where !seen.insert(PortKey(port: port.port, protocol: port.protocol)).inserted {
            let key =
                "{\"Name\":\"\",\"Protocol\":\"\(port.protocol)\",\"AppProtocol\":null,\"Port\":\(port.port),"
                + "\"TargetPort\":0,\"NodePort\":0}"
            errors.append(.duplicate("spec.ports[\(index)]", json: key))
        }
        return errors
    }

    private func sourceRanges(_ service: Kubernetes.Service, old: Kubernetes.Service?) -> [FieldError] {
        let isLoadBalancer = service.spec.type == .loadBalancer
        func trimmed(_ text: some StringProtocol) -> String {
            let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" }
            var body = text.drop(while: blank)
            while let last = body.last, blank(last) { body.removeLast() }
            return String(body)
        }
        if !service.spec.loadBalancerSourceRanges.isEmpty {
            let path = "spec.LoadBalancerSourceRanges"
            var errors: [FieldError] = isLoadBalancer ? [] : [.forbidden(path, Self.onlyLoadBalancer)]
            for (index, range) in service.spec.loadBalancerSourceRanges.enumerated() {
                errors += addresses.rangeProblems(
                    trimmed(range), at: "\(path)[\(index)]", existing: old?.spec.loadBalancerSourceRanges ?? [])
            }
            return errors
        }
        let key = "service.beta.kubernetes.io/load-balancer-source-ranges"
        guard let text = service.metadata.annotations[key] else { return [] }
        let path = "metadata.annotations[\(key)]"
        var errors: [FieldError] = isLoadBalancer ? [] : [.forbidden(path, Self.onlyLoadBalancer)]
        guard old?.metadata.annotations[key] != text, !trimmed(text).isEmpty else { return errors }
        for range in trimmed(text).split(separator: ",", omittingEmptySubsequences: false) {
            errors += addresses.rangeProblems(trimmed(range), at: path)
        }
        return errors
    }

    private func loadBalancerClass(_ spec: Kubernetes.ServiceSpec) -> [FieldError] {
        let path = "spec.loadBalancerClass"
        guard let name = spec.loadBalancerClass else { return [] }
        if spec.type != .loadBalancer { return [.forbidden(path, Self.onlyLoadBalancer)] }
        return NameFormat.qualified(name).map { .invalid(path, name, $0) }
    }

    private func trafficPolicies(_ spec: Kubernetes.ServiceSpec) -> [FieldError] {
        var errors: [FieldError] = []
        let isExternal =
            spec.type == .loadBalancer || spec.type == .nodePort
            || spec.type == .clusterIP && !spec.externalIPs.isEmpty
        let policy = spec.externalTrafficPolicy.rawValue
        if isExternal {
            errors += Self.word(policy, "spec.externalTrafficPolicy", ["Cluster", "Local"])
        } else if !policy.isEmpty {
            errors.append(
                .invalid(
                    "spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services"))
        }
        if ServiceDefaults.needsHealthCheck(spec), spec.healthCheckNodePort == 0 {
            errors.append(.required("spec.healthCheckNodePort"))
        } else if ServiceDefaults.needsHealthCheck(spec) {
            errors += NameFormat.portNumber(spec.healthCheckNodePort).map {
                .invalid("spec.healthCheckNodePort", spec.healthCheckNodePort, $0)
            }
        } else if spec.healthCheckNodePort != 0 {
            errors.append(
                .invalid(
                    "spec.healthCheckNodePort", spec.healthCheckNodePort,
                    "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"))
        }
        if let policy = spec.internalTrafficPolicy {
            if policy != .cluster, policy != .local {
                errors.append(.notSupported("spec.internalTrafficPolicy", policy.rawValue, ["Cluster", "Local"]))
            }
        } else if [.clusterIP, .nodePort, .loadBalancer].contains(spec.type) {
            errors.append(.required("spec.internalTrafficPolicy"))
        }
        let known = ["PreferClose"] + (options.newTrafficDistribution ? ["PreferSameZone", "PreferSameNode"] : [])
        if let distribution = spec.trafficDistribution, !known.contains(distribution) {
            errors.append(.notSupported("spec.trafficDistribution", distribution, known))
        }
        return errors
    }
}
