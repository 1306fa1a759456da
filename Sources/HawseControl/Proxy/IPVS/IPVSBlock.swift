import HawseModel
import HawseWire

/// What one service port adds in IPVS mode.
struct IPVSBlock: Hashable, Sendable {
    struct Member: Hashable, Sendable {
        var set: IPVSSetName
        var entry: IPSet.Entry
    }

    var servers: [VirtualService] = []
    /// Addresses to bind to kube-ipvs0.
    var bound: [IPAddress] = []
    var members: [Member] = []
    /// filter KUBE-IPVS-OUT-FILTER
    var outFilter: [Rule] = []
}

/// Writes one service port's part (the loop of the IPVS `syncProxyRules`).
struct IPVSBlockWriter {
    private let service: ServicePort
    private let endpoints: [ProxyEndpoint]
    private let settings: ProxySettings
    /// Addresses that node ports are served at.
    private let nodeAddresses: [IPAddress]
    private let selection: EndpointSelection
    private var block = IPVSBlock()

    static func block(
        for service: ServicePort, endpoints: [ProxyEndpoint], settings: ProxySettings, nodeAddresses: [IPAddress]
    ) -> IPVSBlock {
        var writer = Self(
            service: service, endpoints: endpoints, settings: settings, nodeAddresses: nodeAddresses)
        writer.write()
        return writer.block
    }

    private init(
        service: ServicePort, endpoints: [ProxyEndpoint], settings: ProxySettings, nodeAddresses: [IPAddress]
    ) {
        self.service = service
        self.endpoints = endpoints
        self.settings = settings
        self.nodeAddresses = nodeAddresses
        selection = EndpointSelection(
            endpoints, for: service, node: settings.node.name, zone: settings.node.zone)
    }

    private mutating func write() {
        for endpoint in endpoints where endpoint.isLocal {
            add(.loopBack, endpoint.address, endpoint.port, second: IPPrefix(endpoint.address, length: bits))
        }
        add(.clusterIP, service.clusterIP, service.port)
        serve(service.clusterIP, service.port, isLocal: service.isInternalPolicyLocal, binds: true)
        for address in service.externalIPs {
            add(service.isExternalPolicyLocal ? .externalIPLocal : .externalIP, address, service.port)
            serve(address, service.port, isLocal: service.isExternalPolicyLocal, binds: isForeign(address))
        }
        for address in service.loadBalancerVIPs { writeLoadBalancer(address) }
        writeNodePort()
        // A node without an address for node ports leaves the rest of such a Service out.
        if service.healthCheckNodePort != 0, service.nodePort == 0 || !nodeAddresses.isEmpty {
            var entry = IPSet.Entry()
            entry.port = .init(ipProtocol: .tcp, lower: service.healthCheckNodePort)
            block.members.append(.init(set: .healthCheckNodePort, entry: entry))
        }
    }

    private var bits: Int { settings.family.bitCount }

    /// An address that some interface has already is not bound once more.
    private func isForeign(_ address: IPAddress) -> Bool { !settings.node.localAddresses.contains(address) }

    private mutating func add(_ set: IPVSSetName, _ address: IPAddress, _ port: UInt16, second: IPPrefix? = nil) {
        var entry = IPSet.Entry()
        entry.first = IPPrefix(address, length: bits)
        entry.port = .init(ipProtocol: service.ipProtocol, lower: port)
        entry.second = second
        block.members.append(.init(set: set, entry: entry))
    }

    private mutating func writeLoadBalancer(_ address: IPAddress) {
        add(.loadBalancer, address, service.port)
        if service.isExternalPolicyLocal { add(.loadBalancerLocal, address, service.port) }
        if !service.sourceRanges.isEmpty {
            add(.loadBalancerFirewall, address, service.port)
            for range in service.sourceRanges { add(.loadBalancerSourceRange, address, service.port, second: range) }
            let nodeIP = settings.node.ownAddress(settings.family)
            if service.sourceRanges.contains(where: { $0.contains(nodeIP) }) {
                // The node's own requests to a VIP that is its address come from the VIP.
                add(.loadBalancerSourceIP, address, service.port, second: IPPrefix(address, length: bits))
            } else {
                block.outFilter.append(outRule(address))
            }
        }
        serve(address, service.port, isLocal: service.isExternalPolicyLocal, binds: isForeign(address))
    }

    /// Keeps the node itself from a VIP whose source ranges leave the node out.
    private func outRule(_ address: IPAddress) -> Rule {
        let host = IPTablesVocabulary.host(address)
        let ipvs = IPVSMatch(
            ipProtocol: ProtocolMatch(service.ipProtocol), address: host, port: Flagged(service.port))
        return Rule(source: host, matches: [.ipvs(ipvs)], target: .drop)
    }

    private mutating func writeNodePort() {
        guard service.nodePort != 0, !nodeAddresses.isEmpty else { return }
        var sets = [IPVSSetName.nodePort(service.ipProtocol, isLocal: false)]
        if service.isExternalPolicyLocal { sets.append(.nodePort(service.ipProtocol, isLocal: true)) }
        for set in sets {
            if set.kind == .bitmapPort {
                var entry = IPSet.Entry()
                entry.port = .init(ipProtocol: service.ipProtocol, lower: service.nodePort)
                block.members.append(.init(set: set, entry: entry))
            } else {
                for address in nodeAddresses { add(set, address, service.nodePort) }
            }
        }
        for address in nodeAddresses {
            serve(address, service.nodePort, isLocal: service.isExternalPolicyLocal, binds: false)
        }
    }

    private mutating func serve(_ address: IPAddress, _ port: UInt16, isLocal: Bool, binds: Bool) {
        let scheduler = service.scheduler ?? settings.scheduler
        var flags: VirtualService.Flags = service.affinitySeconds == nil ? [] : .persistent
        if scheduler == .mh { flags.insert(.schedule2) }
        block.servers.append(
            VirtualService(
                key: .address(ipProtocol: service.ipProtocol, address: address, port: port), scheduler: scheduler,
                flags: flags, persistenceTimeout: service.affinitySeconds ?? 0,
                destinations: targets(isLocal: isLocal).map {
                    Destination(
                        address: endpoints[$0].address, port: endpoints[$0].port, forwarding: .masquerade, weight: 1)
                }))
        if binds && !block.bound.contains(address) { block.bound.append(address) }
    }

    /// Under a Local policy without a local endpoint the whole cluster serves, so that pods of this node are
    /// answered; replies to others carry an address they did not ask.
    private func targets(isLocal: Bool) -> [Int] {
        isLocal && !selection.local.isEmpty ? selection.local : selection.cluster
    }
}
