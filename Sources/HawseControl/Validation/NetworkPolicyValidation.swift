import HawseWire

/// `ValidateNetworkPolicy` of `pkg/apis/networking/validation`.
struct NetworkPolicyValidation {
    private let addresses: AddressFormat
    /// Ranges of the policy that is replaced: they may go on, wherever they stand now.
    private var known: [String] = []

    init(_ options: Validation.Options) { addresses = AddressFormat(strict: options.strictAddresses) }

    func check(_ policy: Kubernetes.NetworkPolicy, old: Kubernetes.NetworkPolicy?) -> [FieldError] {
        var rules = self
        let peers = (old?.spec.ingress.flatMap(\.from) ?? []) + (old?.spec.egress.flatMap(\.to) ?? [])
        rules.known = peers.compactMap(\.ipBlock).flatMap { [$0.cidr] + $0.except }
        return rules.check(policy)
    }

    private func check(_ policy: Kubernetes.NetworkPolicy) -> [FieldError] {
        let spec = policy.spec
        var errors = MetadataValidation.check(policy.metadata, name: NameFormat.subdomain)
        errors += MetadataValidation.selector(spec.podSelector, at: "spec.podSelector")
        for (index, rule) in spec.ingress.enumerated() {
            errors += check(rule.ports, rule.from, at: "spec.ingress[\(index)]", peers: "from")
        }
        for (index, rule) in spec.egress.enumerated() {
            errors += check(rule.ports, rule.to, at: "spec.egress[\(index)]", peers: "to")
        }
        if spec.policyTypes.count > 2 {
            let list = "[" + spec.policyTypes.map { FieldError.quoted($0) }.joined(separator: ",") + "]"
            errors.append(.invalid("spec.policyTypes", json: list, "may not specify more than two policyTypes"))
            return errors
        }
        for (index, type) in spec.policyTypes.enumerated() where type != "Ingress" && type != "Egress" {
            errors.append(.notSupported("spec.policyTypes[\(index)]", type, ["Ingress", "Egress"]))
        }
        return errors
    }

    private func check(
        _ ports: [Kubernetes.NetworkPolicyPort], _ list: [Kubernetes.NetworkPolicyPeer], at path: String, peers: String
    ) -> [FieldError] {
        ports.enumerated().flatMap { check($0.element, at: "\(path).ports[\($0.offset)]") }
            + list.enumerated().flatMap { check($0.element, at: "\(path).\(peers)[\($0.offset)]") }
    }

    private func check(_ port: Kubernetes.NetworkPolicyPort, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        if let word = port.protocol?.rawValue, !["TCP", "UDP", "SCTP"].contains(word) {
            errors.append(.notSupported("\(path).protocol", word, ["TCP", "UDP", "SCTP"]))
        }
        switch port.port {
        case .int(let number):
            errors += NameFormat.portNumber(number).map { .invalid("\(path).port", number, $0) }
            if let end = port.endPort {
                if end < number {
                    errors.append(.invalid("\(path).endPort", number, "must be greater than or equal to `port`"))
                }
                errors += NameFormat.portNumber(end).map { .invalid("\(path).endPort", end, $0) }
            }
        case .string(let name):
            if let end = port.endPort {
                errors.append(.invalid("\(path).endPort", end, "may not be specified when `port` is non-numeric"))
            }
            errors += NameFormat.portName(name).map { .invalid("\(path).port", name, $0) }
        case nil:
            if let end = port.endPort {
                errors.append(.invalid("\(path).endPort", end, "may not be specified when `port` is not specified"))
            }
        }
        return errors
    }

    private func check(_ peer: Kubernetes.NetworkPolicyPeer, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var count = 0
        if let selector = peer.podSelector {
            count += 1
            errors += MetadataValidation.selector(selector, at: "\(path).podSelector")
        }
        if let selector = peer.namespaceSelector {
            count += 1
            errors += MetadataValidation.selector(selector, at: "\(path).namespaceSelector")
        }
        if let block = peer.ipBlock {
            count += 1
            errors += check(block, at: "\(path).ipBlock")
        }
        if count == 0 {
            errors.append(.required(path, "must specify a peer"))
        } else if count > 1, peer.ipBlock != nil {
            errors.append(.forbidden(path, "may not specify both ipBlock and another peer"))
        }
        return errors
    }

    private func check(_ block: Kubernetes.IPBlock, at path: String) -> [FieldError] {
        if block.cidr.isEmpty { return [.required("\(path).cidr")] }
        var errors = addresses.rangeProblems(block.cidr, at: "\(path).cidr", existing: known)
        guard let range = AddressFormat.lenientRange(block.cidr) else { return errors }
        let prefix = IPPrefix(range.address, length: range.length)
        for (index, text) in block.except.enumerated() {
            let place = "\(path).except[\(index)]"
            errors += addresses.rangeProblems(text, at: place, existing: known)
            guard let except = AddressFormat.lenientRange(text) else { continue }
            if !prefix.contains(except.address) || except.length <= range.length {
                errors.append(.invalid(place, text, "must be a strict subset of `cidr`"))
            }
        }
        return errors
    }
}
