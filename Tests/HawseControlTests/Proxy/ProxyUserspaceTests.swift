import HawseControl
import HawseFormats
import HawseModel
import HawseWire
import Testing

@Suite struct ProxyUserspaceTests {
    private func proxy() -> KubeProxy {
        var configuration = ProxyConfiguration()
        configuration.portRange = "40000-40009"
        var proxy = KubeProxy(
            node: ProxyNode(name: "n", primaryIPv4: IPAddress(ipv4: 0xc0a8_3201)), configuration: configuration,
            mode: .userspace, seed: 7)
        var service = ProxyIPTablesTests.service("s", "10.96.1.1")
        service.spec.ports[0].nodePort = 30080
        service.spec.externalIPs = ["203.0.113.4"]
        proxy.apply(service)
        proxy.apply(ProxyIPTablesTests.slice("s", count: 3))
        _ = proxy.sync()
        return proxy
    }

    @Test func rulesLeadToTheSocket() throws {
        let state = proxy().state()
        let socket = try #require(state.userspace.first)
        #expect((40000...40009).contains(socket.port))
        #expect(socket.endpoints.map(\.text) == ["10.100.0.2:8080", "10.100.0.3:8080", "10.100.0.4:8080"])
        let lines = IPTablesPrinter().text(try #require(state.iptables)).split(separator: "\n").map { String($0) }
        let port = socket.port
        for line in [
            "-A KUBE-PORTALS-CONTAINER -d 10.96.1.1/32 -p tcp -m comment --comment \"a/s\" -m tcp --dport 80 -j REDIRECT --to-ports \(port)",
            "-A KUBE-PORTALS-HOST -d 10.96.1.1/32 -p tcp -m comment --comment \"a/s\" -m tcp --dport 80 -j DNAT --to-destination 192.168.50.1:\(port)",
            "-A KUBE-NODEPORT-CONTAINER -p tcp -m comment --comment \"a/s\" -m tcp --dport 30080 -j REDIRECT --to-ports \(port)",
            "-A KUBE-NODEPORT-NON-LOCAL -p tcp -m comment --comment \"a/s\" -m tcp --dport \(port) -m conntrack --ctstate NEW -j ACCEPT",
        ] { #expect(lines.contains(line), "\(line)") }
    }

    @Test func endpointsTakeTurnsAndAffinityHolds() throws {
        var socket = try #require(proxy().state().userspace.first)
        var balancer = UserspaceBalancer(socket)
        let clients = (1...2).map { IPAddress(ipv4: $0) }
        let turn = (0..<4).compactMap { _ in balancer.endpoint(for: clients[0], at: .zero)?.address }
        #expect(turn == [0, 1, 2, 0].map { socket.endpoints[$0].address })
        socket.affinitySeconds = 10
        balancer = UserspaceBalancer(socket)
        func choose(_ client: Int, at seconds: Int64, forgets: Bool = false) -> String? {
            balancer.endpoint(for: clients[client], at: Instant(seconds: seconds), forgets: forgets)?.text
        }
        let first = choose(0, at: 0)
        #expect(choose(1, at: 1) != first)
        #expect(choose(0, at: 9) == first)
        #expect(choose(0, at: 18) == first)
        let second = choose(0, at: 19, forgets: true)
        #expect(second != first)
        #expect(choose(0, at: 20) == second)
        #expect(choose(0, at: 40) != second)
    }
}
