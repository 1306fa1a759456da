/// A Service's row (`printService`).
enum ServiceRow {
    static func cells(_ service: Kubernetes.Service, _ state: ClusterState) -> [String] {
        let spec = service.spec
        return [
            service.metadata.name, spec.type.rawValue, spec.clusterIP.isEmpty ? "<none>" : spec.clusterIP,
            external(service), ports(spec.ports), ResourceColumns.age(service, state),
            ResourceColumns.labels(spec.selector),
        ]
    }

    private static func external(_ service: Kubernetes.Service) -> String {
        let spec = service.spec
        switch spec.type {
        case .loadBalancer:
            let own = ResourceColumns.addresses(service.status.loadBalancer)
            let all = (own.isEmpty ? [] : [own]) + spec.externalIPs
            return all.isEmpty ? "<pending>" : all.joined(separator: ",")
        case .externalName: return spec.externalName
        default: return spec.externalIPs.isEmpty ? "<none>" : spec.externalIPs.joined(separator: ",")
        }
    }

    /// `80:30080/TCP`
    static func ports(_ ports: [Kubernetes.ServicePort]) -> String {
        if ports.isEmpty { return "<none>" }
        return ports.map { "\($0.port)\($0.nodePort > 0 ? ":\($0.nodePort)" : "")/\($0.protocol)" }.joined(separator: ",")
    }
}
