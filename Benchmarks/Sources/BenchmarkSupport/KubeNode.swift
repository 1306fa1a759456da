import Hawse

/// A node of a cluster with many Services, as kube-proxy leaves it: clients come in by eth0, endpoints are reached by
/// eth1, or by the overlay.
public struct KubeNode {
    public enum Path: Sendable { case routed, overlay }

    public let spec: NodeSpec
    public let services: Int
    public let endpoints: Int
    public var isIPv6 = false

    /// `isOrderFree`: without the MASQUERADE rules, which tie flows together; with one endpoint a Service, no chance is left.
    public init(
        services: Int, endpoints: Int = 5, mode: ProxyMode = .iptables, path: Path = .routed, scheduler: String = "",
        isOrderFree: Bool = false
    ) {
        self.services = services
        self.endpoints = endpoints
        var spec = NodeSpec(name: "node-a")
        spec.interfaces = [
            InterfaceSpec(name: "eth0", mac: MACAddress(0x0200_0000_0101), addresses: [IPPrefix("192.0.2.1/24")!]),
            InterfaceSpec(name: "eth1", mac: MACAddress(0x0200_0000_0102), addresses: [IPPrefix("10.1.0.1/24")!]),
        ]
        spec.neighbors = [
            Neighbor(address: IPAddress("192.0.2.254")!, mac: MACAddress(0x0200_0000_fefe), device: "eth0"),
            Neighbor(address: IPAddress("10.1.0.2")!, mac: MACAddress(0x0200_0000_0b02), device: "eth1"),
        ]
        spec.routes = [Route(destination: IPPrefix("0.0.0.0/0")!, nextHops: [.init(gateway: IPAddress("192.0.2.254")!, device: "eth0")])]
        let remote = IPPrefix("172.16.0.0/12")!
        switch path {
        case .routed:
            spec.routes.append(Route(destination: remote, nextHops: [.init(gateway: IPAddress("10.1.0.2")!, device: "eth1")]))
        case .overlay:
            spec.interfaces.append(
                InterfaceSpec(
                    name: "flannel.1", kind: .vxlan(VXLANSpec(vni: 1, local: IPAddress("10.1.0.1")!, device: "eth1")),
                    mac: MACAddress(0x0200_0000_0f01), mtu: 1450, addresses: [IPPrefix("10.244.0.0/32")!]))
            let peer = IPAddress("10.244.1.0")!
            spec.routes.append(Route(destination: remote, nextHops: [.init(gateway: peer, device: "flannel.1", onlink: true)]))
            spec.neighbors.append(Neighbor(address: peer, mac: MACAddress(0x0200_0000_0f02), device: "flannel.1"))
            spec.forwarding.append(
                ForwardingEntry(mac: MACAddress(0x0200_0000_0f02), device: "flannel.1", destination: IPAddress("10.1.0.2")!))
        }
        spec.sysctls = Sysctls([
            "net.ipv4.ip_forward": "1", "net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.default.rp_filter": "0",
            "net.netfilter.nf_conntrack_max": "4194304",
        ])
        var proxy = Self.proxy(mode: mode, scheduler: scheduler)
        Self.fill(&proxy, Self.objects(services: services, endpoints: endpoints))
        _ = proxy.sync()
        proxy.state().install(on: &spec)
        if isOrderFree { Self.removeMasquerades(from: &spec) }
        self.spec = spec
        self.proxy = proxy
    }

    /// The kube-proxy that wrote the rules.
    public let proxy: KubeProxy

    /// The kube-proxy of such a node, before it has seen any Service.
    public static func proxy(mode: ProxyMode, scheduler: String = "") -> KubeProxy {
        var configuration = ProxyConfiguration()
        configuration.clusterCIDR = "10.244.0.0/16"
        if !scheduler.isEmpty { configuration.ipvs.scheduler = scheduler }
        let node = ProxyNode(
            name: "node-a", primaryIPv4: IPAddress("192.0.2.1")!,
            localAddresses: [IPAddress("127.0.0.1")!, IPAddress("192.0.2.1")!, IPAddress("10.1.0.1")!])
        return KubeProxy(node: node, configuration: configuration, mode: mode)
    }

    public static func fill(_ proxy: inout KubeProxy, _ objects: ProxyRenderer.Objects) {
        for service in objects.services { proxy.apply(service) }
        for slice in objects.slices { proxy.apply(slice) }
    }

    /// The same for another family, see `KubeNode.ipv6`.
    init(spec: NodeSpec, services: Int, endpoints: Int, isIPv6: Bool) {
        self.spec = spec
        self.services = services
        self.endpoints = endpoints
        self.isIPv6 = isIPv6
        proxy = Self.proxy(mode: .iptables)
    }

    private static func removeMasquerades(from spec: inout NodeSpec) {
        for family in [\NodeSpec.iptables, \NodeSpec.ip6tables] {
            guard var rules = spec[keyPath: family] else { continue }
            for table in rules.tables.indices {
                for chain in rules.tables[table].chains.indices {
                    rules.tables[table].chains[chain].rules.removeAll { if case .masquerade = $0.target { true } else { false } }
                }
            }
            spec[keyPath: family] = rules
        }
    }

    /// The node with a filter of so many rules in place of kube-proxy's; only the last one is for 10.1.0.2.
    public static func filter(rules: Int) -> NodeSpec {
        var spec = KubeNode(services: 1).spec
        var table = Table.builtin(.filter)
        let forward = table.chains.firstIndex { $0.name == "FORWARD" } ?? 0
        for number in 0..<rules {
            let address = IPAddress(ipv4: number == rules - 1 ? 0x0a01_0002 : 0x0b00_0000 + UInt32(number))
            table.chains[forward].rules.append(
                Rule(destination: AddressMatch(IPPrefix(address, length: 32)), ipProtocol: ProtocolMatch(.tcp), target: .accept))
        }
        spec.iptables = RuleSet(family: .ipv4, tables: [table])
        return spec
    }

    /// 10.96.0.0/12 upward.
    public static func clusterIP(_ service: Int) -> UInt32 { 0x0a60_0100 + UInt32(service) }
    /// 172.16.0.0/12 upward.
    public static func endpoint(_ service: Int, _ endpoint: Int, of count: Int) -> UInt32 {
        0xac10_0001 + UInt32(service * count + endpoint)
    }

    public static func objects(services: Int, endpoints: Int) -> ProxyRenderer.Objects {
        var objects = ProxyRenderer.Objects()
        for number in 0..<services {
            let (service, slice) = Self.objects(number, endpoints)
            objects.services.append(service)
            objects.slices.append(slice)
        }
        return objects
    }

    /// One Service and its endpoints.
    public static func objects(
        _ number: Int, _ endpoints: Int
    ) -> (service: Kubernetes.Service, slice: Kubernetes.EndpointSlice) {
        var service = Kubernetes.Service()
        service.metadata.name = "svc-\(number)"
        service.metadata.namespace = "bench"
        var port = Kubernetes.ServicePort()
        port.port = 80
        port.protocol = .tcp
        port.targetPort = .int(8080)
        service.spec.ports = [port]
        service.spec.type = .clusterIP
        let address = IPAddress(ipv4: clusterIP(number)).description
        service.spec.clusterIP = address
        service.spec.clusterIPs = [address]
        service.spec.ipFamilies = [.ipv4]
        return (service, slice(number, endpoints))
    }

    public static func slice(_ number: Int, _ endpoints: Int) -> Kubernetes.EndpointSlice {
        var slice = Kubernetes.EndpointSlice()
        slice.metadata.name = "svc-\(number)-1"
        slice.metadata.namespace = "bench"
        slice.metadata.labels = ["kubernetes.io/service-name": "svc-\(number)"]
        slice.addressType = "IPv4"
        for index in 0..<endpoints {
            var endpoint = Kubernetes.Endpoint()
            endpoint.addresses = [IPAddress(ipv4: Self.endpoint(number, index, of: endpoints)).description]
            endpoint.conditions.ready = true
            slice.endpoints.append(endpoint)
        }
        var port = Kubernetes.EndpointPort()
        port.port = 8080
        port.protocol = .tcp
        slice.ports = [port]
        return slice
    }
}
