import Hawse

extension GeneratedTraffic {
    static func service(_ kind: Kind, _ number: Int) -> IPAddress {
        address(kind, 0x0a60_0101 + UInt32(number), 0x0060_0000_0100 + UInt64(number))
    }

    private static func endpoint(_ kind: Kind, _ service: Int, _ number: Int) -> IPAddress {
        address(kind, 0xac10_0001 + UInt32(service * 4 + number), 0x0016_0000_0000 + UInt64(service * 4 + number) + 1)
    }

    /// The node: three Services with TCP and UDP ports, four endpoints each, by kube-proxy or by hand.
    static func spec(_ kind: Kind) throws -> NodeSpec {
        var spec = NodeSpec(name: "node-a")
        let isIPv4 = !kind.contains(.ipv6)
        func prefix(_ text: String) throws -> IPPrefix { try IPPrefix(text).unwrapped(text) }
        func address(_ text: String) throws -> IPAddress { try IPAddress(text).unwrapped(text) }
        spec.interfaces = [
            InterfaceSpec(
                name: "eth0", mac: MACAddress(0x0200_0000_0101),
                addresses: [try prefix("192.0.2.1/24"), try prefix("fd01::1/64")]),
            InterfaceSpec(
                name: "eth1", mac: MACAddress(0x0200_0000_0102),
                addresses: [try prefix("10.1.0.1/24"), try prefix("fd02::1/64")]),
        ]
        let outside = try address(isIPv4 ? "192.0.2.254" : "fd01::fe")
        let inside = try address(isIPv4 ? "10.1.0.2" : "fd02::2")
        spec.neighbors = [
            Neighbor(address: outside, mac: MACAddress(0x0200_0000_fefe), device: "eth0"),
            Neighbor(address: inside, mac: MACAddress(0x0200_0000_0b02), device: "eth1"),
            Neighbor(address: try address("10.1.0.2"), mac: MACAddress(0x0200_0000_0b02), device: "eth1"),
        ]
        let everything = try prefix(isIPv4 ? "0.0.0.0/0" : "::/0")
        let endpoints = try prefix(isIPv4 ? "172.16.0.0/12" : "fd00:0:16::/48")
        spec.routes = [Route(destination: everything, nextHops: [.init(gateway: outside, device: "eth0")])]
        if kind.contains(.overlay) {
            let peer = try address(isIPv4 ? "10.244.1.0" : "fd03::2")
            spec.interfaces.append(
                InterfaceSpec(
                    name: "flannel.1",
                    kind: .vxlan(
                        VXLANSpec(
                            vni: 1, local: try address("10.1.0.1"), device: "eth1",
                            udpChecksum: !kind.contains(.bareTunnel))),
                    mac: MACAddress(0x0200_0000_0f01), mtu: 1450,
                    addresses: [try prefix("10.244.0.0/32"), try prefix("fd03::1/128")]))
            spec.routes.append(Route(destination: endpoints, nextHops: [.init(gateway: peer, device: "flannel.1", onlink: true)]))
            spec.neighbors.append(Neighbor(address: peer, mac: MACAddress(0x0200_0000_0f02), device: "flannel.1"))
            spec.forwarding.append(
                ForwardingEntry(mac: MACAddress(0x0200_0000_0f02), device: "flannel.1", destination: try address("10.1.0.2")))
        } else {
            spec.routes.append(Route(destination: endpoints, nextHops: [.init(gateway: inside, device: "eth1")]))
        }
        spec.sysctls = Sysctls([
            "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1", "net.ipv4.conf.all.rp_filter": "0",
            "net.ipv4.conf.default.rp_filter": "0", "net.netfilter.nf_conntrack_checksum": kind.contains(.unverified) ? "0" : "1",
            "net.netfilter.nf_conntrack_acct": "1",
        ])
        if kind.isDisjoint(with: [.direct, .director]) { try addProxy(&spec, kind) } else { addServices(&spec, kind) }
        if kind.contains(.watched) {
            spec.iptables = try IPTablesParser(family: .ipv4).parse(watchfulRules)
            spec.ip6tables = try IPTablesParser(family: .ipv6).parse(watchfulRules)
        }
        return spec
    }

    /// What runs on the node beside its spec.
    static func start(_ kind: Kind, on node: Dataplane) throws {
        guard kind.contains(.master) else { return }
        try node.ipvs.apply(.startDaemon(IPVSSyncDaemon(role: .master, interface: "eth1", syncID: 7)))
    }

    private static let watchfulRules = """
        *mangle
        :PREROUTING ACCEPT
        :OUTPUT ACCEPT
        :POSTROUTING ACCEPT
        -A PREROUTING -m conntrack --ctstate INVALID
        -A PREROUTING -m conntrack --ctstate NEW
        -A OUTPUT -m ipvs --ipvs
        -A POSTROUTING -m ipvs --vproto 6 --vport 80 --vmethod MASQ
        -A POSTROUTING -m ipvs --vmethod GATE
        -A POSTROUTING -m ipvs --vdir ORIGINAL
        COMMIT
        *filter
        :INPUT ACCEPT
        :FORWARD ACCEPT
        :OUTPUT ACCEPT
        -A INPUT -m conntrack --ctstate ESTABLISHED
        -A FORWARD -m ipvs ! --ipvs
        -A FORWARD -m conntrack --ctstate NEW
        -A OUTPUT -m conntrack --ctstate UNTRACKED
        COMMIT
        """

    private static func addServices(_ spec: inout NodeSpec, _ kind: Kind) {
        var ipvs = IPVSSpec()
        for number in 0..<3 {
            let own = IPPrefix(service(kind, number), length: 32)
            spec.interfaces[0].addresses.append(own)
            for (ipProtocol, port) in [(IPProtocol.tcp, UInt16(80)), (.udp, 53)] {
                ipvs.services.append(
                    VirtualService(
                        key: .address(ipProtocol: ipProtocol, address: service(kind, number), port: port), scheduler: .rr,
                        destinations: (0..<4).map {
                            Destination(
                                address: endpoint(kind, number, $0), port: port,
                                forwarding: kind.contains(.direct) ? .directRoute : .masquerade, weight: 1)
                        }))
            }
        }
        spec.ipvs = ipvs
    }

    private static func addProxy(_ spec: inout NodeSpec, _ kind: Kind) throws {
        var objects = ProxyRenderer.Objects()
        for number in 0..<3 {
            var service = Kubernetes.Service()
            service.metadata.name = "svc-\(number)"
            service.metadata.namespace = "test"
            var ports: [Kubernetes.ServicePort] = []
            var endpointPorts: [Kubernetes.EndpointPort] = []
            for (name, ipProtocol, port, target) in [("web", Kubernetes.TransportProtocol.tcp, 80, 8080), ("dns", .udp, 53, 5353)] {
                var servicePort = Kubernetes.ServicePort()
                servicePort.name = name
                servicePort.port = port
                servicePort.protocol = ipProtocol
                servicePort.targetPort = .int(target)
                ports.append(servicePort)
                var endpointPort = Kubernetes.EndpointPort()
                endpointPort.name = name
                endpointPort.port = target
                endpointPort.protocol = ipProtocol
                endpointPorts.append(endpointPort)
            }
            let address = Self.service(kind, number).description
            service.spec.ports = ports
            service.spec.type = .clusterIP
            service.spec.clusterIP = address
            service.spec.clusterIPs = [address]
            service.spec.ipFamilies = [kind.contains(.ipv6) ? .ipv6 : .ipv4]
            objects.services.append(service)
            var slice = Kubernetes.EndpointSlice()
            slice.metadata.name = "svc-\(number)-1"
            slice.metadata.namespace = "test"
            slice.metadata.labels = ["kubernetes.io/service-name": "svc-\(number)"]
            slice.addressType = kind.contains(.ipv6) ? "IPv6" : "IPv4"
            slice.ports = endpointPorts
            for index in 0..<4 {
                var endpoint = Kubernetes.Endpoint()
                endpoint.addresses = [Self.endpoint(kind, number, index).description]
                endpoint.conditions.ready = true
                slice.endpoints.append(endpoint)
            }
            objects.slices.append(slice)
        }
        var configuration = ProxyConfiguration()
        configuration.clusterCIDR = kind.contains(.ipv6) ? "fd03::/64" : "10.244.0.0/16"
        configuration.iptables.masqueradeAll = kind.contains(.masqueradeAll)
        if kind.contains(.ipvs) { configuration.ipvs.scheduler = "rr" }
        let node = ProxyNode(
            name: "node-a", primaryIPv4: IPAddress(ipv4: 0xc000_0201),
            primaryIPv6: kind.contains(.ipv6) ? IPAddress("fd01::1") : nil,
            localAddresses: [IPAddress(ipv4: 0x7f00_0001), IPAddress(ipv4: 0xc000_0201), IPAddress(ipv4: 0x0a01_0001)])
        ProxyRenderer.render(
            objects, node: node, mode: kind.contains(.ipvs) ? .ipvs : .iptables, configuration: configuration
        ).install(on: &spec)
    }
}

extension Optional {
    fileprivate func unwrapped(_ text: String) throws -> Wrapped {
        guard let self else { throw DataplaneError("\(text) is not an address") }
        return self
    }
}
