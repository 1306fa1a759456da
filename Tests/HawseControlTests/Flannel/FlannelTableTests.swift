import HawseControl
import HawseModel
import HawseWire
import Testing

@Suite struct FlannelTableTests {
    @Test func everyKindOfRowIsTested() throws {
        let tested = [
            "net-conf", "subnet-key", "etcd", "lease", "kube-annotation", "pod-cidr-inside", "masquerade-rules",
            "forward-rules", "rule-sync",
        ]
        let kinds = Set(try FlannelTable.rows().compactMap { $0["kind"]?.text })
        #expect(kinds == Set(tested))
    }

    @Test func networkConfigurations() throws {
        let rows = try FlannelTable.rows("net-conf")
        #expect(rows.count == 3)
        for row in rows {
            let text = FlannelTable.text(try #require(row["config"]))
            let configuration = try Flannel.NetworkConfiguration.read(text).configuration.completed()
            for entry in row["expect"]?["config"]?.entries ?? [] {
                let value: String? =
                    switch entry.key {
                    case "Network": configuration.network?.description
                    case "IPv6Network": configuration.ipv6Network?.description
                    case "SubnetMin": configuration.subnetMin?.description
                    case "SubnetMax": configuration.subnetMax?.description
                    case "IPv6SubnetMin": configuration.ipv6SubnetMin?.description
                    case "IPv6SubnetMax": configuration.ipv6SubnetMax?.description
                    case "SubnetLen": "\(configuration.subnetLength)"
                    case "IPv6SubnetLen": "\(configuration.ipv6SubnetLength)"
                    default: nil
                    }
                #expect(value == entry.node.text ?? entry.node.int.map { "\($0)" }, "\(row["id"]?.text ?? "") \(entry.key)")
            }
        }
    }

    @Test func subnetKeys() throws {
        for row in try FlannelTable.rows("subnet-key") {
            let key = try #require(row["key"]?.text)
            let parsed = Flannel.SubnetKey(key)
            #expect((parsed != nil) == row["expect"]?["valid"]?.flag, "\(key)")
            guard let parsed else { continue }
            #expect(parsed.subnet.description == row["expect"]?["ipv4"]?.text)
            #expect(parsed.ipv6Subnet?.description == row["expect"]?["ipv6"]?.text)
            #expect(parsed.description == key)
        }
        #expect(Flannel.SubnetKey("/coreos.com/network/subnets/10.5.34.0-24")?.subnet.description == "10.5.34.0/24")
        #expect(Flannel.SubnetKey("10.5.34.0-32") == nil)
    }

    @Test func storedConfiguration() throws {
        for row in try FlannelTable.rows("etcd") {
            let value = try #require(row["value"]?.text)
            let store = Flannel.MemoryLeaseStore(configuration: value)
            let contents = store.contents(at: .zero)
            #expect(contents.map(\.key) == [row["key"]?.text])
            #expect(contents.map(\.value) == [value])
            let read = try Flannel.NetworkConfiguration.read(value).configuration
            let expected = try #require(row["expect"]?["config"])
            #expect(read.network?.description == expected["Network"]?.text)
            #expect(read.backend.typeName == expected["Backend"]?["Type"]?.text)
        }
    }

    @Test func annotationPrefixes() throws {
        for row in try FlannelTable.rows("kube-annotation") {
            let names = Flannel.NodeAnnotations(prefix: try #require(row["prefix"]?.text))
            #expect((names != nil) == row["expect"]?["valid"]?.flag)
            #expect(names?.backendType == row["expect"]?["backendType"]?.text)
        }
        #expect(Flannel.NodeAnnotations(prefix: "a.com/b/c") == nil)
        #expect(Flannel.NodeAnnotations(prefix: "com/b") == nil)
    }

    /// A pod range outside the network is refused where the lease is taken.
    @Test func podRangesInsideTheNetwork() throws {
        for row in try FlannelTable.rows("pod-cidr-inside") {
            let network = try #require(row["network"]?.text.flatMap { IPPrefix($0) })
            let range = try #require(row["podCIDR"]?.text)
            var configuration = Flannel.NetworkConfiguration(backend: .hostGateway)
            if network.family == .ipv4 {
                configuration.network = network
                configuration.enableIPv4 = true
            } else {
                configuration.ipv6Network = network
                configuration.enableIPv6 = true
            }
            var node = Kubernetes.Node()
            node.metadata.name = "node-a"
            node.spec.podCIDR = range
            let registry = Flannel.KubernetesSubnetRegistry(
                nodeName: "node-a", source: Flannel.NodeCatalogue([node]), configuration: configuration)
            let attributes = Flannel.LeaseAttributes(
                publicIP: IPAddress("192.0.2.1"), publicIPv6: IPAddress("2001:db8::1"), backendType: "host-gw")
            let isInside = row["expect"]?["contains"]?.flag
            if isInside == true {
                let lease = try registry.acquire(attributes, at: .zero)
                #expect(lease.subnet(network.family) == IPPrefix(range))
            } else {
                #expect(throws: Flannel.RegistryError.self) { try registry.acquire(attributes, at: .zero) }
            }
        }
    }

    @Test func masqueradeRules() throws {
        for row in try FlannelTable.rows("masquerade-rules") {
            let rules = Flannel.TrafficRules(
                network: try #require(row["network"]?.text.flatMap { IPPrefix($0) }),
                subnet: try #require(row["subnet"]?.text.flatMap { IPPrefix($0) }),
                randomFully: row["randomFully"]?.flag ?? true)
            let table = row["expect"]?["table"]?.text
            let expected = try (row["expect"]?["rules"]?.items ?? []).map {
                try FlannelTable.chainRule($0, table: table)
            }
            #expect(rules.masqueradeArguments == expected, "\(row["id"]?.text ?? "")")
        }
    }

    @Test func forwardRules() throws {
        for row in try FlannelTable.rows("forward-rules") {
            let network = try #require(row["network"]?.text.flatMap { IPPrefix($0) })
            let rules = Flannel.TrafficRules(network: network, subnet: network)
            let table = row["expect"]?["table"]?.text
            let expected = try (row["expect"]?["rules"]?.items ?? []).map {
                try FlannelTable.chainRule($0, table: table)
            }
            #expect(rules.forwardArguments == expected)
        }
    }

    @Test func ruleSync() throws {
        for row in try FlannelTable.rows("rule-sync") {
            let present = try (row["present"]?.items ?? []).compactMap { try FlannelTable.chainRule($0) }
            let wanted = try (row["wanted"]?.items ?? []).compactMap { try FlannelTable.chainRule($0) }
            let lines = Flannel.RuleSync.restore(present: present, wanted: wanted)
            let expected = (row["expect"]?["restore"]?.entries ?? []).reduce(into: [TableName: [[String]]]()) {
                guard let name = TableName(rawValue: $1.key) else { return }
                $0[name] = ($1.node.items ?? []).map { ($0.items ?? []).compactMap(\.text) }
            }
            #expect(lines == expected, "\(row["id"]?.text ?? "")")
        }
    }
}
