import HawseWire

/// One EndpointSlice, reduced to what a proxy reads of it (`endpointSliceInfo`).
public struct EndpointSliceInfo: Hashable, Sendable {
    public struct Port: Hashable, Sendable {
        public var name: String
        public var ipProtocol: IPProtocol
        public var number: UInt16

        public init(name: String = "", ipProtocol: IPProtocol = .tcp, number: UInt16) {
            self.name = name
            self.ipProtocol = ipProtocol
            self.number = number
        }
    }

    public struct Entry: Hashable, Sendable {
        public var address: IPAddress
        public var node: String?
        public var isReady: Bool
        public var isServing: Bool
        public var isTerminating: Bool
        public var zoneHints: [String]
        public var nodeHints: [String]

        public init(
            address: IPAddress, node: String? = nil, isReady: Bool = true, isServing: Bool = true,
            isTerminating: Bool = false, zoneHints: [String] = [], nodeHints: [String] = []
        ) {
            self.address = address
            self.node = node
            self.isReady = isReady
            self.isServing = isServing
            self.isTerminating = isTerminating
            self.zoneHints = zoneHints
            self.nodeHints = nodeHints
        }
    }

    public var service: ObjectKey
    public var name: String
    public var family: AddressFamily
    public var ports: [Port]
    public var entries: [Entry]

    public init(
        service: ObjectKey, name: String, family: AddressFamily = .ipv4, ports: [Port] = [], entries: [Entry] = []
    ) {
        self.service = service
        self.name = name
        self.family = family
        self.ports = ports
        self.entries = entries
    }

    /// `nil` for what kube-proxy passes over: FQDN slices, slices without a Service, of another proxy, or headless.
    public init?(_ slice: Kubernetes.EndpointSlice) {
        guard let service = slice.serviceName, !service.isEmpty,
            slice.metadata.labels["service.kubernetes.io/service-proxy-name"] == nil,
            slice.metadata.labels["service.kubernetes.io/headless"] == nil
        else { return nil }
        switch slice.addressType {
        case "IPv4": family = .ipv4
        case "IPv6": family = .ipv6
        default: return nil
        }
        self.service = ObjectKey(namespace: slice.metadata.namespace, name: service)
        name = slice.metadata.name
        ports = slice.ports.compactMap { port in
            guard let ipProtocol = IPProtocol(transport: port.protocol),
                let number = port.port.flatMap({ UInt16(exactly: $0) }), number != 0
            else { return nil }
            return Port(name: port.name ?? "", ipProtocol: ipProtocol, number: number)
        }
        let family = family
        entries = slice.endpoints.compactMap { endpoint in
            guard let text = endpoint.addresses.first, let address = IPAddress(text), address.family == family
            else { return nil }
            return Entry(
                address: address, node: endpoint.nodeName, isReady: endpoint.conditions.ready ?? true,
                isServing: endpoint.conditions.serving ?? true,
                isTerminating: endpoint.conditions.terminating ?? false,
                zoneHints: endpoint.hints?.forZones.map(\.name) ?? [],
                nodeHints: endpoint.hints?.forNodes.map(\.name) ?? [])
        }
    }
}
