import Hawse

extension KubeNode {
    /// The node with IPv6 Services: the IPv4 addresses stand in the last 32 bits of prefixes for clients, Services and
    /// endpoints.
    public static func ipv6(services: Int, endpoints: Int = 5, mode: ProxyMode = .iptables) -> KubeNode {
        var spec = NodeSpec(name: "node-a")
        spec.interfaces = [
            InterfaceSpec(name: "eth0", mac: MACAddress(0x0200_0000_0101), addresses: [IPPrefix("fd01::1/64")!]),
            InterfaceSpec(name: "eth1", mac: MACAddress(0x0200_0000_0102), addresses: [IPPrefix("fd02::1/64")!]),
        ]
        spec.neighbors = [
            Neighbor(address: IPAddress("fd01::fe")!, mac: MACAddress(0x0200_0000_fefe), device: "eth0"),
            Neighbor(address: IPAddress("fd02::2")!, mac: MACAddress(0x0200_0000_0b02), device: "eth1"),
        ]
        spec.routes = [
            Route(destination: IPPrefix("::/0")!, nextHops: [.init(gateway: IPAddress("fd01::fe")!, device: "eth0")]),
            Route(destination: IPPrefix("fd05::/64")!, nextHops: [.init(gateway: IPAddress("fd02::2")!, device: "eth1")]),
        ]
        spec.sysctls = Sysctls(["net.ipv6.conf.all.forwarding": "1", "net.netfilter.nf_conntrack_max": "4194304"])
        var objects = Self.objects(services: services, endpoints: endpoints)
        for index in objects.services.indices {
            let address = IPAddress(family: .ipv6, bits: bits(0xfd04, clusterIP(index))).description
            objects.services[index].spec.clusterIP = address
            objects.services[index].spec.clusterIPs = [address]
            objects.services[index].spec.ipFamilies = [.ipv6]
        }
        for index in objects.slices.indices {
            objects.slices[index].addressType = "IPv6"
            for endpoint in objects.slices[index].endpoints.indices {
                let address = Self.endpoint(index, endpoint, of: endpoints)
                objects.slices[index].endpoints[endpoint].addresses = [
                    IPAddress(family: .ipv6, bits: bits(0xfd05, address)).description
                ]
            }
        }
        var configuration = ProxyConfiguration()
        configuration.clusterCIDR = "fd06::/64"
        let node = ProxyNode(
            name: "node-a", primaryIPv4: nil, primaryIPv6: IPAddress("fd01::1")!,
            localAddresses: [IPAddress("::1")!, IPAddress("fd01::1")!, IPAddress("fd02::1")!])
        ProxyRenderer.render(objects, node: node, mode: mode, configuration: configuration).install(on: &spec)
        return KubeNode(spec: spec, services: services, endpoints: endpoints, isIPv6: true)
    }

    private static func bits(_ prefix: UInt64, _ address: UInt32) -> AddressBits {
        AddressBits(high: prefix << 48, low: UInt64(address))
    }

    func bits(client address: UInt32) -> AddressBits { isIPv6 ? Self.bits(0xfd03, address) : AddressBits(ipv4: address) }
    func bits(service address: UInt32) -> AddressBits { isIPv6 ? Self.bits(0xfd04, address) : AddressBits(ipv4: address) }
}
