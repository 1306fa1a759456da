/// What an update of a Service may not do to its addresses and families
/// (`validateUpgradeDowngradeClusterIPs`, `validateUpgradeDowngradeIPFamilies`).
struct ServiceUpdateValidation {
    let old: Kubernetes.ServiceSpec
    let new: Kubernetes.ServiceSpec

    func check() -> [FieldError] {
        var errors: [FieldError] = []
        if old.type != .externalName, new.type != .externalName { errors = clusterIPs() + families() }
        if old.type == .loadBalancer, new.type == .loadBalancer, old.loadBalancerClass != new.loadBalancerClass {
            let value = new.loadBalancerClass.map { FieldError.quoted($0) } ?? "null"
            errors.append(.invalid("spec.loadBalancerClass", json: value, Self.unchangeable))
        }
        if ServiceDefaults.needsHealthCheck(old), ServiceDefaults.needsHealthCheck(new),
            old.healthCheckNodePort != new.healthCheckNodePort
        {
            errors.append(.forbidden("spec.healthCheckNodePort", "field is immutable"))
        }
        return errors
    }

    private static let unchangeable = "may not change once set"

    private func list(_ items: [String]) -> String {
        "[" + items.map { FieldError.quoted($0) }.joined(separator: ",") + "]"
    }

    private var wasHeadless: Bool { old.clusterIPs == ["None"] }
    private var isHeadless: Bool { new.clusterIPs == ["None"] }

    private func clusterIPs() -> [FieldError] {
        if wasHeadless, isHeadless { return [] }
        let path = "spec.clusterIPs"
        let value = list(new.clusterIPs)
        if old.clusterIPs.count == new.clusterIPs.count {
            return old.clusterIPs.indices.filter { old.clusterIPs[$0] != new.clusterIPs[$0] }
                .map { .invalid("\(path)[\($0)]", json: value, Self.unchangeable) }
        }
        var errors: [FieldError] = []
        if let before = old.clusterIPs.first, let after = new.clusterIPs.first, before != after {
            errors.append(.invalid("\(path)[0]", json: value, Self.unchangeable))
        }
        if new.clusterIPs.count < old.clusterIPs.count {
            if new.clusterIPs.isEmpty {
                errors.append(.invalid("\(path)[0]", json: value, "primary clusterIP can not be unset"))
            } else if new.ipFamilyPolicy != .singleStack {
                errors.append(released("clusterIP"))
            }
        }
        return errors
    }

    private func released(_ what: String) -> FieldError {
        let policy = new.ipFamilyPolicy.map { FieldError.quoted($0.rawValue) } ?? "null"
        return .invalid(
            "spec.ipFamilyPolicy", json: policy, "must be set to 'SingleStack' when releasing the secondary \(what)")
    }

    private func families() -> [FieldError] {
        // A headless Service has no addresses that its families would have to keep.
        if wasHeadless || isHeadless { return [] }
        let path = "spec.ipFamilies"
        let value = list(new.ipFamilies.map(\.rawValue))
        if old.ipFamilies.count == new.ipFamilies.count {
            return old.ipFamilies.indices.filter { old.ipFamilies[$0] != new.ipFamilies[$0] }
                .map { _ in .invalid("\(path)[0]", json: value, Self.unchangeable) }
        }
        var errors: [FieldError] = []
        if let before = old.ipFamilies.first, let after = new.ipFamilies.first, before != after {
            errors.append(.invalid("\(path)[0]", json: value, Self.unchangeable))
        }
        if new.ipFamilies.count < old.ipFamilies.count {
            if new.ipFamilies.isEmpty {
                errors.append(.invalid("\(path)[0]", json: value, "primary ipFamily can not be unset"))
            } else if new.ipFamilyPolicy != .singleStack {
                errors.append(released("ipFamily"))
            }
        }
        return errors
    }
}
