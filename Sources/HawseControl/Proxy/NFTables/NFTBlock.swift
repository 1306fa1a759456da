import HawseWire

/// What one service port adds to the table.
struct NFTBlock: Hashable, Sendable {
    var clusterIP: IPAddress?
    var hairpins: [NFTSet.Element] = []
    var noEndpointServices: [NFTSet.Element] = []
    var noEndpointNodePorts: [NFTSet.Element] = []
    var firewallIPs: [NFTSet.Element] = []
    var serviceIPs: [NFTSet.Element] = []
    var serviceNodePorts: [NFTSet.Element] = []
    var affinitySets: [NFTSet] = []
    var chains: [NFTChain] = []
}

/// Writes one service port's part (the loop of the nftables `syncProxyRules`).
struct NFTBlockWriter {
    private let service: ServicePort
    private let endpoints: [ProxyEndpoint]
    private let settings: ProxySettings
    private let names: NFTNames
    private let selection: EndpointSelection
    private let internalEndpoints: Bool
    private let externalEndpoints: Bool
    private var block = NFTBlock()

    static func block(for service: ServicePort, endpoints: [ProxyEndpoint], settings: ProxySettings) -> NFTBlock {
        var writer = Self(service: service, endpoints: endpoints, settings: settings)
        writer.write()
        return writer.block
    }

    private init(service: ServicePort, endpoints: [ProxyEndpoint], settings: ProxySettings) {
        self.service = service
        self.endpoints = endpoints
        self.settings = settings
        names = NFTNames(service.name)
        selection = EndpointSelection(
            endpoints, for: service, node: settings.node.name, zone: settings.node.zone)
        internalEndpoints = selection.hasAny && (!service.isInternalPolicyLocal || !selection.local.isEmpty)
        externalEndpoints = selection.hasAny && (!service.isExternalPolicyLocal || !selection.local.isEmpty)
    }

    private func key(_ address: IPAddress) -> [NFTValue] {
        [.address(address), .ipProtocol(service.ipProtocol), .port(service.port)]
    }

    private var refusal: NFTVerdict { selection.hasAny ? .drop : .goto("reject-chain") }

    private mutating func write() {
        block.clusterIP = service.clusterIP
        let internalChain = service.isInternalPolicyLocal ? names.local : names.service
        if internalEndpoints {
            block.serviceIPs.append(.init(key(service.clusterIP), verdict: .goto(internalChain)))
        } else {
            block.noEndpointServices.append(
                .init(key(service.clusterIP), verdict: refusal, comment: service.name.description))
        }
        for address in service.externalIPs + service.loadBalancerVIPs {
            if selection.hasAny {
                block.serviceIPs.append(.init(key(address), verdict: .goto(names.external)))
            }
            if !externalEndpoints {
                block.noEndpointServices.append(
                    .init(key(address), verdict: refusal, comment: service.name.description))
            }
        }
        if usesFirewall {
            for address in service.loadBalancerVIPs {
                block.firewallIPs.append(.init(key(address), verdict: .goto(names.firewall)))
            }
        }
        writeNodePort()
        writeHairpins()
        writeChains()
    }

    private var usesFirewall: Bool { !service.loadBalancerVIPs.isEmpty && !service.sourceRanges.isEmpty }

    private mutating func writeNodePort() {
        guard service.nodePort != 0 else { return }
        let key: [NFTValue] = [.ipProtocol(service.ipProtocol), .port(service.nodePort)]
        if selection.hasAny {
            block.serviceNodePorts.append(.init(key, verdict: .goto(names.external)))
        }
        if !externalEndpoints {
            block.noEndpointNodePorts.append(.init(key, verdict: refusal, comment: service.name.description))
        }
    }

    /// A pod of this node that may reach itself through the Service.
    private mutating func writeHairpins() {
        for index in selection.reachable where endpoints[index].isLocal {
            let endpoint = endpoints[index]
            block.hairpins.append(
                .init([
                    .address(endpoint.address), .address(endpoint.address), .ipProtocol(service.ipProtocol),
                    .port(endpoint.port),
                ]))
        }
    }

    private mutating func writeChains() {
        let bases = service.affinitySeconds == nil ? [] : selection.reachable.map { names.endpointBase(endpoints[$0]) }
        if let seconds = service.affinitySeconds {
            for (index, base) in zip(selection.reachable, bases) {
                let endpoint = endpoints[index]
                block.affinitySets.append(
                    NFTSet(name: "affinity-" + base, fields: [.address], timeout: seconds))
                block.chains.append(
                    NFTChain(
                        name: "endpoint-" + base,
                        rules: [
                            NFTRule(.update(set: "affinity-" + base)),
                            NFTRule(
                                .ipProtocol(service.ipProtocol),
                                .dnat(NFTDestination(address: endpoint.address, port: endpoint.port))),
                        ]))
            }
        }
        if !selection.cluster.isEmpty && service.usesClusterEndpoints {
            block.chains.append(balancing(names.service, selection.cluster, bases))
        }
        if !selection.local.isEmpty && service.usesLocalEndpoints {
            block.chains.append(balancing(names.local, selection.local, bases))
        }
        if selection.hasAny && service.isExternallyAccessible {
            block.chains.append(NFTChain(name: names.external, rules: externalRules()))
        }
        if usesFirewall { block.chains.append(NFTChain(name: names.firewall, rules: [firewallRule()])) }
    }

    private func balancing(_ name: String, _ indices: [Int], _ bases: [String]) -> NFTChain {
        guard service.affinitySeconds != nil else {
            let targets = indices.map { NFTDestination(address: endpoints[$0].address, port: endpoints[$0].port) }
            return NFTChain(
                name: name, rules: [NFTRule(.ipProtocol(service.ipProtocol), .randomDNAT(targets))])
        }
        let wanted = Set(indices)
        let chosen = zip(selection.reachable, bases).filter { wanted.contains($0.0) }.map(\.1)
        var rules = chosen.map {
            NFTRule(.inSet([.source], set: "affinity-" + $0), .verdict(.goto("endpoint-" + $0)))
        }
        rules.append(NFTRule(.randomJump(chosen.map { "endpoint-" + $0 })))
        return NFTChain(name: name, rules: rules)
    }

    private func externalRules() -> [NFTRule] {
        var rules: [NFTRule] = []
        if !service.isExternalPolicyLocal {
            rules.append(NFTRule(.setMark(settings.mark), comment: "masquerade"))
        } else {
            if let isPod = settings.detector.nftMatch(toLocal: true) {
                rules.append(
                    NFTRule(isPod, .verdict(.goto(names.service)), comment: "short-circuit pod traffic"))
            }
            rules.append(
                NFTRule(.isLocal(.source), .setMark(settings.mark), comment: "masquerade local traffic"))
            rules.append(
                NFTRule(
                    .isLocal(.source), .verdict(.goto(names.service)), comment: "short-circuit local traffic"))
        }
        if externalEndpoints {
            rules.append(NFTRule(.verdict(.goto(service.isExternalPolicyLocal ? names.local : names.service))))
        }
        return rules
    }

    private func firewallRule() -> NFTRule {
        var sources = service.sourceRanges
        // A VIP may be an address of the node: then its own requests to the VIP come from the VIP.
        let nodeIP = settings.node.ownAddress(settings.family)
        if sources.contains(where: { $0.contains(nodeIP) }) {
            sources += service.loadBalancerVIPs.map { IPPrefix($0, length: settings.family.bitCount) }
        }
        return NFTRule(.prefixes(.source, sources, inverted: true), .verdict(.drop))
    }
}

extension LocalDetector {
    /// The match for traffic of this node's pods, or for all other.
    func nftMatch(toLocal isLocal: Bool) -> NFTStatement? {
        switch self {
        case .none: nil
        case .prefix(let prefix): .prefix(.source, prefix, inverted: !isLocal)
        case .interface(let name): .inInterface(name, inverted: !isLocal)
        case .interfacePrefix(let name): .inInterface(name + "*", inverted: !isLocal)
        }
    }
}
