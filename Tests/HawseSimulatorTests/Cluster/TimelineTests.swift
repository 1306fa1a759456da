import HawseControl
import HawseModel
import HawseSimulator
import HawseWire
import Testing

/// A control plane, its nodes and conversations through them, on one clock.
@Suite struct TimelineTests {
    static func web(preStop: Int? = nil, affinity: Bool = false, replicas: Int = 3, probe: Int = 8080) -> String {
        let hook = preStop.map { ", lifecycle: {preStop: {sleep: {seconds: \($0)}}}" } ?? ""
        return """
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {name: web}
            spec:
              replicas: \(replicas)
              serviceName: web
              podManagementPolicy: Parallel
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}, annotations: {hawse/stop-seconds: "1"}}
                spec:
                  containers:
                  - {name: main, image: "web:1", ports: [{containerPort: 8080}, {containerPort: 53, protocol: UDP}],
                     readinessProbe: {httpGet: {port: \(probe)}, periodSeconds: 2, failureThreshold: 2}\(hook)}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec:
              selector: {app: web}
              \(affinity ? "sessionAffinity: ClientIP" : "sessionAffinity: None")
              ports: [{name: http, port: 80, targetPort: 8080}, {name: dns, port: 53, protocol: UDP}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: client, labels: {app: client}}
            spec:
              containers: [{name: main, image: "client:1"}]
            """
    }

    private static func clientOnNodeA(_ manifests: String) -> String {
        let container = #"containers: [{name: main, image: "client:1"}]"#
        return manifests.replacing(container, with: "nodeName: node-a\n  \(container)")
    }

    static func timeline(
        _ manifests: String, _ scenario: String, _ mode: ProxyMode = .iptables, affinity: Bool = false
    ) throws -> ClusterTimeline {
        var loader = ManifestLoader()
        loader.load(text: manifests, file: "web.yaml")
        let (state, problems) = ClusterState.build(from: loader.objects, seed: 3)
        #expect(problems.isEmpty)
        let builder = ClusterBuilder(state, mode: mode, seed: 3)
        let plan = try builder.plan()
        let directory = builder.directory
        var network = try NetworkScenario.read(scenario, file: "s.yaml", plan: plan, positions: PlanIndex(plan)) { name in
            directory.frontend(named: name).map { ($0.address, $0.port) }
        }
        for index in network.clients.indices { network.clients[index].hasAffinity = affinity }
        let (steps, complaints) = Scenario.read(text: scenario, file: "s.yaml")
        #expect(complaints.map(\.description) == [])
        let timeline = try ClusterTimeline(builder, network: network, steps: try #require(steps), origin: network.start)
        timeline.run()
        #expect(timeline.problems == [])
        return timeline
    }

    private func fates(_ timeline: ClusterTimeline) -> [ConversationFate: Int] {
        timeline.apps.results.indices.reduce(into: [:]) { $0[timeline.fate($1), default: 0] += 1 }
    }

    static let requests = """
        duration: 20s
        clients:
        - {name: pod, from: default/client, to: "default/web:http", kind: http, count: 500, interval: 20ms, timeout: 4s}
        steps:
        - {at: 5s, name: fewer, scale: {statefulset: web, replicas: 1}}
        """

    @Test(arguments: [ProxyMode.iptables, .ipvs])
    func requestsAreLostUntilProxiesHaveHeard(mode: ProxyMode) throws {
        let timeline = try Self.timeline(Self.web(), Self.requests, mode)
        let lost = timeline.findings
        #expect(!lost.isEmpty)
        // The endpoints' delay is a tenth of a second, in which pods that listen no more are still asked.
        for finding in lost {
            #expect(finding.fate == .refused)
            #expect(finding.mode == mode)
            #expect(finding.step == 0)
            #expect(finding.cause?.kind == .stopping)
            let time = finding.time - timeline.network.start
            #expect(time > .seconds(5) && time < .milliseconds(5200), "\(time)")
        }
        #expect(timeline.label(ofStep: lost.first?.step) == "fewer")
        #expect(fates(timeline)[.completed] == 500 - lost.count)
    }

    @Test(arguments: [ProxyMode.iptables, .ipvs])
    func aPreStopDelayLosesNone(mode: ProxyMode) throws {
        let timeline = try Self.timeline(Self.web(preStop: 5), Self.requests, mode)
        #expect(fates(timeline) == [.completed: 500])
    }

    @Test func theUserspaceProxyTriesTheNextEndpoint() throws {
        let timeline = try Self.timeline(Self.web(), Self.requests, .userspace)
        #expect(fates(timeline) == [.completed: 500])
        // In turn while nothing changes.
        let first = timeline.apps.results.prefix(6).map(\.server)
        #expect(Set(first).count == 3)
        #expect(Array(first.prefix(3)) == Array(first.suffix(3)))
    }

    static let flow = """
        duration: 30s
        clients:
        - {name: resolver, from: default/client, to: "default/web:dns", kind: udp-name, requests: 40, pause: 500ms, retry: 1s, timeout: 25s}
        steps:
        - {at: 5s, scale: {statefulset: web, replicas: 1}}
        """

    /// A UDP client that keeps its port is freed from an endpoint that is gone when its conntrack entry is deleted.
    @Test func staleDatagramFlowsAreMovedOrLost() throws {
        let cleaned = try Self.timeline(Self.web(), Self.flow)
        let kept = try Self.timeline(Self.web(), "conntrackCleanup: false\n" + Self.flow)
        let server = try #require(cleaned.apps.results.first?.servers.first)
        #expect(kept.apps.results.first?.servers.first == server)
        guard server != "default/web-0" else {
            Issue.record("the seed has put the flow on the pod that stays")
            return
        }
        #expect(cleaned.fate(0) == .moved)
        #expect(cleaned.apps.results.first?.servers == [server, "default/web-0"])
        #expect(cleaned.staleFlows.values.reduce(0, +) == 1)
        #expect(kept.fate(0) == .blackholed)
        #expect(kept.apps.results.first?.servers == [server])
    }

    /// A connection that is open stays with its pod: in IPVS mode by a server of weight 0.
    @Test(arguments: [ProxyMode.iptables, .ipvs])
    func openConnectionsGoOnWhileTheirPodEnds(mode: ProxyMode) throws {
        let timeline = try Self.timeline(
            Self.web(preStop: 20),
            """
            duration: 60s
            clients:
            - {name: long, from: default/client, to: "default/web:http", kind: http, count: 6, interval: 100ms, requests: 10, pause: 1s}
            steps:
            - {at: 3s, scale: {statefulset: web, replicas: 1}}
            """, mode)
        #expect(fates(timeline) == [.completed: 6])
        #expect(Set(timeline.apps.results.map(\.server)).count > 1)
    }

    /// Patience counts for each answer, and a pod that hangs meanwhile is the cause.
    @Test func connectionsThatAreKeptWaitForEachAnswer() throws {
        let timeline = try Self.timeline(
            Self.web(),
            """
            duration: 60s
            clients:
            - {name: long, from: default/client, to: "default/web:http", kind: http, count: 6, interval: 100ms, requests: 30, pause: 1s, timeout: 3s}
            steps:
            - {at: 10s, fail: default/web-0}
            """)
        let hit = timeline.apps.results.indices.filter { timeline.apps.results[$0].server == "default/web-0" }
        #expect(!hit.isEmpty && hit.count < 6)
        #expect(timeline.findings.map(\.conversation) == hit)
        for finding in timeline.findings {
            #expect(finding.fate == .blackholed)
            #expect(finding.cause?.kind == .silent && finding.cause?.subject == "default/web-0")
            #expect(finding.step == 0)
            #expect(timeline.apps.results[finding.conversation].answers > 5)
        }
        #expect(fates(timeline)[.completed] == 6 - hit.count)
    }

    @Test func connectionsEndWithTheirPod() throws {
        let timeline = try Self.timeline(
            Self.web(),
            """
            duration: 60s
            clients:
            - {name: long, from: default/client, to: "default/web:http", kind: http, count: 6, interval: 100ms, requests: 10, pause: 1s}
            steps:
            - {at: 3s, scale: {statefulset: web, replicas: 1}}
            """)
        for finding in timeline.findings {
            #expect(finding.fate == .reset)
            let result = timeline.apps.results[finding.conversation]
            #expect(finding.cause?.subject == result.server)
            #expect(result.server != "default/web-0")
        }
        #expect(timeline.findings.count == timeline.apps.results.count { $0.server != "default/web-0" })
        #expect(!timeline.findings.isEmpty)
    }

    /// Probes are connections: a pod that hangs fails them, and one whose probe names a port that nobody but the probe
    /// asks answers it.
    @Test func aHangingPodIsTakenOutByItsProbes() throws {
        let timeline = try Self.timeline(
            Self.web(probe: 9090),
            """
            duration: 30s
            clients:
            - {name: pod, from: default/client, to: "default/web:http", kind: http, count: 500, interval: 50ms, timeout: 2s}
            steps:
            - {at: 5s, fail: default/web-1}
            """)
        let lost = timeline.findings
        #expect(!lost.isEmpty)
        for finding in lost {
            #expect(finding.fate == .blackholed)
            #expect(finding.cause?.subject == "default/web-1")
            // Two failures of a probe every two seconds that waits for one, and the endpoints' delay.
            #expect(finding.time - timeline.network.start < .milliseconds(10_200))
        }
        let slices = timeline.state.store.slices(of: ObjectKey(namespace: "default", name: "web"))
        #expect(slices.flatMap(\.endpoints).count { $0.conditions.ready == true } == 2)
    }

    @Test func crashedContainersComeBack() throws {
        let timeline = try Self.timeline(
            Self.web(),
            """
            duration: 20s
            steps:
            - {at: 2s, crash: default/web-2}
            """)
        let crashed = timeline.disruptions.filter { $0.subject == "default/web-2" }.map(\.kind)
        #expect(crashed.contains(.exited) && crashed.last == .started)
    }

    @Test func clientsThatAreKeptAreMovedWhenTheirPodGoes() throws {
        let timeline = try Self.timeline(
            Self.web(preStop: 5, affinity: true),
            """
            duration: 40s
            clients:
            - {name: sticky, from: default/client, to: "default/web:http", kind: http, count: 100, interval: 100ms}
            steps:
            - {at: 5s, scale: {statefulset: web, replicas: 1}}
            """, affinity: true)
        let servers = timeline.apps.results.map(\.server)
        #expect(Set(servers.prefix(45)).count == 1)
        #expect(servers.last == "default/web-0")
        #expect(timeline.findings.count == (servers.first == "default/web-0" ? 0 : 1))
        #expect(timeline.findings.allSatisfy { $0.fate == .moved && $0.step == 0 })
    }

    /// While nobody reaches the API server, nobody hears that a pod is gone.
    @Test func anUnreachableAPIServerKeepsDeadEndpoints() throws {
        let timeline = try Self.timeline(
            Self.web(),
            """
            duration: 40s
            clients:
            - {name: pod, from: default/client, to: "default/web:http", kind: http, count: 300, interval: 100ms, timeout: 2s}
            steps:
            - {at: 4s, apiServer: unreachable}
            - {at: 5s, fail: default/web-1}
            - {at: 20s, apiServer: reachable}
            """)
        let times = timeline.findings.map { ($0.time - timeline.network.start) / 1_000_000_000 }
        #expect(timeline.findings.allSatisfy { $0.fate == .blackholed })
        #expect(times.contains { $0 >= 18 })
        #expect(times.allSatisfy { $0 >= 5 && $0 < 26 })
    }

    /// A machine that stops is noticed after its grace period of 50 s; until then its pods are asked in vain. Back again,
    /// they answer.
    @Test func machinesTakeTheirPodsWithThem() throws {
        let timeline = try Self.timeline(
            Self.clientOnNodeA(Self.web()),
            """
            duration: 120s
            clients:
            - {name: pod, from: default/client, to: "default/web:http", kind: http, count: 110, interval: 1s, timeout: 2s}
            steps:
            - {at: 10s, name: off, stopNode: node-b}
            - {at: 90s, name: on, startNode: node-b}
            """)
        let times = timeline.findings.map { ($0.time - timeline.network.start) / 1_000_000_000 }
        #expect(timeline.findings.allSatisfy { $0.fate == .blackholed && $0.node == "node-a" })
        #expect(times.contains { $0 < 20 } && times.contains { $0 > 50 })
        #expect(times.allSatisfy { (10...60).contains($0) }, "\(times)")
        let onB = timeline.state.store.pods.all.filter { $0.spec.nodeName == "node-b" }.map(\.key.description)
        let late = Set(timeline.apps.results.suffix(15).map(\.server))
        #expect(!onB.isEmpty && onB.allSatisfy { late.contains($0) }, "\(onB) \(late)")
    }

    @Test func aDrainedNodesPodsMove() throws {
        let timeline = try Self.timeline(
            Self.clientOnNodeA(Self.web(preStop: 3, replicas: 4)),
            """
            duration: 40s
            clients:
            - {name: pod, from: default/client, to: "default/web:http", kind: http, count: 150, interval: 200ms, timeout: 2s}
            steps:
            - {at: 5s, drain: node-b}
            """)
        #expect(fates(timeline) == [.completed: 150])
        let nodes = timeline.state.store.pods.all.map(\.spec.nodeName)
        #expect(nodes.count == 5 && !nodes.contains("node-b"))
    }

    @Test func theSameSeedGivesTheSameStory() throws {
        let first = try Self.timeline(Self.web(), Self.requests)
        let second = try Self.timeline(Self.web(), Self.requests)
        #expect(first.apps.results == second.apps.results)
        #expect(first.findings == second.findings)
        #expect(first.disruptions == second.disruptions)
    }

    @Test func nftablesIsRefusedByName() throws {
        #expect(throws: ClusterBuilder.UnsupportedMode.self) {
            _ = try Self.timeline(Self.web(), Self.requests, .nftables)
        }
    }
}
