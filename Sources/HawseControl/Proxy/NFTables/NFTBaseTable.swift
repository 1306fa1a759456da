import HawseWire

/// The sets, maps and chains that are there whatever Services exist.
struct NFTBaseTable {
    let settings: ProxySettings

    private var usesAddressSet: Bool { !settings.nodePortAddresses.matchesAll }
    private let portKey: [NFTStatement.Selector] = [.ipProtocol, .destinationPort]
    private let serviceKey: [NFTStatement.Selector] = [.destination, .ipProtocol, .destinationPort]

    init(settings: ProxySettings) { self.settings = settings }

    func table() -> NFTTable {
        NFTTable(
            family: settings.family, name: "kube-proxy", comment: "rules for kube-proxy", sets: sets(),
            chains: baseChains() + checkChains() + serviceChains())
    }

    private func sets() -> [NFTSet] {
        var sets = [
            NFTSet(
                name: "hairpin-connections", fields: [.address, .address, .ipProtocol, .port],
                comment: "service hairpin connections"),
            NFTSet(name: "cluster-ips", fields: [.address], comment: "Active ClusterIPs"),
        ]
        if usesAddressSet {
            let addresses = settings.nodePortAddresses.addresses(on: settings.node).filter { !$0.isLoopback }.sorted()
            sets.append(
                NFTSet(
                    name: "nodeport-ips", fields: [.address], comment: "IPs that accept NodePort traffic",
                    elements: addresses.map { .init([.address($0)]) }))
        }
        func map(_ name: String, _ fields: [NFTSet.Field], _ comment: String) {
            sets.append(NFTSet(name: name, fields: fields, isMap: true, comment: comment))
        }
        let service: [NFTSet.Field] = [.address, .ipProtocol, .port]
        map("no-endpoint-services", service, "vmap to drop or reject packets to services with no endpoints")
        map(
            "no-endpoint-nodeports", [.ipProtocol, .port],
            "vmap to drop or reject packets to service nodeports with no endpoints")
        map("firewall-ips", service, "destinations that are subject to LoadBalancerSourceRanges")
        map("service-ips", service, "ClusterIP, ExternalIP and LoadBalancer IP traffic")
        map("service-nodeports", [.ipProtocol, .port], "NodePort traffic")
        return sets
    }

    private func baseChains() -> [NFTChain] {
        func chain(
            _ name: String, _ type: String, _ hook: String, _ priority: String, jumpsTo targets: [String],
            onlyNew: Bool = true
        ) -> NFTChain {
            NFTChain(
                name: name, base: .init(type: type, hook: hook, priority: priority),
                rules: targets.map {
                    onlyNew ? NFTRule(.newConnection, .verdict(.jump($0))) : NFTRule(.verdict(.jump($0)))
                })
        }
        return [
            chain("filter-prerouting-pre-dnat", "filter", "prerouting", "dstnat - 10", jumpsTo: ["firewall-check"]),
            chain("filter-output-pre-dnat", "filter", "output", "-110", jumpsTo: ["firewall-check"]),
            chain(
                "filter-input", "filter", "input", "filter",
                jumpsTo: ["nodeport-endpoints-check", "service-endpoints-check"]),
            chain(
                "filter-forward", "filter", "forward", "filter",
                jumpsTo: ["service-endpoints-check", "cluster-ips-check"]),
            chain(
                "filter-output", "filter", "output", "filter",
                jumpsTo: ["service-endpoints-check", "cluster-ips-check"]),
            chain("nat-prerouting", "nat", "prerouting", "dstnat", jumpsTo: ["services"], onlyNew: false),
            chain("nat-output", "nat", "output", "-100", jumpsTo: ["services"], onlyNew: false),
            chain("nat-postrouting", "nat", "postrouting", "srcnat", jumpsTo: ["masquerading"], onlyNew: false),
        ]
    }

    /// Node ports never work on loopback in this mode.
    private var notLoopback: NFTStatement {
        .prefix(.destination, IPTablesVocabulary.loopback(settings.family), inverted: true)
    }

    private func checkChains() -> [NFTChain] {
        let nodePort: NFTStatement = usesAddressSet
            ? .inSet([.destination], set: "nodeport-ips") : notLoopback
        return [
            NFTChain(
                name: "nodeport-endpoints-check",
                rules: [NFTRule(nodePort, .lookup(portKey, map: "no-endpoint-nodeports"))]),
            NFTChain(
                name: "service-endpoints-check",
                rules: [NFTRule(.lookup(serviceKey, map: "no-endpoint-services"))]),
            NFTChain(name: "firewall-check", rules: [NFTRule(.lookup(serviceKey, map: "firewall-ips"))]),
        ]
    }

    private func serviceChains() -> [NFTChain] {
        let isCluster = NFTStatement.inSet([.destination], set: "cluster-ips")
        var services: [NFTRule] = []
        if settings.masqueradesAll {
            services.append(
                NFTRule(isCluster, .setMark(settings.mark), comment: "masquerade all clusterIP traffic"))
        } else if let isOutside = settings.detector.nftMatch(toLocal: false) {
            services.append(
                NFTRule(
                    isCluster, isOutside, .setMark(settings.mark),
                    comment: "masquerade clusterIP traffic from outside cluster"))
        }
        services.append(NFTRule(.lookup(serviceKey, map: "service-ips")))
        if usesAddressSet {
            services.append(
                NFTRule(
                    .inSet([.destination], set: "nodeport-ips"), .lookup(portKey, map: "service-nodeports")))
        } else {
            services.append(
                NFTRule(.isLocal(.destination), notLoopback, .lookup(portKey, map: "service-nodeports")))
        }
        var check = [
            NFTRule(isCluster, .reject, comment: "Reject traffic to invalid ports of ClusterIPs")
        ]
        if !settings.serviceRanges.isEmpty {
            check.append(
                NFTRule(
                    .prefixes(.destination, settings.serviceRanges), .verdict(.drop),
                    comment: "Drop traffic to unallocated ClusterIPs"))
        }
        return [
            NFTChain(name: "services", rules: services),
            NFTChain(
                name: "masquerading",
                rules: [
                    NFTRule(.hasMark(settings.mark), .flipMark(settings.mark), .masquerade),
                    NFTRule(
                        .translated,
                        .inSet([.source, .destination, .ipProtocol, .destinationPort], set: "hairpin-connections"),
                        .masquerade),
                ]),
            NFTChain(name: "cluster-ips-check", rules: check),
            NFTChain(
                name: "reject-chain", comment: "helper for @no-endpoint-services / @no-endpoint-nodeports",
                rules: [NFTRule(.reject)]),
        ]
    }
}
