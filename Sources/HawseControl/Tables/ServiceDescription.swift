/// `kubectl describe service`.
enum ServiceDescription {
    static func write(_ service: Kubernetes.Service, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        let spec = service.spec
        ResourceDescription.head(service, &writer)
        writer.line("Selector", ResourceColumns.labels(spec.selector))
        writer.line("Type", spec.type.rawValue)
        if let policy = spec.ipFamilyPolicy { writer.line("IP Family Policy", policy.rawValue) }
        let families = spec.ipFamilies.map(\.rawValue).joined(separator: ",")
        writer.line("IP Families", families.isEmpty ? "<none>" : families)
        writer.line("IP", spec.clusterIP)
        writer.line("IPs", spec.clusterIPs.isEmpty ? "<none>" : spec.clusterIPs.joined(separator: ","))
        if !spec.externalIPs.isEmpty { writer.line("External IPs", spec.externalIPs.joined(separator: ",")) }
        if !spec.loadBalancerIP.isEmpty { writer.line("Desired LoadBalancer IP", spec.loadBalancerIP) }
        if !spec.externalName.isEmpty { writer.line("External Name", spec.externalName) }
        let ingress = service.status.loadBalancer.ingress.map { entry in
            entry.ip.isEmpty ? entry.hostname : entry.ip + (entry.ipMode.map { " (\($0))" } ?? "")
        }
        if !ingress.isEmpty { writer.line("LoadBalancer Ingress", ingress.joined(separator: ", ")) }
        let slices = state.store.slices(of: service.key)
        for port in spec.ports {
            let name = port.name.isEmpty ? "<unset>" : port.name
            writer.line("Port", "\(name)\t\(port.port)/\(port.protocol)")
            writer.line("TargetPort", "\(port.targetPort)/\(port.protocol)")
            if let protocolName = port.appProtocol { writer.line("AppProtocol", protocolName) }
            if port.nodePort > 0 { writer.line("NodePort", "\(name)\t\(port.nodePort)/\(port.protocol)") }
            writer.line("Endpoints", endpoints(slices, port.name))
        }
        writer.line("Session Affinity", spec.sessionAffinity.rawValue)
        if !spec.externalTrafficPolicy.isZero {
            writer.line("External Traffic Policy", spec.externalTrafficPolicy.rawValue)
        }
        if let policy = spec.internalTrafficPolicy { writer.line("Internal Traffic Policy", policy.rawValue) }
        if spec.healthCheckNodePort > 0 { writer.line("HealthCheck NodePort", String(spec.healthCheckNodePort)) }
        if !spec.loadBalancerSourceRanges.isEmpty {
            writer.line("LoadBalancer Source Ranges", spec.loadBalancerSourceRanges.joined(separator: ","))
        }
        if let distribution = spec.trafficDistribution { writer.line("Traffic Distribution", distribution) }
    }

    /// The ready addresses behind the port of a name: three, then a count (`formatEndpointSlices`).
    static func endpoints(_ slices: [Kubernetes.EndpointSlice], _ port: String) -> String {
        if slices.isEmpty { return "<none>" }
        var list: [String] = []
        for slice in slices {
            let ready = slice.endpoints.filter { $0.conditions.ready ?? true }.compactMap(\.addresses.first)
            if slice.ports.isEmpty { list += ready }
            for number in slice.ports where (number.name ?? "") == port {
                list += ready.map { "\($0.contains(":") ? "[\($0)]" : $0):\(number.port ?? 0)" }
            }
        }
        let shown = list.prefix(3).joined(separator: ",")
        return list.count > 3 ? "\(shown) + \(list.count - 3) more..." : shown
    }
}
