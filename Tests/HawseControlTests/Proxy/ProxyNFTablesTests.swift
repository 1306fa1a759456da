import HawseControl
import HawseWire
import Testing

@Suite struct ProxyNFTablesTests {
    @Test(arguments: ProxyScenarios.stages)
    func writesWhatKubeProxyWrote(_ stage: ProxyScenarios.Stage) throws {
        let objects = try ProxyScenarios.objects(stage)
        let configuration = try ProxyScenarios.configuration(stage.scenario)
        for node in stage.nodes {
            guard let expected = stage.expected(node, "nft") else { continue }
            let state = ProxyScenarios.render(stage, node, "nft", mode: .nftables, objects, configuration)
            let produced = try #require(state.nft)
            let differences = RuleComparison.differences(
                lines: RuleComparison.nftLines(expected), RuleComparison.nftLines(produced), normal: { $0 })
            #expect(differences.isEmpty, "\(node): \(differences.prefix(4))")
        }
    }

    @Test func everyScenarioIsThere() {
        #expect(ProxyScenarios.stages.count > 50)
    }

    @Test func intervalsAreMergedAsNFTStoresThem() throws {
        var port = ServicePort(
            name: ServicePortName(namespace: "a", service: "b"), clusterIP: try #require(IPAddress("10.96.0.9")),
            port: 80)
        port.loadBalancerVIPs = [try #require(IPAddress("203.0.113.1"))]
        port.sourceRanges = ["10.0.0.0/9", "10.128.0.0/9", "10.3.0.0/16", "192.0.2.0/25", "192.0.2.128/26"]
            .compactMap { IPPrefix($0) }
        let settings = ProxySettings(
            ProxyConfiguration(), mode: .nftables, family: .ipv4, node: ProxyNode(name: "n"))
        var renderer = NFTRenderer(settings: settings)
        var services = ServiceMap(family: .ipv4)
        let changed = services.update(port.name.key, ports: [port])
        _ = renderer.sync(changed, services: services, endpoints: EndpointsMap(family: .ipv4, node: "n"))
        let text = NFTPrinter.text(of: [renderer.table()])
        #expect(text.contains("ip saddr != { 10.0.0.0/8, 192.0.2.0-192.0.2.191 } drop"))
    }
}
