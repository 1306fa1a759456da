import HawseWire

/// `ValidateEndpointSlice` of `pkg/apis/discovery/validation`.
struct EndpointSliceValidation {
    private let addresses: AddressFormat

    init(_ options: Validation.Options) { addresses = AddressFormat(strict: options.strictAddresses) }

    func check(_ slice: Kubernetes.EndpointSlice, old: Kubernetes.EndpointSlice?) -> [FieldError] {
        var errors = MetadataValidation.check(slice.metadata, name: NameFormat.subdomain)
        errors += ServiceValidation.word(slice.addressType, "addressType", ["FQDN", "IPv4", "IPv6"])
        errors += ports(slice.ports)
        errors += endpoints(slice, existing: old?.endpoints.flatMap(\.addresses) ?? [])
        if let old, old.addressType != slice.addressType {
            errors.append(.invalid("addressType", slice.addressType, "field is immutable"))
        }
        return errors
    }

    private func ports(_ ports: [Kubernetes.EndpointPort]) -> [FieldError] {
        if ports.count > 20_000 { return [.tooMany("ports", ports.count, maximum: 20_000)] }
        var errors: [FieldError] = []
        var names: Set<String> = []
        for (index, port) in ports.enumerated() {
            let path = "ports[\(index)]"
            let name = port.name ?? ""
            if !name.isEmpty { errors += NameFormat.label(name).map { .invalid("\(path).name", name, $0) } }
            if !names.insert(name).inserted { errors.append(.duplicate("\(path).name", name)) }
            errors += ServiceValidation.word(port.protocol?.rawValue ?? "TCP", "\(path).protocol", ["SCTP", "TCP", "UDP"])
            if let name = port.appProtocol {
                errors += NameFormat.qualified(name).map { .invalid("\(path).appProtocol", name, $0) }
            }
        }
        return errors
    }

    private func endpoints(_ slice: Kubernetes.EndpointSlice, existing: [String]) -> [FieldError] {
        if slice.endpoints.count > 1000 { return [.tooMany("endpoints", slice.endpoints.count, maximum: 1000)] }
        return slice.endpoints.enumerated().flatMap { index, endpoint in
            check(endpoint, slice.addressType, at: "endpoints[\(index)]", existing: existing)
        }
    }

    private func check(
        _ endpoint: Kubernetes.Endpoint, _ type: String, at path: String, existing: [String]
    ) -> [FieldError] {
        var errors: [FieldError] = []
        if endpoint.addresses.isEmpty {
            errors.append(.required("\(path).addresses", "must contain at least 1 address"))
        } else if endpoint.addresses.count > 100 {
            errors.append(.tooMany("\(path).addresses", endpoint.addresses.count, maximum: 100))
        }
        for (index, address) in endpoint.addresses.enumerated() {
            errors += check(address, type, at: "\(path).addresses", index, existing: existing)
        }
        if let node = endpoint.nodeName {
            errors += NameFormat.subdomain(node).map { .invalid("\(path).nodeName", node, $0) }
        }
        let topology = "\(path).deprecatedTopology"
        if endpoint.deprecatedTopology.count > 16 {
            errors.append(.tooMany(topology, endpoint.deprecatedTopology.count, maximum: 16))
        }
        errors += MetadataValidation.labels(endpoint.deprecatedTopology, at: topology)
        if endpoint.deprecatedTopology["topology.kubernetes.io/zone"] != nil {
            errors.append(
                FieldError(
                    .internalError, "\(topology)[topology.kubernetes.io/zone]",
                    "Internal error: reserved key was not removed in conversion"))
        }
        if let hostname = endpoint.hostname {
            errors += NameFormat.label(hostname).map { .invalid("\(path).hostname", hostname, $0) }
        }
        if let hints = endpoint.hints {
            errors += check(hints.forZones, at: "\(path).hints.forZones", format: NameFormat.labelValue)
            errors += check(hints.forNodes, at: "\(path).hints.forNodes", format: NameFormat.subdomain)
        }
        return errors
    }

    private func check(
        _ address: String, _ type: String, at path: String, _ index: Int, existing: [String]
    ) -> [FieldError] {
        let place = "\(path)[\(index)]"
        switch type {
        case "IPv4", "IPv6":
            let problems = addresses.problems(address, at: place, existing: existing)
            guard problems.isEmpty, let parsed = AddressFormat.lenient(address) else { return problems }
            let isIPv4 = AddressFormat.goFamily(parsed) == .ipv4
            let mismatch: [FieldError] =
                isIPv4 == (type == "IPv4") ? [] : [.invalid(path, address, "must be an \(type) address")]
            return mismatch + AddressFormat.endpointProblems(address, at: place)
        case "FQDN": return NameFormat.fullyQualified(address, at: place)
        default: return []
        }
    }

    private func check(
        _ hints: [Kubernetes.NamedHint], at path: String, format: NameFormat.Check
    ) -> [FieldError] {
        if hints.count > 8 { return [.tooMany(path, hints.count, maximum: 8)] }
        var errors: [FieldError] = []
        var names: Set<String> = []
        for (index, hint) in hints.enumerated() {
            let place = "\(path)[\(index)].name"
            if !names.insert(hint.name).inserted { errors.append(.duplicate(place, hint.name)) }
            errors += format(hint.name).map { .invalid(place, hint.name, $0) }
        }
        return errors
    }
}
