import HawseWire

extension ClusterDNS {
    /// The `k8s_external` plugin's block in a Corefile.
    public struct External: Hashable, Sendable {
        public var zones: [DomainName] = []
        /// Headless Services are shown by their endpoints.
        public var isHeadless = false
        /// Seconds.
        public var ttl = 5
        /// The label of the zone's own names (`apex`).
        public var apex = "dns"

        public init() {}
    }

    /// What a name of an external zone stands for.
    public struct ExternalTarget: Hashable, Sendable {
        public var address: IPAddress
        public var port: Int
        /// Of endpoints: their share of a hundred.
        public var weight: Int?
    }

    /// `service.namespace`, `endpoint.service.namespace` or `_port._protocol.service.namespace` of an external zone.
    /// `nil`: there is no such name. Empty: a namespace, which exists and has no data.
    public func externalTargets(_ name: DomainName, _ zone: DomainName) -> [ExternalTarget]? {
        var rest = name.labels(before: zone)
        guard let namespace = rest.popLast(), isExposed(namespace) else { return nil }
        guard let label = rest.popLast() else { return [] }
        var (endpoint, port, transport) = ("", "", "")
        func plain(_ label: String) -> String { label.hasPrefix("_") ? String(label.dropFirst()) : label }
        switch rest.count {
        case 0: break
        case 1: endpoint = plain(rest[0])
        case 2: (port, transport) = (plain(rest[0]), plain(rest[1]))
        default: return nil
        }
        guard let service = service(namespace, label) else { return nil }
        func fits(_ name: String, _ word: String) -> Bool {
            (port.isEmpty || port == name.lowercased()) && (transport.isEmpty || transport == word)
        }
        let addresses = (service.spec.externalIPs + service.status.loadBalancer.ingress.map(\.ip)).compactMap { IPAddress($0) }
        var targets: [ExternalTarget] = []
        let isHeadless = service.spec.clusterIP == "None" || service.spec.clusterIPs.first == "None"
        if options.external.isHeadless, addresses.isEmpty, isHeadless || !endpoint.isEmpty {
            for one in endpoints(of: service.key) where endpoint.isEmpty || one.label.lowercased() == endpoint {
                guard let address = IPAddress(one.address) else { continue }
                for port in one.ports where fits(port.name, port.transport) {
                    targets.append(ExternalTarget(address: address, port: port.number, weight: 0))
                }
            }
            for index in targets.indices { targets[index].weight = max(1, 100 / targets.count) }
        } else {
            for address in addresses {
                for port in service.spec.ports where fits(port.name, port.protocol.rawValue.lowercased()) {
                    targets.append(ExternalTarget(address: address, port: port.port))
                }
            }
        }
        return targets.isEmpty ? nil : targets
    }

    /// The answer to a question about a name of an external zone.
    func externalAnswer(_ name: DomainName, _ type: DNSType, _ zone: DomainName) -> DNSAnswer {
        let ttl = options.external.ttl
        let own = options.external.apex
        let authority = DNSRecord(
            zone, ttl: ttl, .soa, "ns1.\(own).\(zone) hostmaster.\(own).\(zone) 1 7200 1800 86400 \(ttl)")
        let labels = name.labels(before: zone)
        var answer = DNSAnswer(.success)
        if labels.isEmpty {
            if type == .soa { answer.answer = [authority] } else { answer.authority = [authority] }
            return answer
        }
        guard let targets = externalTargets(name, zone) else {
            answer = DNSAnswer(.nameError)
            answer.authority = [authority]
            return answer
        }
        var seen: Set<DNSRecord> = []
        for target in targets {
            let kind: DNSType = target.address.family == .ipv4 ? .a : .aaaa
            let record = DNSRecord(name, ttl: ttl, kind, "\(target.address)")
            if type == kind, seen.insert(record).inserted { answer.answer.append(record) }
            guard type == .srv else { continue }
            let service = DomainName(labels.suffix(2).joined(separator: ".") + "." + zone.text)
            let share = target.weight ?? max(1, 100 / targets.count)
            let srv = DNSRecord(name, ttl: ttl, .srv, "0 \(share) \(target.port) \(service)")
            if seen.insert(srv).inserted { answer.answer.append(srv) }
            let extra = DNSRecord(service, ttl: ttl, kind, "\(target.address)")
            if seen.insert(extra).inserted { answer.additional.append(extra) }
        }
        if answer.answer.isEmpty { answer.authority = [authority] }
        return answer
    }
}
