/// Requests and limits of containers (`ValidateContainerResourceRequirements`).
enum ResourceValidation {
    private static let standard: Set<String> = ["cpu", "memory", "ephemeral-storage"]

    static func check(_ resources: Kubernetes.ResourceRequirements, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (name, limit) in resources.limits.sorted(by: { $0.key < $1.key }) {
            errors += quantity(name, limit, at: "\(path).limits")
        }
        for (name, request) in resources.requests.sorted(by: { $0.key < $1.key }) {
            errors += quantity(name, request, at: "\(path).requests")
            guard let limit = resources.limits[name] else {
                if !standard.contains(name) {
                    errors.append(.required("\(path).limits", "Limit must be set for non overcommitable resources"))
                }
                continue
            }
            if request.thousandths > limit.thousandths {
                errors.append(
                    .invalid("\(path).requests", request.text, "must be less than or equal to \(name) limit of \(limit.text)"))
            } else if !standard.contains(name), request.thousandths != limit.thousandths {
                errors.append(.invalid("\(path).requests", request.text, "must be equal to \(name) limit of \(limit.text)"))
            }
        }
        let names = Set(resources.limits.keys).union(resources.requests.keys)
        if names.contains(where: { $0.hasPrefix("hugepages-") }), names.isDisjoint(with: ["cpu", "memory"]) {
            errors.append(.forbidden(path, "HugePages require cpu or memory"))
        }
        return errors
    }

    private static func quantity(_ name: String, _ quantity: Kubernetes.Quantity, at path: String) -> [FieldError] {
        let place = "\(path)[\(name)]"
        var errors = NameFormat.qualified(name).map { FieldError.invalid(place, name, $0) }
        if errors.isEmpty, !name.contains("/"), !standard.contains(name), !name.hasPrefix("hugepages-") {
            errors.append(.invalid(place, name, "must be a standard resource type or fully qualified"))
            errors.append(.invalid(place, name, "must be a standard resource for containers"))
        }
        if errors.isEmpty, name.hasPrefix("requests."), name.contains("/") {
            errors.append(.invalid(place, name, "doesn't follow extended resource name standard"))
        }
        if quantity.thousandths < 0 {
            errors.append(.invalid(place, quantity.text, "must be greater than or equal to 0"))
        }
        if name.contains("/"), quantity.thousandths % 1000 != 0 {
            errors.append(.invalid(place, quantity.text, "must be an integer"))
        }
        return errors
    }
}
