import HawseWire

/// Decides a Service's IP families (`Allocators.initIPFamilyFields`).
struct ServiceFamilies {
    /// The cluster's families, the primary one first.
    let families: [Kubernetes.IPFamily]

    func resolve(_ service: inout Kubernetes.Service, old: Kubernetes.Service?) -> [FieldError] {
        if service.spec.type == .externalName { return [] }
        let isFree = service.spec.clusterIP == "None" && service.spec.selector.isEmpty
        if let old { Self.dropReleased(&service, old: old) }
        if service.spec.ipFamilyPolicy == nil {
            service.spec.ipFamilyPolicy = old?.spec.ipFamilyPolicy ?? (isFree ? .requireDualStack : .singleStack)
        }
        let loose = ServiceValidation(Validation.Options()).clusterIPs(service.spec, old: old?.spec)
        if !loose.isEmpty { return loose }
        var errors = policyErrors(service.spec) + inferFamilies(&service)
        if !errors.isEmpty { return errors }
        if isFree {
            resolveHeadlessWithoutSelector(&service)
            return []
        }
        if service.spec.ipFamilyPolicy == .requireDualStack, families.count < 2 {
            errors.append(
                .invalid(
                    "spec.ipFamilyPolicy", "RequireDualStack", "this cluster is not configured for dual-stack services"))
        }
        for (index, family) in service.spec.ipFamilies.enumerated() where !families.contains(family) {
            errors.append(.invalid("spec.ipFamilies[\(index)]", family.rawValue, "not configured on this cluster"))
        }
        if !errors.isEmpty { return errors }
        if service.spec.ipFamilies.isEmpty { service.spec.ipFamilies = [families[0]] }
        if service.spec.ipFamilyPolicy != .singleStack, service.spec.ipFamilies.count == 1, families.count == 2 {
            service.spec.ipFamilies.append(service.spec.ipFamilies[0] == .ipv4 ? .ipv6 : .ipv4)
        }
        return []
    }

    /// An update to SingleStack that leaves the old lists in place gives up the second entries
    /// (`trimFieldsForDualStackDowngrade`); one that leaves the families out keeps them.
    private static func dropReleased(_ service: inout Kubernetes.Service, old: Kubernetes.Service) {
        guard old.spec.type != .externalName else { return }
        if service.spec.ipFamilies.isEmpty { service.spec.ipFamilies = old.spec.ipFamilies }
        guard service.spec.ipFamilyPolicy == .singleStack, old.spec.ipFamilyPolicy != .singleStack else { return }
        if service.spec.clusterIPs == old.spec.clusterIPs {
            service.spec.clusterIPs = Array(service.spec.clusterIPs.prefix(1))
        }
        if service.spec.ipFamilies == old.spec.ipFamilies {
            service.spec.ipFamilies = Array(service.spec.ipFamilies.prefix(1))
        }
    }

    private func policyErrors(_ spec: Kubernetes.ServiceSpec) -> [FieldError] {
        guard spec.ipFamilyPolicy == .singleStack else { return [] }
        func error(_ what: String) -> FieldError {
            .invalid(
                "spec.ipFamilyPolicy", "SingleStack",
                "must be 'RequireDualStack' or 'PreferDualStack' when multiple \(what) are specified")
        }
        return (spec.clusterIPs.count == 2 ? [error("cluster IPs")] : [])
            + (spec.ipFamilies.count == 2 ? [error("IP families")] : [])
    }

    private func inferFamilies(_ service: inout Kubernetes.Service) -> [FieldError] {
        var errors: [FieldError] = []
        for (index, text) in service.spec.clusterIPs.enumerated() {
            guard text != "None", let address = IPAddress(text) else { break }
            let family: Kubernetes.IPFamily = address.family == .ipv4 ? .ipv4 : .ipv6
            guard index >= service.spec.ipFamilies.count else { continue }
            if families.contains(family) {
                service.spec.ipFamilies.append(family)
            } else {
                let list = "[" + service.spec.clusterIPs.map { FieldError.quoted($0) }.joined(separator: ",") + "]"
                errors.append(
                    .invalid("spec.clusterIPs[\(index)]", json: list, "\(family) is not configured on this cluster"))
            }
        }
        return errors
    }

    /// Such a Service may claim both families on any cluster: whoever writes its endpoints decides.
    private func resolveHeadlessWithoutSelector(_ service: inout Kubernetes.Service) {
        if service.spec.ipFamilies.isEmpty { service.spec.ipFamilies = [families[0]] }
        if service.spec.ipFamilies.count == 1, service.spec.ipFamilyPolicy != .singleStack {
            service.spec.ipFamilies.append(service.spec.ipFamilies[0] == .ipv4 ? .ipv6 : .ipv4)
        }
    }
}
