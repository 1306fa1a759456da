/// `ValidateIngressCreate` and `ValidateIngressUpdate` of `pkg/apis/networking/validation`.
struct IngressValidation {
    let options: Validation.Options

    init(_ options: Validation.Options) { self.options = options }

    func check(_ ingress: Kubernetes.Ingress, old: Kubernetes.Ingress?) -> [FieldError] {
        let spec = ingress.spec
        var errors = MetadataValidation.check(ingress.metadata, name: NameFormat.subdomain)
        if spec.rules.isEmpty, spec.defaultBackend == nil {
            errors.append(
                .invalid("spec", json: "null", "either `defaultBackend` or `rules` must be specified"))
        }
        // Names that the old object had already stay acceptable in an update.
        let relaxed = options.relaxedServiceNames || old.map(Self.usesRelaxedNames) ?? false
        if let backend = spec.defaultBackend { errors += check(backend, at: "spec.defaultBackend", relaxed: relaxed) }
        for (index, rule) in spec.rules.enumerated() {
            errors += check(rule, at: "spec.rules[\(index)]", relaxed: relaxed)
        }
        let lenientSecrets = old.map { $0.spec.tls.contains { !Self.secretProblems($0.secretName).isEmpty } } ?? false
        for (index, tls) in spec.tls.enumerated() {
            errors += check(tls, at: "spec.tls[\(index)]", lenientSecrets: lenientSecrets)
        }
        if let name = spec.ingressClassName {
            errors += NameFormat.subdomain(name).map { .invalid("spec.ingressClassName", name, $0) }
        }
        let key = "kubernetes.io/ingress.class"
        if old == nil, let annotation = ingress.metadata.annotations[key], let name = spec.ingressClassName,
            annotation != name
        {
            errors.append(
                .invalid("annotations.\(key)", annotation, "must match `ingressClassName` when both are specified"))
        }
        return errors
    }

    private static func usesRelaxedNames(_ ingress: Kubernetes.Ingress) -> Bool {
        let backends = [ingress.spec.defaultBackend] + ingress.spec.rules.flatMap { $0.http?.paths ?? [] }.map(\.backend)
        return backends.compactMap { $0?.service?.name }.contains {
            !NameFormat.label1035($0).isEmpty && NameFormat.label($0).isEmpty
        }
    }

    private static func secretProblems(_ name: String) -> [String] { name.isEmpty ? [] : NameFormat.subdomain(name) }

    private static func hostProblems(_ host: String) -> [String] {
        host.contains("*") ? NameFormat.wildcardSubdomain(host) : NameFormat.subdomain(host)
    }

    private func check(_ tls: Kubernetes.IngressTLS, at path: String, lenientSecrets: Bool) -> [FieldError] {
        var errors = tls.hosts.enumerated().flatMap { index, host in
            Self.hostProblems(host).map { FieldError.invalid("\(path).hosts[\(index)]", host, $0) }
        }
        if !lenientSecrets {
            errors += Self.secretProblems(tls.secretName).map { .invalid("\(path).secretName", tls.secretName, $0) }
        }
        return errors
    }

    private func check(_ rule: Kubernetes.IngressRule, at path: String, relaxed: Bool) -> [FieldError] {
        var errors: [FieldError] = []
        if !rule.host.isEmpty {
            if AddressFormat.lenient(rule.host) != nil {
                errors.append(.invalid("\(path).host", rule.host, "must be a DNS name, not an IP address"))
            }
            errors += Self.hostProblems(rule.host).map { .invalid("\(path).host", rule.host, $0) }
        }
        guard let http = rule.http else { return errors }
        if http.paths.isEmpty { errors.append(.required("\(path).http.paths")) }
        for (index, entry) in http.paths.enumerated() {
            errors += check(entry, at: "\(path).http.paths[\(index)]", relaxed: relaxed)
        }
        return errors
    }

    private func check(_ entry: Kubernetes.HTTPIngressPath, at path: String, relaxed: Bool) -> [FieldError] {
        guard let type = entry.pathType else { return [.required("\(path).pathType", "pathType must be specified")] }
        var errors: [FieldError] = []
        let place = "\(path).path"
        switch type {
        case "Exact", "Prefix":
            if !entry.path.hasPrefix("/") { errors.append(.invalid(place, entry.path, "must be an absolute path")) }
            for sequence in ["//", "/./", "/../", "%2f", "%2F"] where entry.path.contains(sequence) {
                errors.append(.invalid(place, entry.path, "must not contain '\(sequence)'"))
            }
            for suffix in ["/..", "/."] where entry.path.hasSuffix(suffix) {
                errors.append(.invalid(place, entry.path, "cannot end with '\(suffix)'"))
            }
        case "ImplementationSpecific":
            if !entry.path.isEmpty, !entry.path.hasPrefix("/") {
                errors.append(.invalid(place, entry.path, "must be an absolute path"))
            }
        default:
            errors.append(.notSupported("\(path).pathType", type, ["Exact", "ImplementationSpecific", "Prefix"]))
        }
        return errors + check(entry.backend, at: "\(path).backend", relaxed: relaxed)
    }

    private func check(_ backend: Kubernetes.IngressBackend, at path: String, relaxed: Bool) -> [FieldError] {
        switch (backend.service, backend.resource) {
        case (.some, .some): return [.invalid(path, "", "cannot set both resource and service backends")]
        case (nil, nil): return [.invalid(path, "", "resource or service backend is required")]
        case (nil, .some(let resource)):
            return Self.check(group: resource.apiGroup, kind: resource.kind, name: resource.name, at: "\(path).resource")
        case (.some(let service), nil): return check(service, at: path, relaxed: relaxed)
        }
    }

    private func check(_ service: Kubernetes.IngressServiceBackend, at path: String, relaxed: Bool) -> [FieldError] {
        var errors: [FieldError] = []
        if service.name.isEmpty {
            errors.append(.required("\(path).service.name"))
        } else {
            let format = relaxed ? NameFormat.label : NameFormat.label1035
            errors += format(service.name).map { .invalid("\(path).service.name", service.name, $0) }
        }
        switch (service.port.name.isEmpty, service.port.number) {
        case (false, 1...): errors.append(.invalid(path, "", "cannot set both port name & port number"))
        case (false, _):
            errors += NameFormat.portName(service.port.name).map {
                .invalid("\(path).service.port.name", service.port.name, $0)
            }
        case (true, 0): errors.append(.required(path, "port name or number is required"))
        case (true, let number):
            errors += NameFormat.portNumber(number).map { .invalid("\(path).service.port.number", number, $0) }
        }
        return errors
    }

    /// A reference to an object of any kind in the same namespace.
    static func check(group: String?, kind: String, name: String, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if let group { errors += NameFormat.subdomain(group).map { .invalid("\(path).apiGroup", group, $0) } }
        if kind.isEmpty {
            errors.append(.required("\(path).kind", "kind is required"))
        } else {
            errors += NameFormat.pathSegment(kind).map { .invalid("\(path).kind", kind, $0) }
        }
        if name.isEmpty {
            errors.append(.required("\(path).name", "name is required"))
        } else {
            errors += NameFormat.pathSegment(name).map { .invalid("\(path).name", name, $0) }
        }
        return errors
    }
}
