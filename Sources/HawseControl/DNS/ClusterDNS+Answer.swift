import HawseWire

extension ClusterDNS {
    /// What the server says to a question. CNAMEs inside the cluster are followed; those that lead out are left to the
    /// asker, since there is nobody to ask.
    public func answer(_ name: DomainName, _ type: DNSType) -> DNSAnswer {
        let zones = options.zones.compactMap { zone in name.tail(in: zone) }
        guard let zone = zones.max(by: { $0.labels.count < $1.labels.count }) else {
            let outside = options.external.zones.compactMap { name.tail(in: $0) }.max { $0.labels.count < $1.labels.count }
            return outside.map { externalAnswer(name, type, $0) } ?? DNSAnswer(.forwarded)
        }
        guard var answer = records(name, type, zone, chain: []) else { return missing(name, zone) }
        if answer.answer.isEmpty { answer.authority = [authority(zone)] }
        return answer
    }

    private func missing(_ name: DomainName, _ zone: DomainName) -> DNSAnswer {
        if options.fallthroughZones.contains(where: { name.tail(in: $0) != nil }) { return DNSAnswer(.forwarded) }
        guard options.isSynced else { return DNSAnswer(.serverFailure) }
        var answer = DNSAnswer(.nameError)
        answer.authority = [authority(zone)]
        return answer
    }

    /// The serial is the time in a real server; here it is 1, so that answers are the same every time.
    private func authority(_ zone: DomainName) -> DNSRecord {
        DNSRecord(zone, ttl: options.ttl, .soa, "ns.dns.\(zone) hostmaster.\(zone) 1 7200 1800 86400 \(options.ttl)")
    }

    /// `nil`: the name does not exist.
    private func records(_ name: DomainName, _ type: DNSType, _ zone: DomainName, chain: [DNSRecord]) -> DNSAnswer? {
        var answer = DNSAnswer(.success)
        let isApex = name.folded == zone.folded
        switch type {
        case .soa where isApex:
            answer.answer = [authority(zone)]
            return answer
        case .ns where isApex:
            for (server, addresses) in nameServers(zone) {
                answer.answer.append(DNSRecord(zone, ttl: options.ttl, .ns, server.text))
                answer.additional += addresses.map { record(server, $0) }
            }
            return answer
        case .txt where name.labels(before: zone) == ["dns-version"]:
            answer.answer = [DNSRecord(name, ttl: 28800, .txt, "1.1.0")]
            return answer
        case .ptr where name.reverseAddress != nil:
            guard let address = name.reverseAddress else { return nil }
            let names = names(of: address)
            answer.answer = names.map { DNSRecord(name, ttl: options.ttl, .ptr, $0.text) }
            return names.isEmpty ? nil : answer
        default: break
        }
        guard let targets = targets(named: name, zone) else { return nil }
        fill(&answer, targets, name, type, zone, chain)
        return answer
    }

    private func targets(named name: DomainName, _ zone: DomainName) -> [Target]? {
        let labels = name.labels(before: zone)
        if labels == ["ns", "dns"] {
            return nameServers(zone).flatMap { server, addresses in
                addresses.map { Target(host: .address($0), port: 0, name: server) }
            }
        }
        if labels == ["dns-version"] { return [] }
        let isMulticluster = options.multiclusterZones.contains { $0.folded == zone.folded }
        guard let query = DNSQuery(labels, isZonal: options.isZonal, isMulticluster: isMulticluster) else { return nil }
        if name.isReverse, query.kind != nil { return nil }
        return targets(query, zone, isMulticluster: isMulticluster)
    }

    private func fill(
        _ answer: inout DNSAnswer, _ targets: [Target], _ name: DomainName, _ type: DNSType, _ zone: DomainName,
        _ chain: [DNSRecord]
    ) {
        var seen: Set<DNSRecord> = []
        let weight = targets.isEmpty ? 0 : max(1, 100 / targets.count)
        for target in targets {
            switch (type, target.host) {
            case (.a, .address(let address)), (.aaaa, .address(let address)):
                let record = record(name, address)
                if record.type == type, seen.insert(record).inserted { answer.answer.append(record) }
            case (.a, .name(let host)), (.aaaa, .name(let host)):
                follow(&answer, name, host, type, zone, chain)
            case (.cname, .name(let host)):
                if answer.answer.isEmpty { answer.answer = [DNSRecord(name, ttl: options.ttl, .cname, host.text)] }
            case (.srv, .address(let address)) where target.port >= 0:
                let service = DNSRecord(name, ttl: options.ttl, .srv, "0 \(weight) \(target.port) \(target.name)")
                if seen.insert(service).inserted { answer.answer.append(service) }
                let extra = record(target.name, address)
                if seen.insert(extra).inserted { answer.additional.append(extra) }
            default: break
            }
        }
    }

    /// A CNAME and what it leads to; loops and chains of more than eight end.
    private func follow(
        _ answer: inout DNSAnswer, _ name: DomainName, _ host: DomainName, _ type: DNSType, _ zone: DomainName,
        _ chain: [DNSRecord]
    ) {
        let alias = DNSRecord(name, ttl: options.ttl, .cname, host.text)
        guard host.folded != name.folded, chain.count <= 7, !chain.contains(alias) else { return }
        guard host.tail(in: zone) != nil else {
            answer.answer.append(alias)
            return
        }
        guard let next = records(host, type, zone, chain: chain + [alias]), !next.answer.isEmpty else { return }
        answer.answer.append(alias)
        answer.answer += next.answer
    }

    private func record(_ name: DomainName, _ address: IPAddress) -> DNSRecord {
        DNSRecord(name, ttl: options.ttl, address.family == .ipv4 ? .a : .aaaa, "\(address)")
    }

    /// Names of an address: the Service whose cluster IP it is, or every endpoint's.
    private func names(of address: IPAddress) -> [DomainName] {
        let zone = options.zones.first { !$0.isReverse && !$0.folded.hasSuffix(".arpa.") } ?? DomainName("cluster.local.")
        if let service = service(clusterIP: address) {
            return [DomainName("\(service.metadata.name).\(service.metadata.namespace).svc.\(zone)")]
        }
        return owners(ofEndpoint: address).map {
            DomainName("\($0.label).\($0.service.name).\($0.service.namespace).svc.\(zone)")
        }
    }

    /// The Service that the server itself is an endpoint of, with its addresses; else `ns.dns` in the zone.
    private func nameServers(_ zone: DomainName) -> [(DomainName, [IPAddress])] {
        let own = options.localAddresses.compactMap { IPAddress($0) }
        for address in own {
            guard let owner = owners(ofEndpoint: address).first?.service,
                let service = service(owner.namespace, owner.name)
            else { continue }
            let addresses = service.spec.clusterIPs.compactMap { IPAddress($0) }
            if !addresses.isEmpty { return [(DomainName("\(owner.name).\(owner.namespace).svc.\(zone)"), addresses)] }
        }
        return [(DomainName("ns.dns.\(zone)"), own)]
    }
}
