import HawseControl
import HawseModel
import HawseSimulator
import HawseWire
import Testing

@Suite struct NetworkScenarioTests {
    static func read(_ text: String) throws -> NetworkScenario {
        let plan = try SmallCluster.plan(SmallCluster.vxlan)
        return try NetworkScenario.read(text, file: "s.yaml", plan: plan, positions: PlanIndex(plan)) { name in
            name == "default/web" ? (IPAddress(ipv4: 0x0a60_0001), 80) : nil
        }
    }

    @Test func everyFieldIsRead() throws {
        let scenario = try Self.read(
            """
            seed: 9
            duration: 1m
            start: 100s
            links:
            - {node: node-2, delay: 2ms, jitter: 500us, loss: 0.5%, duplicate: 1%, bandwidth: 10Mbit, queue: 64KiB}
            faults:
            - {at: 1s, link: node-3, down: true}
            - {at: 1500ms, node: node-1, gone: true}
            - {at: 2s, node: node-1, deleted: true}
            - {at: 3s, registry: unreachable, nodes: [node-2]}
            - {at: 4s, registry: reachable}
            - {at: 5s, node: node-2, run: ip link set eth0 mtu 1400}
            servers:
            - {pods: default/pod-1-*, kind: http, port: 80, size: 10, delay: 1ms}
            clients:
            - {from: default/pod-2-0, to: default/web, kind: http, count: 3, interval: 10ms}
            - {name: out, from: 203.0.113.1, to: "10.244.1.10:80", kind: tcp-echo, size: 100}
            """)
        #expect(scenario.seed == 9)
        #expect(scenario.duration == .seconds(60))
        #expect(scenario.start == Instant(seconds: 100))
        let quality = LinkQuality(
            delay: 2_000_000, jitter: 500_000, lossPerMillion: 5000, duplicatePerMillion: 10_000, bandwidth: 10_000_000,
            queueBytes: 65_536)
        #expect(
            scenario.faults == [
                Fault(at: 0, .link(node: 1, quality)), Fault(at: .seconds(1), .linkDown(node: 2, true)),
                Fault(at: .milliseconds(1500), .nodeGone(node: 0, true)),
                Fault(at: .seconds(2), .nodeDeleted(node: 0, true)),
                Fault(at: .seconds(3), .registry(nodes: [1], isReachable: false)),
                Fault(at: .seconds(4), .registry(nodes: [0, 1, 2], isReachable: true)),
                Fault(at: .seconds(5), .command(node: 1, "ip link set eth0 mtu 1400")),
            ])
        #expect(scenario.servers.map(\.pod) == [0, 1])
        #expect(scenario.clients.map(\.source) == [.pod(2), .outside(IPAddress(ipv4: 0xcb00_7101))])
        #expect(scenario.clients.map { $0.destination.description(port: $0.port) } == ["10.96.0.1:80", "10.244.1.10:80"])
    }

    @Test(arguments: [
        ("sed: 1", "sed", "seed"), ("duration: fast", "duration", nil), ("duration: 5min", "duration", nil),
        ("links: [{node: node-9, delay: 1ms}]", "links.[0].node", "node-1"), ("links: [{node: node-1}]", "links.[0]", nil),
        ("links: [{node: node-1, loss: 200%}]", "links.[0].loss", nil), ("faults: [{link: node-1, down: true}]", "faults.[0]", nil),
        ("faults: [{at: 1s}]", "faults.[0]", nil), ("faults: [{at: 1s, registry: unreachble}]", "faults.[0]", "unreachable"),
        ("servers: [{pods: default/pod-1-*, kind: htp, port: 80}]", "servers.[0].kind", "http"),
        ("servers: [{pods: default/nobody, kind: http, port: 80}]", "servers.[0].pods", nil),
        ("servers: [{pods: default/pod-1-0, kind: http, port: 0}]", "servers.[0].port", nil),
        ("clients: [{from: default/pod-1-0, to: nowhere, kind: http}]", "clients.[0].to", nil),
        ("clients: [{from: default/pod-1-0, kind: http}]", "clients.[0]", nil),
        ("clients: 3", "clients", nil),
    ])
    func wrongFieldsAreNamed(text: String, field: String, suggestion: String?) throws {
        let error = #expect(throws: Flannel.ConfigurationError.self) { _ = try Self.read(text) }
        #expect(error?.diagnostics.map(\.field) == [field], "\(error?.description ?? "")")
        if let suggestion { #expect(error?.diagnostics.first?.suggestion == suggestion) }
    }

    /// A node that is off for a while: conversations of that time are late, none is lost, and the others do not notice.
    @Test func aScenarioRuns() throws {
        let scenario = try Self.read(
            """
            duration: 60s
            links: [{node: node-1, delay: 1ms}]
            servers:
            - {pods: default/pod-3-0, kind: http, port: 80, size: 3000}
            - {pods: default/pod-2-0, kind: udp-echo, port: 7}
            clients:
            - {name: web, from: default/pod-1-0, to: "10.244.3.10:80", kind: http, count: 20, interval: 100ms, requests: 2}
            - {name: echo, from: default/pod-1-1, to: "10.244.2.10:7", kind: udp-echo, size: 64, count: 20, interval: 100ms}
            - {name: closed, from: default/pod-1-1, to: "10.244.2.11:9", kind: tcp-echo, count: 2}
            faults:
            - {at: 450ms, node: node-3, gone: true}
            - {at: 950ms, node: node-3, gone: false}
            """)
        let cluster = SmallCluster.cluster(try SmallCluster.plan(SmallCluster.vxlan))
        let run = scenario.prepare(cluster, seed: 5)
        // A pod without an application is no host; one that serves nothing on that port refuses.
        run.listen(ServerApplication(kind: .tcpEcho, port: 1), onPod: 3)
        run.run(until: scenario.start + scenario.duration)
        func results(_ name: String) -> [ConversationResult] { run.results.filter { $0.client == name } }
        #expect(results("web").map(\.outcome) == Array(repeating: .completed, count: 20))
        #expect(results("web").allSatisfy { $0.answers == 2 && $0.server == "default/pod-3-0" })
        let late = results("web").filter { $0.retransmissions > 0 }.map(\.number)
        #expect(late == [5, 6, 7, 8, 9])
        #expect(results("echo").allSatisfy { $0.outcome == .completed && $0.retransmissions == 0 })
        #expect(results("closed").map(\.outcome) == [.refused, .refused])
        #expect(run.strays.damaged == 0)
    }
}
