import HawseWire

/// Decides a Service's IP families (`Allocators.initIPFamilyFields`).
struct ServiceFamilies {
    /// The cluster's families, the primary one first.
    let families: [Kubernetes.IPFamily]

    func resolve(_ service: inout Kubernetes.Service, old: Kubernetes.Service?) -> [FieldError] {
        if service.spec.type == .externalName { return [] }
        if let old, Self.keepsPreference(service, old: old) { return [] }
        let isFree = service.spec.clusterIP == "None" && service.spec.selector.isEmpty
        if service.spec.ipFamilyPolicy == nil {
            service.spec.ipFamilyPolicy = old?.spec.ipFamilyPolicy ?? (isFree ? .requireDualStack : .singleStack)
        }
        let loose = ServiceValidation(Validation.Options()).clusterIPs(service.spec, old: old?.spec)
        if !loose.isEmpty { return loose }
        var errors = old.map { releaseErrors(&service, old: $0.spec) } ?? []
        errors += policyErrors(service.spec) + inferFamilies(&service)
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

    /// A PreferDualStack Service whose addresses and families an update leaves alone stays as it is, even when the
    /// cluster got or lost a family since (`isMatchingPreferDualStackClusterIPFields`).
    static func keepsPreference(_ service: Kubernetes.Service, old: Kubernetes.Service) -> Bool {
        service.spec.ipFamilyPolicy == .preferDualStack && service.spec.type == old.spec.type
            && [.clusterIP, .nodePort, .loadBalancer].contains(service.spec.type)
            && (old.spec.ipFamilyPolicy ?? .preferDualStack) == .preferDualStack
            && service.spec.clusterIPs == old.spec.clusterIPs && service.spec.ipFamilies == old.spec.ipFamilies
    }

    /// An update to SingleStack that leaves a list in place gives up its second entry; under another policy
    /// the entry may not go.
    private func releaseErrors(_ service: inout Kubernetes.Service, old: Kubernetes.ServiceSpec) -> [FieldError] {
        let spec = service.spec
        if spec.ipFamilyPolicy == .singleStack {
            if spec.clusterIPs == old.clusterIPs { service.spec.clusterIPs = Array(spec.clusterIPs.prefix(1)) }
            if spec.ipFamilies == old.ipFamilies { service.spec.ipFamilies = Array(spec.ipFamilies.prefix(1)) }
            return []
        }
        func error(_ what: String) -> FieldError {
            .invalid(
                "spec.ipFamilyPolicy", spec.ipFamilyPolicy?.rawValue ?? "",
                "must be 'SingleStack' to release the secondary \(what)")
        }
        var errors: [FieldError] = []
        if !spec.clusterIPs.isEmpty, spec.clusterIPs.count < old.clusterIPs.count { errors.append(error("cluster IP")) }
        if !spec.ipFamilies.isEmpty, spec.ipFamilies.count < old.ipFamilies.count { errors.append(error("IP family")) }
        return errors
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
