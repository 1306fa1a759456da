import HawseModel
import HawseWire

/// Writes one service port's rules in kube-proxy's order (the loop of `syncProxyRules`).
struct IPTablesBlockWriter {
    private typealias Words = IPTablesVocabulary

    let settings: ProxySettings
    let shared: SharedMatches
    /// More than 1,000 endpoints: rules of endpoints go without comments.
    let isLargeCluster: Bool

    private let service: ServicePort
    private let endpoints: [ProxyEndpoint]
    private let names: IPTablesChainNames
    private let selection: EndpointSelection
    private let internalEndpoints: Bool
    private let externalEndpoints: Bool
    private var block = IPTablesBlock()

    static func block(
        for service: ServicePort, endpoints: [ProxyEndpoint], settings: ProxySettings, shared: SharedMatches,
        isLargeCluster: Bool
    ) -> IPTablesBlock {
        var writer = Self(
            service: service, endpoints: endpoints, settings: settings, shared: shared,
            isLargeCluster: isLargeCluster)
        writer.write()
        return writer.block
    }

    private init(
        service: ServicePort, endpoints: [ProxyEndpoint], settings: ProxySettings, shared: SharedMatches,
        isLargeCluster: Bool
    ) {
        self.service = service
        self.endpoints = endpoints
        self.settings = settings
        self.shared = shared
        self.isLargeCluster = isLargeCluster
        names = IPTablesChainNames(service.name)
        selection = EndpointSelection(
            endpoints, for: service, node: settings.node.name, zone: settings.node.zone)
        internalEndpoints = selection.hasAny && (!service.isInternalPolicyLocal || !selection.local.isEmpty)
        externalEndpoints = selection.hasAny && (!service.isExternalPolicyLocal || !selection.local.isEmpty)
    }

    private var usesFirewall: Bool {
        selection.hasAny && !service.loadBalancerVIPs.isEmpty && !service.sourceRanges.isEmpty
    }
    private var usesExternal: Bool { selection.hasAny && service.isExternallyAccessible }

    private mutating func write() {
        block.endpointCount = endpoints.count
        block.isLargeCluster = isLargeCluster
        captureClusterIP()
        captureExternalIPs()
        captureLoadBalancer()
        captureNodePort()
        if service.healthCheckNodePort != 0 {
            block.filterNodePorts.append(
                Rule(
                    ipProtocol: ProtocolMatch(.tcp),
                    matches: [
                        .comment("\(names.text) health check node port"),
                        Words.destinationPort(service.healthCheckNodePort, .tcp),
                    ], target: .accept))
        }
        writeChains()
    }

    // MARK: Shared chains

    /// `-d address -p tcp -m comment --comment "…" -m tcp --dport port -j target`
    private func capture(_ address: IPAddress, _ comment: String, _ target: Target) -> Rule {
        Rule(
            destination: Words.host(address), ipProtocol: ProtocolMatch(service.ipProtocol),
            matches: [.comment(comment), Words.destinationPort(service.port, service.ipProtocol)], target: target)
    }

    /// What becomes of traffic that finds no endpoint.
    private var refusal: (comment: String, target: Target) {
        selection.hasAny
            ? ("\(names.text) has no local endpoints", .drop)
            : ("\(names.text) has no endpoints", Words.reject(settings.family))
    }

    private var internalChain: String { service.isInternalPolicyLocal ? names.local : names.service }

    private mutating func captureClusterIP() {
        if internalEndpoints {
            block.natServices.append(
                capture(service.clusterIP, "\(names.text) cluster IP", .jump(internalChain)))
        } else {
            block.filterServices.append(capture(service.clusterIP, refusal.comment, refusal.target))
        }
    }

    private mutating func captureExternalIPs() {
        for address in service.externalIPs {
            if selection.hasAny {
                block.natServices.append(
                    capture(address, "\(names.text) external IP", .jump(names.external)))
            }
            if !externalEndpoints {
                block.filterExternal.append(capture(address, refusal.comment, refusal.target))
            }
        }
    }

    private mutating func captureLoadBalancer() {
        for address in service.loadBalancerVIPs {
            if selection.hasAny {
                let chain = usesFirewall ? names.firewall : names.external
                block.natServices.append(capture(address, "\(names.text) loadbalancer IP", .jump(chain)))
            }
            if usesFirewall {
                block.filterFirewall.append(
                    capture(address, "\(names.text) traffic not accepted by \(names.firewall)", .drop))
            }
        }
        guard !externalEndpoints else { return }
        for address in service.loadBalancerVIPs {
            block.filterExternal.append(capture(address, refusal.comment, refusal.target))
        }
    }

    private mutating func captureNodePort() {
        guard service.nodePort != 0 else { return }
        let port = Words.destinationPort(service.nodePort, service.ipProtocol)
        let ipProtocol = ProtocolMatch(service.ipProtocol)
        if selection.hasAny {
            if settings.hasLocalhostNodePorts && settings.kernel.hasNFAcct {
                block.natNodePorts.append(
                    Rule(
                        destination: AddressMatch(Words.loopback(.ipv4)), ipProtocol: ipProtocol,
                        matches: [
                            .comment(names.text), port, .nfacct(NFAcctMatch("localhost_nps_accepted_pkts")),
                        ], target: .jump(names.external)))
            }
            block.natNodePorts.append(
                Rule(
                    ipProtocol: ipProtocol, matches: [.comment(names.text), port], target: .jump(names.external)))
        }
        if !externalEndpoints {
            block.filterExternal.append(
                Rule(
                    ipProtocol: ipProtocol,
                    matches: [.comment(refusal.comment), Words.destinationLocal, port], target: refusal.target))
        }
    }

    // MARK: The service port's own chains

    private mutating func writeChains() {
        let usesCluster = !selection.cluster.isEmpty && service.usesClusterEndpoints
        let usesLocal = !selection.local.isEmpty && service.usesLocalEndpoints
        if usesExternal { block.chains.append(Chain(name: names.external, rules: externalRules())) }
        if usesFirewall { block.chains.append(Chain(name: names.firewall, rules: firewallRules())) }
        guard usesCluster || usesLocal else { return }
        block.chains.reserveCapacity(block.chains.count + selection.reachable.count + 2)
        let chains = selection.reachable.map { names.endpoint(endpoints[$0]) }
        if usesCluster {
            block.chains.append(balancing(names.service, selection.cluster, chains, isInternal: !service.isInternalPolicyLocal))
        }
        if usesLocal {
            block.chains.append(balancing(names.local, selection.local, chains, isInternal: service.isInternalPolicyLocal))
        }
        for (index, chain) in zip(selection.reachable, chains) {
            block.chains.append(Chain(name: chain, rules: endpointRules(endpoints[index], chain)))
        }
    }

    /// Masquerades what came from off the cluster to the ClusterIP, so that the way back leads here again.
    private func clusterIPMasquerade() -> Rule? {
        guard internalEndpoints, settings.masqueradesAll || settings.detector.isImplemented else { return nil }
        var rule = capture(service.clusterIP, "\(names.text) cluster IP", .jump("KUBE-MARK-MASQ"))
        if !settings.masqueradesAll { settings.detector.restrict(&rule, toLocal: false) }
        return rule
    }

    private func externalRules() -> [Rule] {
        var rules: [Rule] = []
        if !service.isExternalPolicyLocal {
            rules.append(
                Rule(
                    matches: [.comment("masquerade traffic for \(names.text) external destinations")],
                    target: .jump("KUBE-MARK-MASQ")))
        } else {
            if settings.detector.isImplemented {
                var rule = Rule(
                    matches: [.comment("pod traffic for \(names.text) external destinations")],
                    target: .jump(names.service))
                settings.detector.restrict(&rule, toLocal: true)
                rules.append(rule)
            }
            rules.append(
                Rule(
                    matches: [
                        .comment("masquerade LOCAL traffic for \(names.text) external destinations"),
                        Words.sourceLocal,
                    ], target: .jump("KUBE-MARK-MASQ")))
            rules.append(
                Rule(
                    matches: [
                        .comment("route LOCAL traffic for \(names.text) external destinations"), Words.sourceLocal,
                    ], target: .jump(names.service)))
        }
        if externalEndpoints {
            rules.append(Rule(target: .jump(service.isExternalPolicyLocal ? names.local : names.service)))
        }
        return rules
    }

    private func firewallRules() -> [Rule] {
        var rules: [Rule] = []
        var admitsNode = false
        func admit(_ source: IPPrefix) {
            rules.append(
                Rule(
                    source: AddressMatch(source), matches: [.comment("\(names.text) loadbalancer IP")],
                    target: .jump(names.external)))
        }
        let nodeIP = settings.node.ownAddress(settings.family)
        for range in service.sourceRanges {
            admit(range)
            if range.contains(nodeIP) { admitsNode = true }
        }
        // A VIP may be an address of the node: then its own requests to the VIP come from the VIP.
        if admitsNode {
            for address in service.loadBalancerVIPs {
                admit(IPPrefix(address, length: settings.family.bitCount))
            }
        }
        rules.append(
            Rule(matches: [.comment("other traffic to \(names.text) will be dropped by KUBE-PROXY-FIREWALL")]))
        return rules
    }

    private func balancing(_ name: String, _ indices: [Int], _ chains: [String], isInternal: Bool) -> Chain {
        var rules: [Rule] = []
        rules.reserveCapacity(indices.count * (service.affinitySeconds == nil ? 1 : 2) + 1)
        if isInternal, let rule = clusterIPMasquerade() { rules.append(rule) }
        let targets = self.targets(of: indices, among: chains)
        if let seconds = service.affinitySeconds {
            for (index, target) in zip(indices, targets) {
                let recent = RecentMatch(
                    operation: .check, name: target, seconds: seconds, reaps: true, mask: hostMask)
                rules.append(Rule(matches: commented(index, [.recent(recent)]), target: .jump(target)))
            }
        }
        var left = indices.count
        for (index, target) in zip(indices, targets) {
            rules.append(Rule(matches: commented(index, shared.oneIn(left)), target: .jump(target)))
            left -= 1
        }
        return Chain(name: name, rules: rules)
    }

    /// The chains of some endpoints out of those of all reachable ones; both lists of indices rise.
    private func targets(of indices: [Int], among chains: [String]) -> [String] {
        if indices.count == chains.count { return chains }
        var result: [String] = []
        result.reserveCapacity(indices.count)
        var at = 0
        for index in indices {
            while at < selection.reachable.count && selection.reachable[at] < index { at += 1 }
            if at < chains.count { result.append(chains[at]) }
        }
        return result
    }

    private func commented(_ index: Int, _ matches: [Match]) -> [Match] {
        isLargeCluster ? matches : [.comment("\(names.text) -> \(endpoints[index].text)")] + matches
    }

    private var hostMask: AddressBits { .mask(prefixLength: settings.family.bitCount, family: settings.family) }

    private func endpointRules(_ endpoint: ProxyEndpoint, _ chain: String) -> [Rule] {
        let comment: [Match] = isLargeCluster ? [] : [.comment(names.text)]
        // Traffic that loops back to where it came from needs another source.
        let hairpin = Rule(
            source: Words.host(endpoint.address), matches: comment, target: .jump("KUBE-MARK-MASQ"))
        var matches = comment
        if service.affinitySeconds != nil {
            matches.append(.recent(RecentMatch(operation: .set, name: chain, mask: hostMask)))
        }
        if matches.isEmpty {
            matches = shared.bare(service.ipProtocol)
        } else {
            matches.append(Words.bare(service.ipProtocol))
        }
        let dnat = Rule(
            ipProtocol: ProtocolMatch(service.ipProtocol), matches: matches,
            target: .dnat(NATTarget(address: endpoint.address, port: endpoint.port)))
        return [hairpin, dnat]
    }
}
