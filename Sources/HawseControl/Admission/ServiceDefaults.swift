/// What the API server fills into a Service before it looks at it (`SetDefaults_Service`, v1).
public enum ServiceDefaults {
    public static func apply(_ service: inout Kubernetes.Service) {
        var spec = service.spec
        if spec.sessionAffinity.isZero { spec.sessionAffinity = .none }
        if spec.sessionAffinity == .none { spec.sessionAffinityConfig = nil }
        if spec.sessionAffinity == .clientIP, spec.sessionAffinityConfig?.clientIP?.timeoutSeconds == nil {
            var client = Kubernetes.ClientIPConfig()
            client.timeoutSeconds = 10_800
            spec.sessionAffinityConfig = Kubernetes.SessionAffinityConfig()
            spec.sessionAffinityConfig?.clientIP = client
        }
        if spec.type.isZero { spec.type = .clusterIP }
        for index in spec.ports.indices {
            if spec.ports[index].protocol.isZero { spec.ports[index].protocol = .tcp }
            if spec.ports[index].targetPort.isZero { spec.ports[index].targetPort = .int(spec.ports[index].port) }
        }
        let isExternal = spec.type == .nodePort || spec.type == .loadBalancer || !spec.externalIPs.isEmpty
        if isExternal, spec.type != .externalName, spec.externalTrafficPolicy.isZero {
            spec.externalTrafficPolicy = .cluster
        }
        if spec.internalTrafficPolicy == nil, [.nodePort, .loadBalancer, .clusterIP].contains(spec.type) {
            spec.internalTrafficPolicy = .cluster
        }
        if spec.type == .loadBalancer, spec.allocateLoadBalancerNodePorts == nil {
            spec.allocateLoadBalancerNodePorts = true
        }
        if spec.type == .loadBalancer {
            for index in service.status.loadBalancer.ingress.indices
            where !service.status.loadBalancer.ingress[index].ip.isEmpty {
                if service.status.loadBalancer.ingress[index].ipMode == nil {
                    service.status.loadBalancer.ingress[index].ipMode = "VIP"
                }
            }
        }
        service.spec = spec
        normalizeClusterIPs(&service)
    }

    /// `clusterIP` is the old name of `clusterIPs[0]` (`normalizeClusterIPs`, on creation).
    static func normalizeClusterIPs(_ service: inout Kubernetes.Service) {
        if !service.spec.clusterIP.isEmpty, service.spec.clusterIPs.isEmpty {
            service.spec.clusterIPs = [service.spec.clusterIP]
        }
    }

    /// Whether the type has an address inside the cluster.
    public static func usesClusterIP(_ spec: Kubernetes.ServiceSpec) -> Bool {
        [.clusterIP, .nodePort, .loadBalancer].contains(spec.type) && spec.clusterIPs.first != "None"
    }

    /// Whether the type may have node ports.
    static func hasNodePorts(_ spec: Kubernetes.ServiceSpec) -> Bool {
        spec.type == .nodePort || spec.type == .loadBalancer
    }

    /// Whether traffic from outside the cluster can reach the Service (`service.ExternallyAccessible`).
    static func isExternallyAccessible(_ spec: Kubernetes.ServiceSpec) -> Bool {
        hasNodePorts(spec) || spec.type == .clusterIP && !spec.externalIPs.isEmpty
    }

    /// Whether node ports are to be allocated.
    public static func wantsNodePorts(_ spec: Kubernetes.ServiceSpec) -> Bool {
        spec.type == .nodePort || spec.type == .loadBalancer && spec.allocateLoadBalancerNodePorts != false
    }

    /// `service.NeedsHealthCheck`
    public static func needsHealthCheck(_ spec: Kubernetes.ServiceSpec) -> Bool {
        spec.type == .loadBalancer && spec.externalTrafficPolicy == .local
    }
}
