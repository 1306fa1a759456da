import HawseWire

extension ClusterDNS {
    /// What a name stands for.
    struct Target {
        enum Host {
            case address(IPAddress)
            case name(DomainName)
        }

        var host: Host
        /// -1: the endpoint has no port.
        var port: Int
        /// The target's own name, as SRV records give it.
        var name: DomainName
    }

    /// `nil`: there is no such name. Empty: it exists, with no data.
    func targets(_ query: DNSQuery, _ zone: DomainName, isMulticluster: Bool = false) -> [Target]? {
        guard let kind = query.kind else { return [] }
        guard isExposed(query.namespace) else { return nil }
        switch kind {
        case .pod: return podTargets(query, zone)
        case .service: return isMulticluster ? importTargets(query, zone) : serviceTargets(query, zone)
        }
    }

    private func podTargets(_ query: DNSQuery, _ zone: DomainName) -> [Target]? {
        guard options.pods != .disabled else { return nil }
        guard !query.service.isEmpty else { return exists(query.namespace) ? [] : nil }
        let dashes = query.service.count { $0 == "-" }
        let separator: Character = dashes == 3 && !query.service.contains("--") ? "." : ":"
        guard let address = IPAddress(String(query.service.map { $0 == "-" ? separator : $0 })) else { return nil }
        switch options.pods {
        case .insecure where !exists(query.namespace): return nil
        case .verified where pod(query.namespace, address: address) == nil: return nil
        default: break
        }
        let name = DomainName("\(query.service).\(query.namespace).pod.\(zone)")
        return [Target(host: .address(address), port: 0, name: name)]
    }

    private func serviceTargets(_ query: DNSQuery, _ zone: DomainName) -> [Target]? {
        guard !query.service.isEmpty else { return exists(query.namespace) ? [] : nil }
        guard let service = service(query.namespace, query.service) else { return nil }
        let base = "\(service.metadata.name).\(service.metadata.namespace).svc.\(zone)"
        if service.spec.type == .externalName {
            guard query.endpoint.isEmpty, query.port.isEmpty, query.transport.isEmpty, query.zoneChoice == nil else { return nil }
            return [Target(host: .name(DomainName(service.spec.externalName)), port: 0, name: DomainName(base))]
        }
        let isHeadless = service.spec.clusterIPs.first == "None" || service.spec.clusterIP == "None"
        if options.ignoresEmptyServices, !isHeadless, endpoints(of: service.key).isEmpty { return nil }
        if isHeadless || !query.endpoint.isEmpty { return endpointTargets(query, service, base) }
        let ports = service.spec.ports.filter { query.fits($0.name, $0.protocol.rawValue.lowercased()) }
        guard query.zoneChoice == nil, !ports.isEmpty else { return nil }
        return ports.flatMap { port in
            service.spec.clusterIPs.compactMap { IPAddress($0) }.map {
                Target(host: .address($0), port: port.port, name: DomainName(base))
            }
        }
    }

    /// A Service of the whole cluster set: its own addresses, or the endpoints of all clusters by name and cluster.
    private func importTargets(_ query: DNSQuery, _ zone: DomainName) -> [Target]? {
        guard !query.service.isEmpty else { return exists(query.namespace) ? [] : nil }
        guard let service = imported(query.namespace, query.service) else { return nil }
        let base = "\(service.key.name).\(service.key.namespace).svc.\(zone)"
        guard service.isHeadless || !query.endpoint.isEmpty else {
            let ports = service.ports.filter { query.fits($0.name, $0.transport) }
            guard !ports.isEmpty else { return nil }
            return ports.flatMap { port in
                service.addresses.map { Target(host: .address($0), port: port.number, name: DomainName(base)) }
            }
        }
        var found: [Target]?
        for endpoint in endpoints(of: ObjectKey(namespace: service.key.namespace, name: ServiceImport.mangled(service.key.name))) {
            let isMeant = endpoint.label.lowercased() == query.endpoint && endpoint.cluster.lowercased() == query.cluster
            guard query.endpoint.isEmpty || isMeant, let address = IPAddress(endpoint.address) else { continue }
            let name = DomainName("\(endpoint.label).\(endpoint.cluster).\(base)")
            let ports = endpoint.ports.isEmpty ? [(name: "", transport: "", number: -1)] : endpoint.ports
            for port in ports where query.fits(port.name, port.transport) {
                found = (found ?? []) + [Target(host: .address(address), port: port.number, name: name)]
            }
        }
        return found
    }

    /// `nil` when the query fits no endpoint. A zone without endpoints has no data, or with `prefer` all of them.
    private func endpointTargets(_ query: DNSQuery, _ service: Kubernetes.Service, _ base: String) -> [Target]? {
        let all = endpoints(of: service.key)
        var chosen = all
        if let choice = query.zoneChoice {
            chosen = all.filter { $0.zone.lowercased() == query.zone }
            if all.isEmpty { return nil }
            if chosen.isEmpty, choice == .pin { return [] }
            if chosen.isEmpty { chosen = all }
        }
        var found: [Target]?
        for endpoint in chosen where query.endpoint.isEmpty || endpoint.label.lowercased() == query.endpoint {
            guard let address = IPAddress(endpoint.address) else { continue }
            let name = DomainName("\(endpoint.label).\(base)")
            // A slice without ports still names its endpoints, but not in SRV records.
            let ports = endpoint.ports.isEmpty ? [(name: "", transport: "", number: -1)] : endpoint.ports
            for port in ports where query.fits(port.name, port.transport) {
                found = (found ?? []) + [Target(host: .address(address), port: port.number, name: name)]
            }
        }
        return found
    }
}

extension DNSQuery {
    /// Whether a port is meant: every one when none is named.
    func fits(_ name: String, _ transport: String) -> Bool {
        (port.isEmpty || port == name.lowercased()) && (self.transport.isEmpty || self.transport == transport)
    }
}
