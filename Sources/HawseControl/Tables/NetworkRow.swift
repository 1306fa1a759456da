/// Rows of Ingresses, their classes, network policies and service ranges.
enum NetworkRow {
    static func cells(_ ingress: Kubernetes.Ingress, _ state: ClusterState) -> [String] {
        [
            ingress.metadata.name, ingress.spec.ingressClassName ?? "<none>", hosts(ingress.spec.rules),
            ResourceColumns.addresses(ingress.status.loadBalancer), ingress.spec.tls.isEmpty ? "80" : "80, 443",
            ResourceColumns.age(ingress, state),
        ]
    }

    /// The first three; what is more counts all rules, those without a host as well (`formatHosts`).
    private static func hosts(_ rules: [Kubernetes.IngressRule]) -> String {
        var shown: [String] = []
        for rule in rules {
            if shown.count == 3 { return "\(shown.joined(separator: ",")) + \(rules.count - 3) more..." }
            if !rule.host.isEmpty { shown.append(rule.host) }
        }
        return shown.isEmpty ? "*" : shown.joined(separator: ",")
    }

    static func cells(_ object: Kubernetes.IngressClass, _ state: ClusterState) -> [String] {
        let parameters = object.spec.parameters.map { reference -> String in
            let group = reference.apiGroup.map { ".\($0)" } ?? ""
            return "\(reference.kind)\(group)/\(reference.name)"
        }
        return [
            object.metadata.name, object.spec.controller, parameters ?? "<none>", ResourceColumns.age(object, state),
        ]
    }

    static func cells(_ policy: Kubernetes.NetworkPolicy, _ state: ClusterState) -> [String] {
        [
            policy.metadata.name, ResourceColumns.selector(policy.spec.podSelector), ResourceColumns.age(policy, state),
        ]
    }

    static func cells(_ range: Kubernetes.ServiceCIDR, _ state: ClusterState) -> [String] {
        [range.metadata.name, range.spec.cidrs.joined(separator: ","), ResourceColumns.age(range, state)]
    }

    static func cells(_ address: Kubernetes.IPAddress, _ state: ClusterState) -> [String] {
        let parent = address.spec.parentRef.map { reference in
            [reference.resource + (reference.group.isEmpty ? "" : ".\(reference.group)"), reference.namespace, reference.name]
                .filter { !$0.isEmpty }.joined(separator: "/")
        }
        return [address.metadata.name, parent ?? "<none>", ResourceColumns.age(address, state)]
    }
}
