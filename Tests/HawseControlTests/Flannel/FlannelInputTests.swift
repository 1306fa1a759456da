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
        ("FLANNEL_MTU=1450\nFLANNEL_IPMASQ=maybe\n", "FLANNEL_IPMASQ"),
        ("FLANNEL_MTU=99999\nFLANNEL_IPMASQ=true\n", "FLANNEL_MTU"),
        ("FLANNEL_SUBNET=10.1.1.1\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n", "FLANNEL_SUBNET"),
        ("FLANNEL_SUBNTE=10.1.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n", "FLANNEL_SUBNTE"),
        ("FLANNEL_IPMASQ=true\n", "FLANNEL_MTU"),
        ("FLANNEL_MTU=1450\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n", "FLANNEL_MTU"),
    ])
    func wrongEnvironment(text: String, field: String) throws {
        let error = #expect(throws: Flannel.ConfigurationError.self) { _ = try Flannel.SubnetEnvironment.read(text) }
        #expect(error?.diagnostics.map(\.field) == [field])
    }

    @Test func environmentsReadBack() throws {
        let text = "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n"
        let read = try Flannel.SubnetEnvironment.read(text)
        #expect(read.text == text)
        #expect(read.subnet == IPPrefix("10.244.1.1/24"))
    }
}
