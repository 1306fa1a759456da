import Foundation
import HawseControl
import HawseModel
import HawseWire
import Testing

@Suite struct ProxyModelTests {
    @Test func namesAreHashedAsKubeProxyHashesThem() {
        #expect(NameHash.base32("default/kubernetes:httpstcp", digits: 16) == "NPX46M4PTMTKRN6Y")
        #expect(NameHash.base32("default/kubernetes/tcp/https", digits: 8) == "2QRHZV4L")
        // SHA-256 of "abc" is ba7816bf 8f01cfea 4141….
        #expect(NameHash.base32("abc", digits: 16) == "XJ4BNP4PAHH6UQKB")
        // Lengths around a block's end: one and two blocks of padding.
        #expect(NameHash.base32(String(repeating: "a", count: 55), digits: 16) == "T5BZB6GTBQW5SLWJ")
        #expect(NameHash.base32(String(repeating: "a", count: 56), digits: 16) == "WNKDTJFMN4EURNWW")
        #expect(NameHash.base32(String(repeating: "a", count: 64), digits: 16) == "77QFJ7T24DFW3RS4")
    }

    @Test func endpointsStandInTheOrderOfTheirText() {
        var map = EndpointsMap(family: .ipv4, node: "n")
        let service = ObjectKey(namespace: "a", name: "b")
        var slice = EndpointSliceInfo(service: service, name: "b-1", ports: [.init(number: 80)])
        slice.entries = ["10.244.0.2", "10.244.0.10", "10.244.0.1"].compactMap { IPAddress($0) }.map { .init(address: $0) }
        #expect(map.update(slice) == [ServicePortName(namespace: "a", service: "b")])
        #expect(
            map[ServicePortName(namespace: "a", service: "b")].map(\.text)
                == ["10.244.0.10:80", "10.244.0.1:80", "10.244.0.2:80"].sorted())
        #expect(map.update(slice).isEmpty)
    }

    @Test func theLivingCopyOfAMovedEndpointCounts() throws {
        var map = EndpointsMap(family: .ipv4, node: "n")
        let service = ObjectKey(namespace: "a", name: "b")
        let address = try #require(IPAddress("10.244.0.2"))
        for (name, isTerminating) in [("b-1", true), ("b-2", false)] {
            let entry = EndpointSliceInfo.Entry(address: address, isReady: !isTerminating, isTerminating: isTerminating)
            _ = map.update(
                EndpointSliceInfo(service: service, name: name, ports: [.init(number: 80)], entries: [entry]))
        }
        let name = ServicePortName(namespace: "a", service: "b")
        #expect(map[name].map(\.isReady) == [true])
        _ = map.remove(service: service, slice: "b-2")
        #expect(map[name].map(\.isReady) == [false])
    }

    @Test func aZeroRangeAdmitsEverybody() {
        var service = Kubernetes.Service()
        service.metadata = Kubernetes.ObjectMeta(name: "s", namespace: "a")
        service.spec.clusterIP = "10.96.0.4"
        service.spec.type = .loadBalancer
        service.spec.loadBalancerSourceRanges = ["10.0.0.0/8", "0.0.0.0/0"]
        var port = Kubernetes.ServicePort()
        port.port = 80
        service.spec.ports = [port]
        #expect(ServicePort.ports(of: service, family: .ipv4).map(\.sourceRanges) == [[]])
        service.spec.loadBalancerSourceRanges = [" 10.1.2.3/8 ", "::/0", "nonsense"]
        #expect(ServicePort.ports(of: service, family: .ipv4).map(\.sourceRanges) == [[IPPrefix("10.0.0.0/8")!]])
        #expect(ServicePort.ports(of: service, family: .ipv6).isEmpty)
    }

    @Test func wrongConfigurationsAreRefusedWithTheirPlace() throws {
        let text = "kind: KubeProxyConfiguration\nmode: iptable\niptables:\n  masqueradeBit: 40\n"
        let error = try #require(throws: ProxyConfigurationError.self) {
            try ProxyConfiguration.parse(text, file: "c.yaml")
        }
        #expect(error.diagnostics.map(\.field) == ["mode", "iptables.masqueradeBit"])
        #expect(error.diagnostics.map(\.mark.line) == [2, 4])
        #expect(error.diagnostics[0].suggestion == "iptables")
        let read = try ProxyConfiguration.parse("mode: ipvs\nipvs: {schedular: lc}\n", file: "c.yaml")
        #expect(read.configuration.mode == "ipvs")
        #expect(read.warnings.map(\.field) == ["ipvs.schedular"])
    }
}

@Suite struct ProxyConfigMapTests {
    @Test func kubeadmsConfigMapIsFound() throws {
        var map = Kubernetes.ConfigMap()
        map.metadata = Kubernetes.ObjectMeta(name: "kube-proxy", namespace: "kube-system")
        map.data["config.conf"] = "kind: KubeProxyConfiguration\nmode: ipvs\nipvs:\n  scheduler: lc\n"
        let found = try #require(try ProxyConfiguration.find(in: [map]))
        #expect(found.configuration.mode == "ipvs")
        #expect(found.configuration.ipvs.scheduler == "lc")
        map.data["config.conf"] = "mode: [ipvs]\n"
        #expect(throws: ProxyConfigurationError.self) { try ProxyConfiguration.find(in: [map]) }
        map.metadata.namespace = "default"
        let other = try ProxyConfiguration.find(in: [map])
        #expect(other == nil)
    }
}

/// `tables/kube-proxy-endpoint-selection.json`
@Suite struct EndpointSelectionTests {
    struct Row: Decodable, Sendable, CustomStringConvertible {
        struct Service: Decodable, Sendable {
            var internalTrafficPolicyLocal, externalTrafficPolicyLocal, externallyAccessible: Bool
        }
        struct Endpoint: Decodable, Sendable {
            var endpoint: String
            var local, ready, serving, terminating: Bool
            var zoneHints, nodeHints: [String]?
        }
        struct Expect: Decodable, Sendable {
            var cluster, local, reachable: [String]
            var hasAnyEndpoints: Bool
        }
        var id, node: String
        var nodeLabels: [String: String]
        var service: Service
        var endpoints: [Endpoint]
        var expect: Expect
        var description: String { id }
    }

    struct File: Decodable { var cases: [Row] }

    static let rows: [Row] = {
        let text = ProxyScenarios.text("tables/kube-proxy-endpoint-selection.json") ?? ""
        return (try? JSONDecoder().decode(File.self, from: Data(text.utf8)).cases) ?? []
    }()

    @Test func theTableIsThere() { #expect(Self.rows.count == 18) }

    @Test(arguments: rows) func choosesAsKubeProxyDoes(_ row: Row) throws {
        let endpoints = try row.endpoints.map { endpoint in
            let colon = try #require(endpoint.endpoint.lastIndex(of: ":"))
            return ProxyEndpoint(
                address: try #require(IPAddress(endpoint.endpoint[..<colon])),
                port: try #require(UInt16(endpoint.endpoint[endpoint.endpoint.index(after: colon)...])),
                isLocal: endpoint.local, isReady: endpoint.ready, isServing: endpoint.serving,
                isTerminating: endpoint.terminating, zoneHints: endpoint.zoneHints ?? [],
                nodeHints: endpoint.nodeHints ?? [])
        }
        var service = ServicePort(
            name: ServicePortName(namespace: "a", service: "b"), clusterIP: IPAddress(ipv4: 0x0a60_0001), port: 80)
        service.isInternalPolicyLocal = row.service.internalTrafficPolicyLocal
        service.isExternalPolicyLocal = row.service.externalTrafficPolicyLocal
        service.nodePort = row.service.externallyAccessible ? 30000 : 0
        let selection = EndpointSelection(
            endpoints, for: service, node: row.node, zone: row.nodeLabels["topology.kubernetes.io/zone"])
        func texts(_ indices: [Int]) -> [String] { indices.map { endpoints[$0].text }.sorted() }
        #expect(texts(selection.cluster) == row.expect.cluster)
        #expect(texts(selection.local) == row.expect.local)
        #expect(texts(selection.reachable) == row.expect.reachable)
        #expect(selection.hasAny == row.expect.hasAnyEndpoints)
    }

    /// conntrack's timeouts: what the configuration says, or kube-proxy's own; zero leaves the kernel's.
    @Test func conntrackIsSetUp() throws {
        func sysctls(_ text: String) throws -> [String: String] {
            let configuration = try ProxyConfiguration.parse("kind: KubeProxyConfiguration\n" + text, file: "c").configuration
            return KubeProxy(node: ProxyNode(name: "n"), configuration: configuration).state().sysctls
                .filter { $0.key.hasPrefix("net.netfilter.") }
        }
        #expect(
            try sysctls("mode: iptables\n") == [
                "net.netfilter.nf_conntrack_tcp_timeout_established": "86400",
                "net.netfilter.nf_conntrack_tcp_timeout_close_wait": "3600", "net.netfilter.nf_conntrack_max": "131072",
            ])
        let text = "conntrack: {maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 1m30s, udpTimeout: 5s, tcpBeLiberal: true}\n"
        #expect(
            try sysctls(text) == [
                "net.netfilter.nf_conntrack_tcp_timeout_close_wait": "90", "net.netfilter.nf_conntrack_udp_timeout": "5",
                "net.netfilter.nf_conntrack_tcp_be_liberal": "1",
            ])
    }

    /// Room for connections: so many a processor and a least number, and never less than the node has.
    @Test func conntrackHasRoomByProcessors() throws {
        func maximum(_ text: String, cores: Int, of spec: NodeSpec = NodeSpec()) throws -> String? {
            let configuration = try ProxyConfiguration.parse("conntrack: {\(text)}\n", file: "c").configuration
            var spec = spec
            KubeProxy(node: ProxyNode(name: "n", cores: cores), configuration: configuration).state().install(on: &spec)
            return spec.sysctls["net.netfilter.nf_conntrack_max"]
        }
        #expect(try maximum("", cores: 4) == nil)
        #expect(try maximum("", cores: 16) == "524288")
        #expect(try maximum("maxPerCore: 100000", cores: 3) == "300000")
        #expect(try maximum("maxPerCore: 10, min: 300001", cores: 3) == "300001")
        #expect(try maximum("maxPerCore: 0, min: 900000", cores: 64) == nil)
        var tuned = NodeSpec()
        tuned.sysctls["net.netfilter.nf_conntrack_max"] = "400000"
        #expect(try maximum("min: 300000", cores: 1, of: tuned) == "400000")
        #expect(try maximum("min: 500000", cores: 1, of: tuned) == "500000")
        var object = Kubernetes.Node()
        object.status.capacity["cpu"] = Kubernetes.Quantity("11500m")
        #expect(ProxyNode(object).cores == 12)
    }

    @Test(arguments: [
        ("clusterCIDR: '10.0.0.0/8,10.1.0.0/16'", "clusterCIDR", "must be a valid DualStack CIDR"),
        ("clusterCIDR: '10.0.0.0/8,fd00::/8,10.1.0.0/16'", "clusterCIDR", "only one CIDR allowed"),
        ("clusterCIDR: 10.0.0.0", "clusterCIDR", "must be a valid CIDR block"),
        ("conntrack: {maxPerCore: -1}", "conntrack.maxPerCore", "must be greater than or equal to 0"),
        ("conntrack: {udpTimeout: -5s}", "conntrack.udpTimeout", "must be greater than or equal to 0"),
        ("iptables: {minSyncPeriod: 40s}", "iptables.syncPeriod", "must be greater than or equal to minSyncPeriod"),
        ("iptables: {syncPeriod: -1s}", "iptables.syncPeriod", "must be greater than 0"),
        ("ipvs: {excludeCIDRs: [10.0.0.0/8, x]}", "ipvs.excludeCIDRs", "is not an address range"),
        ("ipvs: {tcpTimeout: soon}", "ipvs.tcpTimeout", "is not a duration"),
        ("detectLocalMode: BridgeInterface", "detectLocal.bridgeInterface", "must not be empty"),
        ("nodePortAddresses: [primary, 10.0.0.0/8]", "nodePortAddresses", "is not an address range"),
        ("oomScoreAdj: 1001", "oomScoreAdj", "must be within the range"), ("bindAddress: x", "bindAddress", "is not an address"),
    ])
    func configurationsAreRefusedByField(_ text: String, _ field: String, _ message: String) {
        do throws(ProxyConfigurationError) {
            _ = try ProxyConfiguration.parse("kind: KubeProxyConfiguration\n\(text)\n", file: "c")
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.diagnostics.contains { $0.field.hasPrefix(field) && $0.message.contains(message) }, "\(error)")
        }
    }

    /// kubeadm writes zeros for what kube-proxy shall choose itself.
    @Test func zeroPeriodsAreKubeProxysOwn() throws {
        let text = "kind: KubeProxyConfiguration\niptables: {syncPeriod: 0s, minSyncPeriod: 0s}\nipvs: {tcpTimeout: 0s}\n"
        #expect(try ProxyConfiguration.parse(text, file: "c").warnings.isEmpty)
    }
}
