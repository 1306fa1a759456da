import Foundation
import HawseControl
import HawseFormats
import HawseModel
import HawseWire
import Testing

@Suite struct FlannelDaemonTests {
    static func configuration(_ text: String) throws -> Flannel.NetworkConfiguration {
        try Flannel.NetworkConfiguration.read(text).configuration
    }

    static let vxlan = #"{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan"}}"#

    static func daemon(
        _ text: String, addresses: [String] = ["192.0.2.1/24"], mac: UInt64 = 0xaabb_cc00_0000, mtu: Int = 1500
    ) throws -> Flannel.Daemon {
        Flannel.Daemon(
            try configuration(text),
            underlay: Flannel.Underlay(device: "eth0", mtu: mtu, addresses: try addresses.map { try #require(IPPrefix($0)) }),
            vtepMAC: [.ipv4: MACAddress(mac), .ipv6: MACAddress(mac | 0x66_0000_0000)])
    }

    static func lease(_ subnet: String, _ address: String, _ type: String = "vxlan", mac: UInt64? = nil) throws
        -> Flannel.Lease
    {
        Flannel.Lease(
            subnet: IPPrefix(subnet),
            attributes: Flannel.LeaseAttributes(
                publicIP: IPAddress(address), backendType: type,
                backendData: mac.map { .vxlan(vni: 1, mac: MACAddress($0)) }))
    }

    /// Every recorded node of the flannel suite has the rules that its network and subnet make, and the peers' routes,
    /// neighbours and forwarding entries that their leases make.
    @Test(arguments: ["pod-to-pod-remote", "direct-routing", "host-gw-v4"])
    func recordedNodes(name: String) throws {
        let directory = FlannelTable.root.appending(path: "pcaps/cases/flannel/\(name)").path
        let node = try CaseFile(contentsOf: directory + "/case.json").spec
        let text = try String(contentsOfFile: directory + "/iptables.v4", encoding: .utf8)
        var expected = try IPTablesParser(family: .ipv4).parse(text)
        let own = Flannel.Lease(
            subnet: IPPrefix("10.244.1.0/24"), attributes: Flannel.LeaseAttributes(publicIP: IPAddress("192.0.2.1")))
        let backend = name == "host-gw-v4" ? #""host-gw""# : #""vxlan","DirectRouting":\#(name == "direct-routing")"#
        var daemon = try Self.daemon(#"{"Network":"10.244.0.0/16","Backend":{"Type":\#(backend)}}"#)
        if name == "direct-routing" {
            // There only node 3 is on the link.
            daemon = Flannel.Daemon(
                daemon.configuration,
                underlay: Flannel.Underlay(
                    device: "eth0", mtu: 1500, addresses: [try #require(IPPrefix("192.0.2.1/32")), try #require(IPPrefix("192.0.2.21/32"))]),
                vtepMAC: daemon.vtepMAC)
        }
        var spec = NodeSpec()
        spec.iptables = RuleSet(family: .ipv4)
        daemon.install(own, into: &spec)
        #expect(spec.interfaces.first == node.interfaces.first { $0.name == "flannel.1" })
        for (subnet, address, mac) in [("10.244.2.0/24", "192.0.2.20", 1), ("10.244.3.0/24", "192.0.2.21", 2)] {
            let type = daemon.backend.typeName
            let peer = try Self.lease(subnet, address, type, mac: type == "vxlan" ? 0xaabb_cc00_0000 + UInt64(mac) : nil)
            spec.apply(try #require(daemon.changes(for: Flannel.LeaseEvent(.added, peer))))
        }
        let overlay = IPPrefix("10.244.0.0/16")
        #expect(spec.routes == node.routes.filter { overlay?.contains($0.destination.address) == true })
        #expect(spec.neighbors == node.neighbors.filter { $0.device == "flannel.1" })
        #expect(spec.forwarding == node.forwarding)
        expected[.filter]?.chains[1].policy = .accept
        #expect(IPTablesPrinter().text(try #require(spec.iptables)) == IPTablesPrinter().text(expected))
    }

    @Test func aNodeThatLeavesTakesItsEntriesAlong() throws {
        let daemon = try Self.daemon(Self.vxlan)
        let peers = [
            try Self.lease("10.244.2.0/24", "192.0.2.20", mac: 0xaabb_cc00_0001),
            try Self.lease("10.244.3.0/24", "192.0.2.21", mac: 0xaabb_cc00_0002),
        ]
        var spec = NodeSpec()
        for peer in peers { spec.apply(daemon.changes(for: .init(.added, peer)) ?? []) }
        let both = spec
        let changes = try #require(daemon.changes(for: .init(.removed, peers[0])))
        #expect(
            changes.map(\.description) == [
                "neigh del 10.244.2.0 lladdr aa:bb:cc:00:00:01 dev flannel.1",
                "fdb del aa:bb:cc:00:00:01 dev flannel.1 dst 192.0.2.20",
                "route del 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink",
            ])
        spec.apply(changes)
        #expect(spec.routes.map(\.destination) == [peers[1].subnet])
        #expect(spec.neighbors.count == 1)
        #expect(spec.forwarding.count == 1)
        spec.apply(daemon.changes(for: .init(.added, peers[0])) ?? [])
        spec.apply(daemon.changes(for: .init(.added, peers[0])) ?? [])
        #expect(Set(spec.routes) == Set(both.routes))
        #expect(spec.routes.count == 2)
    }

    @Test func ipipRoutesAreOnLinkThroughTheTunnel() throws {
        for (direct, device) in [(false, "flannel.ipip"), (true, "eth0")] {
            let daemon = try Self.daemon(
                #"{"Network":"10.244.0.0/16","Backend":{"Type":"ipip","DirectRouting":\#(direct)}}"#)
            let peer = try Self.lease("10.244.2.0/24", "192.0.2.20", "ipip")
            let changes = try #require(daemon.changes(for: .init(.added, peer)))
            #expect(changes.map(\.description) == ["route replace 10.244.2.0/24 via 192.0.2.20 dev \(device) onlink"])
            let own = try Self.lease("10.244.1.0/24", "192.0.2.1", "ipip")
            let devices = daemon.devices(own)
            #expect(devices.map(\.mtu) == [1480])
            #expect(devices.first?.addresses.map(\.description) == ["10.244.1.0/32"])
        }
    }

    @Test func leasesOfAnotherBackendArePassedOver() throws {
        let daemon = try Self.daemon(Self.vxlan)
        let peer = try Self.lease("10.244.2.0/24", "192.0.2.20", "host-gw")
        #expect(daemon.changes(for: .init(.added, peer)) == nil)
        #expect(daemon.findings(about: peer).map(\.kind) == [.otherBackend])
    }

    @Test func anIPv6UnderlayHasTooLittleRoom() throws {
        let dual = #"{"EnableIPv6":true,"Network":"10.244.0.0/16","IPv6Network":"fd00:42::/48","Backend":{"Type":"vxlan"}}"#
        let daemon = try Self.daemon(dual, addresses: ["192.0.2.1/24", "2001:db8:f::1/64"])
        var own = try Self.lease("10.244.1.0/24", "192.0.2.1")
        own.ipv6Subnet = IPPrefix("fd00:42:0:1::/64")
        #expect(daemon.devices(own).map(\.mtu) == [1450, 1430])
        #expect(daemon.podMTU == 1450)
        #expect(daemon.findings.map(\.kind) == [.headroom])
        #expect(try Self.daemon(Self.vxlan).findings.isEmpty)
        #expect(
            daemon.subnetEnvironment(own).text == """
                FLANNEL_NETWORK=10.244.0.0/16
                FLANNEL_SUBNET=10.244.1.1/24
                FLANNEL_IPV6_NETWORK=fd00:42::/48
                FLANNEL_IPV6_SUBNET=fd00:42:0:1::1/64
                FLANNEL_MTU=1450
                FLANNEL_IPMASQ=true

                """)
    }

    @Test func collisionsAreReported() throws {
        let configuration = try Self.configuration(Self.vxlan)
        let leases = [
            try Self.lease("10.244.2.0/24", "192.0.2.20", mac: 1), try Self.lease("10.244.2.0/24", "192.0.2.21", mac: 2),
            try Self.lease("10.244.16.0/20", "192.0.2.22", mac: 3), try Self.lease("10.244.17.0/24", "192.0.2.23", mac: 4),
            try Self.lease("10.245.1.0/24", "192.0.2.24", mac: 5), try Self.lease("10.244.90.0/24", "192.0.2.24", mac: 5),
        ]
        #expect(
            configuration.findings(leases).map(\.kind) == [
                .collidingLeases, .overlappingSubnets, .outsideNetwork, .sharedAddress, .sharedVTEP,
            ])
    }

    @Test func annotationsAreFlannelsOwn() throws {
        var nodes: [Kubernetes.Node] = []
        for (name, range) in [("node-a", "10.244.1.0/24"), ("node-b", "10.244.2.0/24")] {
            var node = Kubernetes.Node()
            node.metadata.name = name
            node.spec.podCIDR = range
            node.spec.podCIDRs = [range]
            nodes.append(node)
        }
        nodes[1].metadata.annotations["flannel.alpha.coreos.com/public-ip-overwrite"] = "203.0.113.7"
        let catalogue = Flannel.NodeCatalogue(nodes)
        let configuration = try Self.configuration(Self.vxlan)
        let daemons = [
            try Self.daemon(Self.vxlan, mac: 0xaabb_cc00_0001),
            try Self.daemon(Self.vxlan, addresses: ["192.0.2.2/24"], mac: 0xaabb_cc00_0002),
        ]
        let registries = ["node-a", "node-b"].map {
            Flannel.KubernetesSubnetRegistry(nodeName: $0, source: catalogue, configuration: configuration)
        }
        let leases = try zip(registries, daemons).map { try $0.acquire($1.attributes, at: .zero) }
        #expect(leases.map(\.subnet) == [IPPrefix("10.244.1.0/24"), IPPrefix("10.244.2.0/24")])
        #expect(
            catalogue["node-a"]?.metadata.annotations == [
                "flannel.alpha.coreos.com/backend-type": "vxlan",
                "flannel.alpha.coreos.com/backend-data": #"{"VNI":1,"VtepMAC":"aa:bb:cc:00:00:01"}"#,
                "flannel.alpha.coreos.com/kube-subnet-manager": "true",
                "flannel.alpha.coreos.com/public-ip": "192.0.2.1",
            ])
        #expect(catalogue["node-b"]?.metadata.annotations["flannel.alpha.coreos.com/public-ip"] == "203.0.113.7")
        let events = try registries[0].events(at: .zero)
        #expect(events.map(\.lease.subnet) == [IPPrefix("10.244.2.0/24")])
        #expect(events.first?.lease.attributes.publicIP == IPAddress("203.0.113.7"))
        #expect(try registries[0].storedMAC(.ipv4) == MACAddress(0xaabb_cc00_0001))
        catalogue["node-b"] = nil
        #expect(try registries[0].events(at: .zero).map(\.kind) == [.removed])
    }

    @Test func aWrongAnnotationIsNamed() throws {
        var node = Kubernetes.Node()
        node.metadata.name = "node-b"
        node.spec.podCIDR = "10.244.2.0/24"
        node.metadata.annotations = [
            "flannel.alpha.coreos.com/kube-subnet-manager": "true", "flannel.alpha.coreos.com/backend-type": "vxlan",
            "flannel.alpha.coreos.com/public-ip": "192.0.2.300",
            "flannel.alpha.coreos.com/backend-data": #"{"VNI":1,"VtepMAC":"zz"}"#,
        ]
        let catalogue = Flannel.NodeCatalogue([node])
        let registry = Flannel.KubernetesSubnetRegistry(
            nodeName: "node-a", source: catalogue, configuration: try Self.configuration(Self.vxlan))
        #expect(try registry.events(at: .zero).isEmpty)
        #expect(registry.rejected.first?.description.contains("flannel.alpha.coreos.com/public-ip") == true)
        node.metadata.annotations["flannel.alpha.coreos.com/public-ip"] = "192.0.2.3"
        #expect(throws: Flannel.RegistryError.self) { try registry.lease(of: node) }
    }

    @Test func leaseValuesAreWrittenAsGoWritesThem() throws {
        let vxlan = Flannel.LeaseAttributes(
            publicIP: IPAddress("192.0.2.1"), backendType: "vxlan",
            backendData: .vxlan(vni: 1, mac: MACAddress(0xaabb_cc00_0001)))
        #expect(
            vxlan.text
                == #"{"PublicIP":"192.0.2.1","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"aa:bb:cc:00:00:01"}}"#
        )
        #expect(try Flannel.LeaseAttributes.read(vxlan.text, file: "key") == vxlan)
        #expect(try Self.daemon(#"{"Network":"10.3.0.0/16"}"#).attributes.text == #"{"PublicIP":"192.0.2.1","PublicIPv6":null}"#)
        #expect(throws: Flannel.ConfigurationError.self) {
            try Flannel.LeaseAttributes.read(#"{"PublicIP":"fd00::1"}"#, file: "key")
        }
    }
}
