import Foundation
import HawseFormats
import HawseModel
import HawseWire
import Testing

@Suite struct NodeTextTests {
    private let place = SourceLocation(file: "f", line: 1, column: 1)

    private func lists(_ path: String) throws -> [String: [String]] {
        let data = Data(try Recordings.text(path).utf8)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        return object.compactMapValues { $0 as? [String] }
    }

    @Test func everyCaseIsLoadedAndItsLinesArePrintedAgain() throws {
        let paths = Recordings.files { $0.hasSuffix("/case.json") }
        #expect(paths.count >= 594)
        for path in paths {
            let file = try CaseFile(contentsOf: path)
            let lines = try lists(path)
            #expect(!file.spec.interfaces.isEmpty, "\(path)")
            let routes = lines["routes"]?.map { line in
                line.replacing("0.0.0.0/0", with: "default").replacing(
                    "/32 ", with: line.contains(":") ? "/32 " : " "
                )
                .replacing("/128 ", with: " ")
            }
            #expect(file.spec.routes.map(\.description) == routes, "\(path)")
            #expect(file.spec.neighbors.map(\.description) == lines["neighbors"], "\(path)")
            #expect(file.spec.forwarding.map(\.description) == lines["fdb"], "\(path)")
            let rules = file.spec.rules.filter { !RoutingRule.defaults.contains($0) }
            #expect(rules.count == lines["rules"]?.count ?? 0, "\(path)")
        }
    }

    /// print∘parse of case.json: the cases' own, and the example of docs/Node.md.
    @Test func everyNodeIsPrintedAndReadAgain() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("case.json")
        let page = String(decoding: try Data(contentsOf: URL(fileURLWithPath: Recordings.root + "/docs/Node.md")), as: UTF8.self)
        let example = try #require(page.components(separatedBy: "```json\n").last?.components(separatedBy: "```").first)
        try Data(example.utf8).write(to: file)
        var specs = [try CaseFile(contentsOf: file.path).spec]
        #expect(specs[0].interfaces.count == 4)
        for path in Recordings.files({ $0.hasSuffix("/case.json") }) { specs.append(try CaseFile(contentsOf: path).spec) }
        for spec in specs {
            try Data(CaseText.text(spec).utf8).write(to: file)
            let again = try CaseFile(contentsOf: file.path).spec
            #expect(again == spec, "\(spec.name)")
        }
    }

    @Test func everyStepIsLoaded() throws {
        let paths = Recordings.files { $0.hasSuffix("/steps.json") }
        #expect(paths.count > 60)
        for path in paths {
            for step in try CaseStep.load(path) {
                for line in step.ipvsadm { _ = try IPVSAdmParser(file: path).command(line) }
            }
        }
    }

    @Test(arguments: [
        "default via 192.0.2.254 dev eth0", "unreachable 198.18.1.0/24",
        "10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink",
        "198.51.100.0/24 nexthop via 192.0.2.20 dev eth0 nexthop via 192.0.2.21 dev eth0 weight 3",
        "10.2.0.0/16 table 7 metric 5 mtu lock 1400 nexthop via 192.0.2.1 dev eth0 nexthop dev eth1", "local ::/0 dev lo table 100", "2001:db8::/64 via 2001:db8:f::14 dev eth0 metric 200",
        "10.1.0.0/24 dev eth1 src 10.1.0.1 mtu 1400 realm 5",
    ])
    func routes(line: String) throws {
        let family: AddressFamily = line.contains("::") ? .ipv6 : .ipv4
        #expect(try RouteText.parse(line, family: family, at: place).description == line)
    }

    @Test(arguments: [
        "oif eth0 ipproto tcp sport 80 dport 1000-2000 suppress_prefixlength 0 prohibit priority 9",
        "fwmark 0x5/0xff lookup 100 priority 100", "not from 10.0.0.0/8 iif eth0 unreachable priority 7",
        "from 2001:db8:1::c to 2001:db8:2::/64 tos 0x10 goto 300 priority 101",
    ])
    func routingRules(line: String) throws {
        #expect(try RoutingRuleText.parse(line, at: place).description == line)
    }

    @Test func sysctlCommands() throws {
        let settings = try SysctlCommand.settings("sysctl -qw net.ipv4.ip_forward=1 net/ipv4/vs/conntrack=0")
        #expect(settings.map(\.name) == ["net.ipv4.ip_forward", "net.ipv4.vs.conntrack"])
        #expect(settings.map(\.value) == ["1", "0"])
        #expect(throws: FormatError.self) { try SysctlCommand.settings("sysctl -w net.ipv4.ip_forward") }
    }

    @Test func refusals() {
        #expect(
            throws: FormatError(
                file: "f", line: 1, column: 9, message: "unknown word `vai'", suggestion: "via")
        ) { try RouteText.parse("default vai 10.0.0.1", at: place) }
        #expect(throws: FormatError.self) { try NeighborText.parse("10.0.0.1 lladdr zz dev eth0", at: place) }
        #expect(throws: FormatError.self) {
            try ForwardingEntryText.parse("aa:bb:cc:00:00:01 dst 10.0.0.1", at: place)
        }
    }

    /// What case.json says of one device, on a node of three; the message of the refusal.
    private func refusal(_ device: String) throws -> FormatError? {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: path) }
        let text = "{\"interfaces\": [{\"name\": \"eth0\"}, {\"name\": \"eth1\"}, \(device)]}"
        try Data(text.utf8).write(to: path)
        do throws(FormatError) {
            _ = try CaseFile(contentsOf: path.path)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: ["external", "proxy", "rsc", "gpe", "remcsumtx", "remcsumrx", "vnifilter", "mcroute"])
    func vxlanOptionsThatAreNotModelledAreRefused(option: String) throws {
        func device(_ value: String) -> String {
            "{\"name\": \"v1\", \"kind\": \"vxlan\", \"vxlan\": {\"vni\": 1, \"\(option)\": \(value)}}"
        }
        let error = try #require(try refusal(device("true")))
        #expect(error.message.contains("v1") && error.message.contains("`\(option)'"), "\(error)")
        #expect(try refusal(device("false")) == nil)
    }

    @Test(arguments: [
        ("{\"name\": \"v1\", \"kind\": \"vxlan\", \"vxlan\": {\"vni\": 1, \"flowlabel\": 7}}", "flowlabel", nil),
        ("{\"name\": \"v1\", \"kind\": \"vxlan\", \"vxlan\": {\"vni\": 1, \"df\": \"maybe\"}}", "maybe", nil),
        ("{\"name\": \"v1\", \"kind\": \"vxlan\", \"vxlan\": {}}", "vni", nil),
        ("{\"name\": \"v1\", \"kind\": \"vxlam\"}", "vxlam", "vxlan"),
        ("{\"name\": \"b\", \"kind\": \"bridge\", \"vlan_protocol\": \"802.1x\"}", "802.1x", nil),
        ("{\"name\": \"b\", \"kind\": \"bridge\", \"vlans\": [\"4095\"]}", "4095", nil),
        ("{\"name\": \"b\", \"kind\": \"bridge\", \"vlans\": [\"9-7\"]}", "9-7", nil),
        ("{\"name\": \"b\", \"kind\": \"bridge\", \"vlans\": [\"7 pvit\"]}", "pvit", "pvid"),
        ("{\"name\": \"b\", \"kind\": \"bridge\", \"vlans\": [\"7-8 pvid\"]}", "one VLAN", nil),
        ("{\"name\": \"b\", \"kind\": \"bridge\", \"group_fwd_mask\": 1}", "group_fwd_mask", nil),
        ("{\"name\": \"b\", \"kind\": \"bridge\", \"vlan_default_pvid\": 4095}", "vlan_default_pvid", nil),
        ("{\"name\": \"b\", \"kind\": \"bridge\", \"bridge_ports\": [\"eth7\"]}", "eth7", nil),
        ("{\"name\": \"b\", \"kind\": \"bridge\", \"bridge_ports\": [\"eth1\"], \"ports\": {\"eth1\": {\"locked\": true}}}", "locked", nil),
    ])
    func devicesThatAreWrongAreRefused(device: String, word: String, suggestion: String?) throws {
        let error = try #require(try refusal(device))
        #expect(error.message.contains(word), "\(error)")
        #expect(error.suggestion == suggestion)
    }

    @Test func membersOfVLANsAreReadAndPrinted() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: path) }
        let text = """
            {"interfaces": [{"name": "eth0"}, {"name": "eth1"}, {"name": "br0", "kind": "bridge", "bridge_ports": ["eth0", "eth1"],
             "vlan_filtering": true, "vlan_protocol": "802.1ad", "vlan_default_pvid": 7, "group_fwd_mask": 8,
             "vlans": [], "ports": {"eth1": {"vlans": ["3-5", "9 pvid untagged"], "group_fwd_mask": 16}}},
             {"name": "eth0.4", "kind": "vlan", "vlan": 4, "parent": "eth0", "protocol": "802.1AD"}]}
            """
        try Data(text.utf8).write(to: path)
        let spec = try CaseFile(contentsOf: path.path).spec
        #expect(spec.interfaces[0].vlans == [BridgeVLAN(id: 7, isPVID: true, isUntagged: true)])
        #expect(spec.interfaces[1].vlans.map(\.description) == ["3", "4", "5", "9 pvid untagged"])
        #expect(spec.interfaces[2].vlans.isEmpty && spec.interfaces[2].filtersVLANs && spec.interfaces[2].vlanProtocol == .service)
        #expect(spec.interfaces[3].vlanProtocol == .service)
        try Data(CaseText.text(spec).utf8).write(to: path)
        #expect(try CaseFile(contentsOf: path.path).spec.interfaces == spec.interfaces)
    }
}
