import HawseControl
import HawseFormats
import HawseModel
import HawseWire
import Testing

@Suite struct ProxyIPVSTests {
    /// The kernel of the recordings had no `ipvs` match.
    private static let recorded = ProxySettings.KernelFeatures(hasIPVSMatch: false)

    @Test(arguments: ProxyScenarios.stages)
    func writesWhatKubeProxyWrote(_ stage: ProxyScenarios.Stage) throws {
        let objects = try ProxyScenarios.objects(stage)
        let configuration = try ProxyScenarios.configuration(stage.scenario)
        for node in stage.nodes {
            guard let servers = stage.expected(node, "ipvs-mode/ipvs") else { continue }
            let state = ProxyRenderer.render(
                objects, node: objects.node(node), mode: .ipvs, configuration: configuration,
                kernel: Self.recorded)
            for (file, rules) in [("iptables.v4", state.iptables), ("iptables.v6", state.ip6tables)] {
                guard let expected = stage.expected(node, "ipvs-mode/\(file)") else { continue }
                let differences = RuleComparison.differences(
                    iptables: expected, IPTablesPrinter().text(try #require(rules)))
                #expect(differences.isEmpty, "\(node) \(file): \(differences.prefix(4))")
            }
            let produced = IPVSAdmPrinter().saved(try #require(state.ipvs))
            check(servers, produced, "\(node) ipvs")
            check(
                stage.expected(node, "ipvs-mode/ipset"), IPSetPrinter().text(state.sets), "\(node) ipset",
                normal: Self.withoutSeed)
            check(
                stage.expected(node, "ipvs-mode/kube-ipvs0.addresses"),
                state.dummyAddresses.map(\.description).joined(separator: "\n"), "\(node) addresses")
        }
    }

    private func check(
        _ expected: String?, _ produced: String, _ place: String, normal: (String) -> String = { $0 }
    ) {
        let differences = RuleComparison.differences(lines: expected ?? "missing", produced, normal: normal)
        #expect(differences.isEmpty, "\(place): \(differences.prefix(4))")
    }

    private static func withoutSeed(_ line: String) -> String {
        var words = line.split(separator: " ")
        if let at = words.firstIndex(of: "initval") { words.removeSubrange(at..<min(at + 2, words.count)) }
        return words.joined(separator: " ")
    }

    /// With the match there, the filter table is what kube-proxy fed to iptables-restore.
    @Test(arguments: ProxyScenarios.stages.filter { stage in
        stage.nodes.contains { stage.expected($0, "ipvs-mode/restore-input.IPv4") != nil }
    })
    func writesWhatKubeProxyWouldHaveWritten(_ stage: ProxyScenarios.Stage) throws {
        let objects = try ProxyScenarios.objects(stage)
        let configuration = try ProxyScenarios.configuration(stage.scenario)
        for node in stage.nodes {
            let state = ProxyRenderer.render(
                objects, node: objects.node(node), mode: .ipvs, configuration: configuration)
            for (suffix, rules) in [("IPv4", state.iptables), ("IPv6", state.ip6tables)] {
                guard let text = stage.expected(node, "ipvs-mode/restore-input.\(suffix)") else { continue }
                let family: AddressFamily = suffix == "IPv4" ? .ipv4 : .ipv6
                let expected = try IPTablesParser(family: family, noFlush: true).parse(text)
                func lines(_ chain: Chain?) -> [String] {
                    (chain?.rules ?? []).map { IPTablesPrinter().text($0, in: chain?.name ?? "", family: family) }
                }
                for table in expected.tables {
                    for chain in table.chains where chain.name.hasPrefix("KUBE-") {
                        let produced = rules?[table.name]?.chain(chain.name)
                        #expect(lines(produced) == lines(chain), "\(node) \(suffix)")
                    }
                }
            }
        }
    }

    @Test func aServiceMayChooseItsScheduler() throws {
        var service = ProxyIPTablesTests.service("s", "10.96.1.1")
        service.metadata.annotations[ServicePort.schedulerAnnotation] = "lc"
        var proxy = KubeProxy(
            node: ProxyNode(name: "n", primaryIPv4: IPAddress(ipv4: 0xc0a8_3201)), mode: .ipvs)
        proxy.apply(service)
        proxy.apply(ProxyIPTablesTests.service("t", "10.96.1.2"))
        _ = proxy.sync()
        #expect(proxy.state().ipvs?.services.map(\.scheduler) == [.lc, .rr])
        service.metadata.annotations[ServicePort.schedulerAnnotation] = "mh"
        proxy.apply(service)
        let patch = proxy.sync()
        #expect(patch.ipvs.flatMap(\.patch.changed).map(\.flags) == [.schedule2])
        proxy.deleteService(service.key)
        #expect(proxy.sync().ipvs.flatMap(\.patch.unbound) == [IPAddress(ipv4: 0x0a60_0101)])
    }

    @Test func realServersDrainBeforeTheyGo() throws {
        let tcp = VirtualService.Key.address(ipProtocol: .tcp, address: IPAddress(ipv4: 1), port: 80)
        let udp = VirtualService.Key.address(ipProtocol: .udp, address: IPAddress(ipv4: 1), port: 53)
        let old = Destination(address: IPAddress(ipv4: 7), port: 80, forwarding: .masquerade)
        let new = Destination(address: IPAddress(ipv4: 8), port: 80, forwarding: .masquerade)
        func spec(_ destinations: [Destination]) -> IPVSSpec {
            IPVSSpec(services: [tcp, udp].map { VirtualService(key: $0, destinations: destinations) })
        }
        let busy = IPVSGracefulTermination.merge(current: spec([old]), desired: spec([new])) { _, _ in 3 }
        #expect(busy.services[0].destinations.map(\.weight) == [1, 0])
        #expect(busy.services[1].destinations == [new])
        let idle = IPVSGracefulTermination.merge(current: spec([old]), desired: spec([new])) { _, _ in 0 }
        #expect(idle == spec([new]))
    }

    @Test func flowsToVanishedEndpointsAreStale() throws {
        var proxy = KubeProxy(node: ProxyNode(name: "n"))
        var service = ProxyIPTablesTests.service("dns", "10.96.0.10")
        service.spec.ports[0].protocol = .udp
        service.spec.ports[0].nodePort = 30053
        proxy.apply(service)
        var slice = ProxyIPTablesTests.slice("dns", count: 1)
        slice.ports = [.init(ipProtocol: .udp, number: 8080)]
        let vip = try #require(IPAddress("10.96.0.10")), there = slice.entries[0].address
        func isStale(_ destination: IPAddress, _ port: UInt16, _ source: IPAddress) -> Bool {
            proxy.staleFlows(.ipv4).isStale(
                ipProtocol: .udp, destination: destination, port: port, replySource: source, replyPort: 8080)
        }
        _ = proxy.sync()
        #expect(!isStale(vip, 80, there))
        proxy.apply(slice)
        _ = proxy.sync()
        #expect(!isStale(vip, 80, there))
        #expect(isStale(vip, 80, vip))
        #expect(isStale(there, 30053, vip))
        #expect(!isStale(vip, 81, vip))
        // Another Service's port of the same number: its flows are taken for the node port's too.
        var other = service
        other.metadata.name = "other"
        other.spec.clusterIP = "10.96.0.11"
        other.spec.ports[0].port = 30053
        other.spec.ports[0].nodePort = 0
        proxy.apply(other)
        slice.service = other.key
        slice.entries[0].address = try #require(IPAddress("10.100.0.99"))
        proxy.apply(slice)
        _ = proxy.sync()
        #expect(isStale(try #require(IPAddress("10.96.0.11")), 30053, slice.entries[0].address))
    }
}
