import HawseModel

/// Requests and limits of containers and of whole pods (`validateResourceRequirements`).
enum ResourceValidation {
    private static let container: Set<String> = ["cpu", "memory", "ephemeral-storage"]
    /// Names without a prefix that a cluster knows at all, most of them for quotas.
    private static let standard: Set<String> = container.union([
        "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory",
        "limits.ephemeral-storage", "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps",
        "persistentvolumeclaims", "storage", "requests.storage", "services.nodeports", "services.loadbalancers",
    ])
    private static let counted: Set<String> = [
        "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims",
        "services.nodeports", "services.loadbalancers",
    ]

    private static func isHugePages(_ name: String) -> Bool { name.hasPrefix("hugepages-") }
    /// Known to Kubernetes itself, not brought by a device plugin.
    private static func isNative(_ name: String) -> Bool { !name.contains("/") || name.contains("kubernetes.io/") }
    private static func isExtended(_ name: String) -> Bool {
        !isNative(name) && !name.hasPrefix("requests.") && NameFormat.qualified("requests.\(name)").isEmpty
    }
    private static func canOvercommit(_ name: String) -> Bool { isNative(name) && !isHugePages(name) }

    static func check(
        _ resources: Kubernetes.ResourceRequirements, claims: [String] = [], ofPod: Bool = false, at path: String
    ) -> [FieldError] {
        var errors: [FieldError] = []
        for (name, limit) in resources.limits.sorted(by: { $0.key < $1.key }) {
            errors += quantity(name, limit, ofPod: ofPod, at: "\(path).limits[\(name)]")
            errors += pages(name, limit, at: "\(path).limits[\(name)]")
        }
        for (name, request) in resources.requests.sorted(by: { $0.key < $1.key }) {
            let place = "\(path).requests[\(name)]"
            errors += quantity(name, request, ofPod: ofPod, at: place)
            if let limit = resources.limits[name] {
                if !canOvercommit(name), request != limit {
                    errors.append(.invalid("\(path).requests", request.text, "must be equal to \(name) limit of \(limit.text)"))
                } else if request.thousandths > limit.thousandths {
                    errors.append(
                        .invalid(
                            "\(path).requests", request.text, "must be less than or equal to \(name) limit of \(limit.text)"))
                }
            } else if !canOvercommit(name) {
                errors.append(.required("\(path).limits", "Limit must be set for non overcommitable resources"))
            }
            errors += pages(name, request, at: place)
        }
        let names = Set(resources.limits.keys).union(resources.requests.keys)
        if names.contains(where: isHugePages), names.isDisjoint(with: ["cpu", "memory"]) {
            errors.append(.forbidden(path, "HugePages require cpu or memory"))
        }
        return errors + self.claims(resources.claims, known: claims, at: "\(path).claims")
    }

    private static func quantity(
        _ name: String, _ quantity: Kubernetes.Quantity, ofPod: Bool, at place: String
    ) -> [FieldError] {
        guard ofPod else { return containerResource(name, at: place) + value(name, quantity, at: place) }
        var errors = resource(name, at: place)
        if errors.isEmpty, !["cpu", "memory"].contains(name), !isHugePages(name) {
            errors.append(.notSupported(place, name, ["cpu", "hugepages-", "memory"]))
        }
        return errors + value(name, quantity, at: place)
    }

    /// `ValidateResourceName`
    private static func resource(_ name: String, at place: String) -> [FieldError] {
        let errors = NameFormat.qualified(name).map { FieldError.invalid(place, name, $0) }
        if errors.isEmpty, !name.contains("/"), !standard.contains(name), !isHugePages(name),
            !name.hasPrefix("requests.hugepages-")
        {
            return [.invalid(place, name, "must be a standard resource type or fully qualified")]
        }
        return errors
    }

    /// `ValidateContainerResourceName`
    static func containerResource(_ name: String, at place: String) -> [FieldError] {
        let errors = resource(name, at: place)
        if !name.contains("/") {
            if container.contains(name) || isHugePages(name) { return errors }
            return errors + [.invalid(place, name, "must be a standard resource for containers")]
        }
        if isNative(name) || isExtended(name) { return errors }
        return errors + [.invalid(place, name, "doesn't follow extended resource name standard")]
    }

    /// `ValidateResourceQuantityValue`
    static func value(_ name: String, _ quantity: Kubernetes.Quantity, at place: String) -> [FieldError] {
        var errors: [FieldError] = []
        if quantity.thousandths < 0 {
            errors.append(.invalid(place, quantity.text, "must be greater than or equal to 0"))
        }
        if counted.contains(name) || isExtended(name), quantity.thousandths % 1000 != 0 {
            errors.append(.invalid(place, quantity.text, "must be an integer"))
        }
        return errors
    }

    /// Huge pages come in whole pages.
    private static func pages(_ name: String, _ quantity: Kubernetes.Quantity, at place: String) -> [FieldError] {
        guard isHugePages(name) else { return [] }
        let size = Kubernetes.Quantity(String(name.dropFirst("hugepages-".utf8.count)))?.units ?? 0
        if size > 0, quantity.units > 0, quantity.units % size == 0 { return [] }
        return [.invalid(place, quantity.text, "\(quantity.text) is not positive integer multiple of \(name)")]
    }

    /// Claims that a container names are those of its pod (`validateResourceClaimNames`).
    private static func claims(_ claims: [ManifestNode], known: [String], at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var names: Set<String> = []
        for (index, claim) in claims.enumerated() {
            let place = "\(path)[\(index)]"
            let (name, request) = (claim["name"]?.text ?? "", claim["request"]?.text ?? "")
            if name.isEmpty {
                errors.append(.required(place))
                continue
            }
            if names.contains(name) {
                errors.append(.duplicate(place, name))
            } else {
                let key = request.isEmpty ? name : "\(name)/\(request)"
                if !request.isEmpty { errors += NameFormat.label(request).map { .invalid("\(place).request", request, $0) } }
                let isTaken = request.isEmpty && names.contains { $0.hasPrefix("\(name)/") }
                if names.contains(key) || isTaken { errors.append(.duplicate(place, key)) }
                names.insert(key)
            }
            if !known.contains(name) {
                let list = known.isEmpty ? " which is empty" : ": " + Set(known).sorted().joined(separator: ", ")
                errors.append(
                    FieldError(
                        .notFound, place,
                        "Not found: \(FieldError.quoted(name)): must be one of the names in pod.spec.resourceClaims\(list)"))
            }
        }
        return errors
    }

    // MARK: Whole pods

    /// `validatePodResources`
    static func check(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        guard let resources = spec.resources else { return [] }
        let place = "\(path).resources"
        if spec.other["os"]?["name"]?.text == "windows" { return [.forbidden(place, "may not be set for a windows pod")] }
        var errors: [FieldError] = []
        if !resources.claims.isEmpty {
            errors.append(.forbidden("\(place).claims", "claims may not be set for Resources at pod-level"))
        }
        errors += check(resources, claims: spec.claimNames, ofPod: true, at: place)
        return errors + consistency(spec, resources, at: place)
    }

    /// A pod's resources are enough for its containers (`validatePodResourceConsistency`).
    private static func consistency(
        _ spec: Kubernetes.PodSpec, _ resources: Kubernetes.ResourceRequirements, at path: String
    ) -> [FieldError] {
        typealias Amounts = KeyPath<Kubernetes.ResourceRequirements, [String: Kubernetes.Quantity]>
        func tooSmall(_ what: String, _ amounts: Amounts, _ isMeant: (String) -> Bool) -> [FieldError] {
            spec.containerSum(amounts).sorted { $0.key < $1.key }.compactMap { name, sum in
                guard isMeant(name), let own = resources[keyPath: amounts][name], sum > own.thousandths else { return nil }
                let total = Kubernetes.Quantity(thousandths: sum, like: spec.firstAmount(of: name, amounts) ?? own)
                return .invalid(
                    "\(path).\(what)[\(name)]", own.text,
                    "must be greater than or equal to aggregate container \(what) of \(total)")
            }
        }
        var errors = tooSmall("requests", \.requests) { _ in true } + tooSmall("limits", \.limits, isHugePages)
        for (index, container) in spec.containers.enumerated() {
            for (name, limit) in container.resources.limits.sorted(by: { $0.key < $1.key }) {
                guard let own = resources.limits[name], limit.thousandths > own.thousandths else { continue }
                errors.append(
                    .invalid(
                        "\(path).containers[\(index)][\(name)].limits", limit.text,
                        "must be less than or equal to pod limits of \(own.text)"))
            }
        }
        return errors
    }
}
