/// `ValidateEndpoints` of `pkg/apis/core/validation`.
struct EndpointsValidation {
    private let addresses: AddressFormat

    init(_ options: Validation.Options) { addresses = AddressFormat(strict: options.strictAddresses) }

    func check(_ endpoints: Kubernetes.Endpoints, old: Kubernetes.Endpoints?) -> [FieldError] {
        var errors = MetadataValidation.check(endpoints.metadata, name: NameFormat.subdomain)
        // What an older release took is not looked at again.
        if let old, old.subsets == endpoints.subsets { return errors }
        for (index, subset) in endpoints.subsets.enumerated() {
            let path = "subsets[\(index)]"
            if subset.addresses.isEmpty, subset.notReadyAddresses.isEmpty {
                errors.append(.required(path, "must specify `addresses` or `notReadyAddresses`"))
            }
            for (name, list) in [("addresses", subset.addresses), ("notReadyAddresses", subset.notReadyAddresses)] {
                for (position, address) in list.enumerated() {
                    errors += check(address, at: "\(path).\(name)[\(position)]")
                }
            }
            for (position, port) in subset.ports.enumerated() {
                errors += check(port, isNamed: subset.ports.count > 1, at: "\(path).ports[\(position)]")
            }
        }
        return errors
    }

    private func check(_ address: Kubernetes.EndpointAddress, at path: String) -> [FieldError] {
        var errors = addresses.problems(address.ip, at: "\(path).ip")
        if !address.hostname.isEmpty {
            errors += NameFormat.label(address.hostname).map { .invalid("\(path).hostname", address.hostname, $0) }
        }
        if let node = address.nodeName {
            errors += NameFormat.subdomain(node).map { .invalid("\(path).nodeName", node, $0) }
        }
        if AddressFormat.lenient(address.ip) == nil {
            errors.append(.invalid("\(path).ip", address.ip, "must be a valid IP address"))
        }
        return errors + AddressFormat.endpointProblems(address.ip, at: "\(path).ip")
    }

    private func check(_ port: Kubernetes.LegacyEndpointPort, isNamed: Bool, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if port.name.isEmpty {
            if isNamed { errors.append(.required("\(path).name")) }
        } else {
            errors += NameFormat.label(port.name).map { .invalid("\(path).name", port.name, $0) }
        }
        errors += NameFormat.portNumber(port.port).map { .invalid("\(path).port", port.port, $0) }
        errors += ServiceValidation.word(port.protocol.rawValue, "\(path).protocol", ["SCTP", "TCP", "UDP"])
        if let name = port.appProtocol {
            errors += NameFormat.qualified(name).map { .invalid("\(path).appProtocol", name, $0) }
        }
        return errors
    }
}
