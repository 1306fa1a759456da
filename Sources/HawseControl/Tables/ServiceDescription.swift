/// `kubectl describe service`.
enum ServiceDescription {
    static func write(_ service: Kubernetes.Service, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        let spec = service.spec
        writer.map("Labels", service.metadata.labels)
        writer.map("Annotations", service.metadata.annotations, separator: ": ")
        writer.line("Selector", ResourceColumns.labels(spec.selector))
        writer.line("Type", spec.type.rawValue)
        if let policy = spec.ipFamilyPolicy { writer.line("IP Family Policy", policy.rawValue) }
        if !spec.ipFamilies.isEmpty {
            writer.line("IP Families", spec.ipFamilies.map(\.rawValue).joined(separator: ","))
        }
        writer.line("IP", spec.clusterIP.isEmpty ? "<none>" : spec.clusterIP)
        writer.line("IPs", spec.clusterIPs.isEmpty ? "<none>" : spec.clusterIPs.joined(separator: ","))
        if !spec.externalIPs.isEmpty { writer.line("External IPs", spec.externalIPs.joined(separator: ",")) }
        if !spec.externalName.isEmpty { writer.line("External Name", spec.externalName) }
        let ingress = service.status.loadBalancer.ingress.map { entry -> String in
            let mode = entry.ipMode.map { " (\($0))" } ?? ""
            return (entry.ip.isEmpty ? entry.hostname : entry.ip) + mode
        }
        if !ingress.isEmpty { writer.line("LoadBalancer Ingress", ingress.joined(separator: ", ")) }
        let slices = state.store.slices(of: service.key)
        for port in spec.ports {
            let name = port.name.isEmpty ? "<unset>" : port.name
            writer.line("Port", "\(name)  \(port.port)/\(port.protocol)")
            writer.line("TargetPort", "\(port.targetPort)/\(port.protocol)")
            if port.nodePort > 0 { writer.line("NodePort", "\(name)  \(port.nodePort)/\(port.protocol)") }
            writer.line("Endpoints", endpoints(slices, port))
        }
        writer.line("Session Affinity", spec.sessionAffinity.rawValue)
        if !spec.externalTrafficPolicy.isZero {
            writer.line("External Traffic Policy", spec.externalTrafficPolicy.rawValue)
        }
        if let policy = spec.internalTrafficPolicy { writer.line("Internal Traffic Policy", policy.rawValue) }
        if let distribution = spec.trafficDistribution { writer.line("Traffic Distribution", distribution) }
        if spec.healthCheckNodePort > 0 { writer.line("HealthCheck NodePort", String(spec.healthCheckNodePort)) }
        if !spec.loadBalancerSourceRanges.isEmpty {
            writer.line("LoadBalancer Source Ranges", spec.loadBalancerSourceRanges.joined(separator: ","))
        }
    }

    /// The ready addresses behind a port: three, then a count.
    private static func endpoints(_ slices: [Kubernetes.EndpointSlice], _ port: Kubernetes.ServicePort) -> String {
        var list: [String] = []
        for slice in slices {
            guard let number = slice.ports.first(where: { ($0.name ?? "") == port.name })?.port else { continue }
            for endpoint in slice.endpoints where endpoint.conditions.ready != false {
                guard let address = endpoint.addresses.first else { continue }
                list.append(address.contains(":") ? "[\(address)]:\(number)" : "\(address):\(number)")
            }
        }
        if list.isEmpty { return "" }
        let shown = list.prefix(3).joined(separator: ",")
        return list.count > 3 ? "\(shown) + \(list.count - 3) more..." : shown
    }
}
