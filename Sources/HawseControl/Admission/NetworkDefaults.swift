/// What the API server fills into slices, Endpoints, Ingresses and network policies.
public enum NetworkDefaults {
    public static func apply(_ slice: inout Kubernetes.EndpointSlice) {
        for index in slice.ports.indices {
            if slice.ports[index].name == nil { slice.ports[index].name = "" }
            if slice.ports[index].protocol == nil { slice.ports[index].protocol = .tcp }
        }
    }

    /// `deprecatedTopology` cannot be written with v1; a host that the old slice had there becomes the node's name.
    static func dropTopology(_ slice: inout Kubernetes.EndpointSlice, old: Kubernetes.EndpointSlice?) {
        let label = "kubernetes.io/hostname"
        let known = Set(old?.endpoints.compactMap { $0.deprecatedTopology[label] } ?? [])
        for index in slice.endpoints.indices {
            if slice.endpoints[index].nodeName == nil, let host = slice.endpoints[index].deprecatedTopology[label],
                known.contains(host), NameFormat.subdomain(host).isEmpty
            {
                slice.endpoints[index].nodeName = host
            }
            slice.endpoints[index].deprecatedTopology = [:]
        }
    }

    public static func apply(_ endpoints: inout Kubernetes.Endpoints) {
        for subset in endpoints.subsets.indices {
            for index in endpoints.subsets[subset].ports.indices
            where endpoints.subsets[subset].ports[index].protocol.isZero {
                endpoints.subsets[subset].ports[index].protocol = .tcp
            }
        }
    }

    public static func apply(_ policy: inout Kubernetes.NetworkPolicy) {
        if policy.spec.policyTypes.isEmpty {
            policy.spec.policyTypes = policy.spec.egress.isEmpty ? ["Ingress"] : ["Ingress", "Egress"]
        }
        for rule in policy.spec.ingress.indices { apply(&policy.spec.ingress[rule].ports) }
        for rule in policy.spec.egress.indices { apply(&policy.spec.egress[rule].ports) }
    }

    private static func apply(_ ports: inout [Kubernetes.NetworkPolicyPort]) {
        for index in ports.indices where ports[index].protocol == nil { ports[index].protocol = .tcp }
    }

    public static func apply(_ ingressClass: inout Kubernetes.IngressClass) {
        if ingressClass.spec.parameters != nil, ingressClass.spec.parameters?.scope == nil {
            ingressClass.spec.parameters?.scope = "Cluster"
        }
    }
}
