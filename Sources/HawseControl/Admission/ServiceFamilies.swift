import HawseWire

/// Decides a Service's IP families (`Allocators.initIPFamilyFields`).
struct ServiceFamilies {
    /// The cluster's families, the primary one first.
    let families: [Kubernetes.IPFamily]

    func resolve(_ service: inout Kubernetes.Service, old: Kubernetes.Service?) -> [FieldError] {
        if service.spec.type == .externalName { return [] }
        if let old { inherit(&service, from: old) }
        if service.spec.ipFamilyPolicy == nil,
            service.spec.clusterIPs.count == 2 || service.spec.ipFamilies.count == 2
        {
            service.spec.ipFamilyPolicy = .requireDualStack
        }
        var errors = inferFamilies(&service)
        if !errors.isEmpty { return errors }
        if service.spec.clusterIPs.first == "None", service.spec.selector.isEmpty {
            resolveHeadlessWithoutSelector(&service)
            return []
        }
        if service.spec.ipFamilyPolicy == nil { service.spec.ipFamilyPolicy = .singleStack }
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

    /// An update that says nothing of families keeps them.
    private func inherit(_ service: inout Kubernetes.Service, from old: Kubernetes.Service) {
        guard old.spec.type != .externalName else { return }
        if service.spec.ipFamilyPolicy == nil { service.spec.ipFamilyPolicy = old.spec.ipFamilyPolicy }
        if service.spec.ipFamilies.isEmpty {
            service.spec.ipFamilies = old.spec.ipFamilies
            if service.spec.ipFamilyPolicy == .singleStack {
                service.spec.ipFamilies = Array(service.spec.ipFamilies.prefix(1))
                service.spec.clusterIPs = Array(service.spec.clusterIPs.prefix(1))
            }
        }
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
                    .invalid(
                        "spec.clusterIPs[\(index)]", json: list, "\(family) is not configured on this cluster"))
            }
        }
        return errors
    }

    /// Such a Service may claim both families on any cluster: whoever writes its endpoints decides.
    private func resolveHeadlessWithoutSelector(_ service: inout Kubernetes.Service) {
        if service.spec.ipFamilyPolicy == nil { service.spec.ipFamilyPolicy = .requireDualStack }
        if service.spec.ipFamilies.isEmpty { service.spec.ipFamilies = [families[0]] }
        if service.spec.ipFamilies.count == 1, service.spec.ipFamilyPolicy != .singleStack {
            service.spec.ipFamilies.append(service.spec.ipFamilies[0] == .ipv4 ? .ipv6 : .ipv4)
        }
    }
}
