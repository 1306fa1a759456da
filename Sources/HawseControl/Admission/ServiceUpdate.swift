/// What an update of a Service keeps of the old object, and what it gives up with its old type.
struct ServiceUpdate {
    let old: Kubernetes.Service


    /// What an update leaves out of the allocated values stays as it was (`patchAllocatedValues`), and an address
    /// that is changed under one of its two names is changed under both (`normalizeClusterIPs`).
    func keepAllocated(_ service: inout Kubernetes.Service) {
        if old.spec.type != .externalName, service.spec.type != .externalName {
            if service.spec.clusterIP.isEmpty { service.spec.clusterIP = old.spec.clusterIP }
            if service.spec.clusterIPs.isEmpty { service.spec.clusterIPs = old.spec.clusterIPs }
        }
        if ServiceDefaults.hasNodePorts(old.spec), ServiceDefaults.hasNodePorts(service.spec) { keepNodePorts(&service) }
        if ServiceDefaults.needsHealthCheck(old.spec), ServiceDefaults.needsHealthCheck(service.spec),
            service.spec.healthCheckNodePort == 0
        {
            service.spec.healthCheckNodePort = old.spec.healthCheckNodePort
        }
        normalizeClusterIPs(&service.spec)
    }

    private func normalizeClusterIPs(_ spec: inout Kubernetes.ServiceSpec) {
        if spec.clusterIPs.isEmpty, spec.clusterIP == old.spec.clusterIP { spec.clusterIPs = old.spec.clusterIPs }
        if spec.clusterIP != old.spec.clusterIP, spec.clusterIPs == old.spec.clusterIPs {
            spec.clusterIPs = spec.clusterIP.isEmpty ? [] : [spec.clusterIP]
        }
    }

    /// By number and protocol, as kubectl merges ports, then by name, as the API server does; never twice.
    private func keepNodePorts(_ service: inout Kubernetes.Service) {
        for index in service.spec.ports.indices where service.spec.ports[index].nodePort == 0 {
            let port = service.spec.ports[index]
            let same = old.spec.ports.first {
                $0.nodePort != 0 && $0.port == port.port && $0.protocol == port.protocol
            }
            guard let same, !service.spec.ports.contains(where: { isClash(same, $0) }) else { continue }
            service.spec.ports[index].nodePort = same.nodePort
        }
        let used = Set(service.spec.ports.map(\.nodePort))
        for index in service.spec.ports.indices where service.spec.ports[index].nodePort == 0 {
            let name = service.spec.ports[index].name
            guard let same = old.spec.ports.last(where: { $0.name == name }), !used.contains(same.nodePort) else {
                continue
            }
            service.spec.ports[index].nodePort = same.nodePort
        }
    }

    private func isClash(_ a: Kubernetes.ServicePort, _ b: Kubernetes.ServicePort) -> Bool {
        a.nodePort == b.nodePort && a.protocol == b.protocol
    }

    /// Values that only the old type used, and that the update did not touch, go (`dropTypeDependentFields`).
    func dropUnused(_ service: inout Kubernetes.Service) {
        let before = old.spec
        var spec = service.spec
        if before.type != .externalName, spec.type == .externalName {
            if spec.clusterIP == before.clusterIP, spec.clusterIPs == before.clusterIPs {
                spec.clusterIP = ""
                spec.clusterIPs = []
            }
            if spec.ipFamilies == before.ipFamilies { spec.ipFamilies = [] }
            if spec.ipFamilyPolicy == before.ipFamilyPolicy { spec.ipFamilyPolicy = nil }
        }
        if ServiceDefaults.hasNodePorts(before), !ServiceDefaults.hasNodePorts(spec),
            Set(spec.ports.map(\.nodePort)).subtracting([0]).isSubset(of: before.ports.map(\.nodePort))
        {
            for index in spec.ports.indices { spec.ports[index].nodePort = 0 }
        }
        if ServiceDefaults.needsHealthCheck(before), !ServiceDefaults.needsHealthCheck(spec),
            spec.healthCheckNodePort == before.healthCheckNodePort
        {
            spec.healthCheckNodePort = 0
        }
        if before.type == .loadBalancer, spec.type != .loadBalancer {
            if spec.allocateLoadBalancerNodePorts == before.allocateLoadBalancerNodePorts {
                spec.allocateLoadBalancerNodePorts = nil
            }
            if spec.loadBalancerClass == before.loadBalancerClass { spec.loadBalancerClass = nil }
        }
        if ServiceDefaults.isExternallyAccessible(before), !ServiceDefaults.isExternallyAccessible(spec),
            spec.externalTrafficPolicy == before.externalTrafficPolicy
        {
            spec.externalTrafficPolicy = ""
        }
        if spec.type != .loadBalancer { service.status.loadBalancer = Kubernetes.LoadBalancerStatus() }
        service.spec = spec
    }
}
