import HawseControl
import HawseModel
import HawseWire
import Testing

/// What a configuration file may say, and what that makes of a node's rules.
@Suite struct ProxyConfigurationTests {
    private func fields(_ text: String) -> [String] {
        do throws(ProxyConfigurationError) {
            _ = try ProxyConfiguration.parse(text, file: "c.yaml")
            return []
        } catch { return error.diagnostics.map(\.field) }
    }

    /// A number alone is no address; an address alone gets kube-proxy's own port.
    @Test(arguments: [
        ("0.0.0.0:10256", true), ("\"[::]:10256\"", true), ("127.0.0.1", true), ("\"::1\"", true), ("localhost:10256", false),
        ("127.0.0.1:0", false), ("127.0.0.1:70000", false), ("127.0.0.1:http", false), ("\"::1:10256:x\"", false), ("nonsense", false),
    ])
    func addressesToListenOn(text: String, isGood: Bool) {
        #expect(fields("healthzBindAddress: \(text)\n") == (isGood ? [] : ["healthzBindAddress"]))
        #expect(fields("metricsBindAddress: \(text)\n") == (isGood ? [] : ["metricsBindAddress"]))
    }

    @Test func externalIPsMayBeForbidden() throws {
        var service = Kubernetes.Service()
        service.metadata.name = "web"
        service.metadata.namespace = "default"
        service.spec.clusterIP = "10.96.0.5"
        service.spec.externalIPs = ["203.0.113.9"]
        var port = Kubernetes.ServicePort()
        port.port = 80
        service.spec.ports = [port]
        let node = ProxyNode(name: "a", primaryIPv4: IPAddress("192.0.2.1"))
        for isAllowed in [true, false] {
            let text = "featureGates: {AllowServiceExternalIPs: \(isAllowed)}\n"
            var proxy = KubeProxy(node: node, configuration: try ProxyConfiguration.parse(text, file: "c.yaml").configuration)
            proxy.apply(service)
            _ = proxy.sync()
            let rules = try #require(proxy.state().iptables)
            let chain = try #require(rules.tables.first { $0.name == .filter }?.chains.first { $0.name == "KUBE-EXTERNAL-SERVICES" })
            #expect(chain.rules.count == (isAllowed ? 1 : 0))
        }
    }
}
