import HawseControl
import HawseWire
import Testing

/// Wrong texts are refused, by the field's name.
@Suite struct FlannelInputTests {
    @Test(arguments: [
        (#"{"Network":"10.3.0.0"}"#, "Network"), (#"{"Network":"fd00::/48"}"#, "Network"),
        (#"{"Network":"10.3.0.0/16","SubnetLen":31}"#, "SubnetLen"),
        (#"{"Network":"10.3.0.0/16","SubnetLen":17}"#, "SubnetLen"),
        (#"{"Network":"10.3.0.0/16","SubnetLen":"24"}"#, "SubnetLen"),
        (#"{"Network":"10.3.0.0/16","SubnetLen":-1}"#, "SubnetLen"),
        (#"{"Network":"10.3.0.0/29"}"#, "Network"), (#"{}"#, "Network"),
        (#"{"Network":"10.3.0.0/16","SubnetMin":"10.4.0.0"}"#, "SubnetMin"),
        (#"{"Network":"10.3.0.0/16","SubnetMax":"10.3.0.128"}"#, "SubnetMax"),
        (#"{"EnableIPv4":false,"EnableIPv6":true}"#, "IPv6Network"),
        (#"{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fc00::/125"}"#, "IPv6Network"),
        (#"{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fc00::/48","IPv6SubnetLen":127}"#, "IPv6SubnetLen"),
        (#"{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fc00::/48","IPv6SubnetMin":"fd00::"}"#, "IPv6SubnetMin"),
        (#"{"Network":"10.3.0.0/16","EnableIPv6":"yes"}"#, "EnableIPv6"),
        (#"{"Network":"10.3.0.0/16","Backend":{"Type":"vxlna"}}"#, "Backend.Type"),
        (#"{"Network":"10.3.0.0/16","Backend":{}}"#, "Backend.Type"),
        (#"{"Network":"10.3.0.0/16","Backend":{"Type":"vxlan","VNI":16777216}}"#, "Backend.VNI"),
        (#"{"Network":"10.3.0.0/16","Backend":{"Type":"vxlan","Port":70000}}"#, "Backend.Port"),
        (#"{"Network":"10.3.0.0/16","Backend":{"Type":"wireguard","Mode":"ipv5"}}"#, "Backend.Mode"),
    ])
    func wrongConfiguration(text: String, field: String) throws {
        let error = #expect(throws: Flannel.ConfigurationError.self) {
            _ = try Flannel.NetworkConfiguration.read(text).configuration.completed()
        }
        #expect(error?.diagnostics.map(\.field) == [field], "\(error?.description ?? "")")
    }

    @Test func theNearestWordIsNamed() throws {
        let error = #expect(throws: Flannel.ConfigurationError.self) {
            _ = try Flannel.NetworkConfiguration.read(#"{"Network":"10.3.0.0/16","Backend":{"Type":"hostgw"}}"#)
        }
        #expect(error?.diagnostics.first?.suggestion == "host-gw")
        let (_, warnings) = try Flannel.NetworkConfiguration.read(#"{"Network":"10.3.0.0/16","SubnetLength":24}"#)
        #expect(warnings.map(\.field) == ["SubnetLength"])
        #expect(warnings.first?.suggestion == "SubnetLen")
    }

    /// Each field of net-conf.json comes to where it is meant, in any letter case, and reads back from the text.
    @Test func everyFieldIsKept() throws {
        func read(_ text: String) throws -> Flannel.NetworkConfiguration {
            let (configuration, warnings) = try Flannel.NetworkConfiguration.read(text)
            #expect(warnings.isEmpty)
            #expect(try Flannel.NetworkConfiguration.read(configuration.text).configuration == configuration)
            return configuration
        }
        let whole = try read(
            #"{"EnableIPv4":true,"EnableIPv6":true,"EnableNFTables":true,"Network":"10.3.0.0/16","IPv6Network":"fc00::/48","#
                + #""SubnetLen":25,"SubnetMin":"10.3.1.0","SubnetMax":"10.3.9.0","IPv6SubnetLen":65,"#
                + #""IPv6SubnetMin":"fc00:0:0:1::","IPv6SubnetMax":"fc00:0:0:9::","#
                + #""Backend":{"Type":"vxlan","VNI":5,"Port":4789,"MTU":1400,"GBP":true,"Learning":true,"DirectRouting":true}}"#)
        #expect(whole.enableIPv4 && whole.enableIPv6 && whole.enableNFTables)
        #expect([whole.network, whole.ipv6Network] == [IPPrefix("10.3.0.0/16"), IPPrefix("fc00::/48")])
        #expect([whole.subnetMin, whole.subnetMax] == [IPAddress("10.3.1.0"), IPAddress("10.3.9.0")])
        #expect([whole.ipv6SubnetMin, whole.ipv6SubnetMax] == [IPAddress("fc00:0:0:1::"), IPAddress("fc00:0:0:9::")])
        #expect([whole.subnetLength, whole.ipv6SubnetLength] == [25, 65])
        #expect(whole.backend == .vxlan(.init(vni: 5, port: 4789, mtu: 1400, gbp: true, learning: true, directRouting: true)))
        #expect(whole.backend.podMTU(underlay: 9000) == 1350)
        let guarded = try read(
            #"{"network":"10.3.0.0/16","backend":{"type":"wireguard","listenport":1,"LISTENPORTV6":2,"mtu":1420,"psk":"a\"b","#
                + #""persistentkeepaliveinterval":25,"mode":"ipv6"}}"#)
        #expect(
            guarded.backend
                == .wireguard(
                    .init(listenPort: 1, listenPortV6: 2, mtu: 1420, preSharedKey: "a\"b", keepalive: 25, mode: .ipv6)))
        #expect(guarded.backend.podMTU(underlay: 1500) == 1340)
        let ipip = try read(#"{"Network":"10.3.0.0/16","Backend":{"Type":"ipip","DirectRouting":true}}"#)
        #expect(ipip.backend == .ipip(directRouting: true))
        #expect(try read(#"{"Network":"10.3.0.0/16","Backend":{"Type":"udp","Port":7777}}"#).backend == .udp(.init(port: 7777)))
        #expect(try read(#"{"Network":"10.3.0.0/16","Backend":{"Type":"host-gw"}}"#).backend == .hostGateway)
        #expect(try read(#"{"Network":"10.3.0.0/16","Backend":{"Type":"alloc"}}"#).backend == .alloc)
    }

    @Test func defaultsFollowFromTheNetwork() throws {
        func completed(_ text: String) throws -> Flannel.NetworkConfiguration {
            try Flannel.NetworkConfiguration.read(text).configuration.completed()
        }
        let small = try completed(#"{"Network":"10.3.4.0/24"}"#)
        #expect(small.subnetLength == 26)
        #expect(small.subnetMin == IPAddress("10.3.4.64"))
        #expect(small.subnetMax == IPAddress("10.3.4.192"))
        #expect(small.backend == .udp(.init()), "without a backend it is udp")
        let top = try completed(#"{"Network":"255.255.0.0/16","SubnetLen":24}"#)
        #expect(top.subnetMax == IPAddress("255.255.255.0"))
        let vxlan = try completed(#"{"NETWORK":"10.3.0.0/16","backend":{"type":"vxlan","vni":7,"directrouting":true}}"#)
        #expect(vxlan.backend == .vxlan(.init(vni: 7, directRouting: true)))
        #expect(try completed(vxlan.text) == vxlan)
    }

    @Test(arguments: [
        ("FLANNEL_MTU=1450\nFLANNEL_IPMASQ=maybe\n", ["FLANNEL_IPMASQ:2"]),
        ("FLANNEL_MTU=99999\nFLANNEL_IPMASQ=true\n", ["FLANNEL_MTU:1"]),
        ("FLANNEL_SUBNTE=10.1.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n", ["FLANNEL_SUBNTE:1"]),
        ("FLANNEL_IPMASQ=true\n", ["FLANNEL_MTU:0"]), ("FLANNEL_MTU=1450\nFLANNEL_MTU=1450\n", ["FLANNEL_MTU:2", "FLANNEL_IPMASQ:0"]),
    ])
    func wrongEnvironment(text: String, fields: [String]) throws {
        try expect("FLANNEL_IPV6_NETWORK=fd00::/48\nFLANNEL_IPV6_SUBNET=fd00::1/64\n" + text, fields, offset: 2)
    }

    @Test(arguments: [
        ("FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.1.1.1\n", ["FLANNEL_SUBNET:2"]),
        ("FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.245.1.1/24\n", ["FLANNEL_SUBNET:2"]),
        ("FLANNEL_NETWORK=10.244.0.0/33\nFLANNEL_SUBNET=fd00::1/64\n", ["FLANNEL_NETWORK:1", "FLANNEL_SUBNET:2"]),
        ("FLANNEL_NETWORK=10.244.0.0/16\n", ["FLANNEL_SUBNET:0"]), ("", ["FLANNEL_NETWORK:0", "FLANNEL_SUBNET:0"]),
        ("FLANNEL_IPV6_SUBNET=fd00::1/64\n", ["FLANNEL_IPV6_NETWORK:0"]),
    ])
    func wrongNetworkInEnvironment(text: String, fields: [String]) throws {
        try expect(text + "FLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n", fields)
    }

    /// Each field with its line behind it; 0: it is not there at all.
    private func expect(_ text: String, _ fields: [String], offset: Int32 = 0) throws {
        let error = #expect(throws: Flannel.ConfigurationError.self) { _ = try Flannel.SubnetEnvironment.read(text) }
        #expect(error?.diagnostics.map { "\($0.field):\(max($0.mark.line - offset, 0))" } == fields)
    }

    @Test func environmentsReadBack() throws {
        let text = "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n"
        let read = try Flannel.SubnetEnvironment.read(text)
        #expect(read.text == text)
        #expect(read.subnet == IPPrefix("10.244.1.1/24"))
    }
}
