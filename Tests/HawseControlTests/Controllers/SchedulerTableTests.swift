@testable import HawseControl
import Testing

/// The scheduler's filters and scores, by the rules of its plugins.
@Suite struct SchedulerTableTests {
    /// Three nodes in two zones; what stands in `pods` is bound, or is to be.
    private func place(_ pods: String) -> ClusterState {
        var loader = ManifestLoader(strict: true)
        for (name, zone) in [("a", "east"), ("b", "east"), ("c", "west")] {
            loader.load(
                text: """
                    apiVersion: v1
                    kind: Node
                    metadata: {name: \(name), labels: {zone: \(zone), kubernetes.io/hostname: \(name)}}
                    spec: {podCIDR: 10.244.1.0/24\(name == "c" ? ", taints: [{key: gpu, effect: NoSchedule}]" : "")}
                    status: {allocatable: {cpu: '2', memory: 4Gi, pods: '10'}, conditions: [{type: Ready, status: 'True'}]}
                    """, file: "\(name).yaml")
        }
        loader.load(text: pods, file: "pods.yaml")
        #expect(loader.diagnostics.map(\.description) == [])
        let (state, problems) = ClusterState.build(from: loader.objects, seed: 1)
        #expect(problems.map(\.description) == [])
        return state
    }

    private static func pod(_ name: String, _ spec: String, labels: String = "app: web", container: String = "") -> String {
        """
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), labels: {\(labels)}}
        spec: {\(spec.isEmpty ? "" : spec + ", ")containers: [{name: main, image: "i:1"\(container.isEmpty ? "" : ", " + container)}]}

        """
    }

    private static let tolerating = "tolerations: [{key: gpu, operator: Exists}]"

    /// Where the last pod came to be, or why nowhere.
    private func found(_ state: ClusterState) -> String {
        let pod = state.store.pods["default", "it"]
        if let node = pod?.spec.nodeName, !node.isEmpty { return node }
        let message = pod?.condition("PodScheduled")?.message ?? ""
        return String(message.split(separator: ":", maxSplits: 1).last?.dropFirst() ?? "")
    }

    private static let near = "{labelSelector: {matchLabels: {app: db}}, topologyKey: zone}"

    /// What preemption adds: nodes where evicting pods would help, had it pods of lower priority to evict, and others.
    private static func preemption(victims: Int = 0, helpless: Int = 0) -> String {
        let reasons = [
            (victims, "No preemption victims found for incoming pod"), (helpless, "Preemption is not helpful for scheduling"),
        ]
        return " no new claims to deallocate, preemption: 0/3 nodes are available: "
            + reasons.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.sorted().joined(separator: ", ") + "."
    }

    static let rows: [(title: String, pods: [String], expected: String)] = [
        ("a taint", [pod("it", "nodeSelector: {zone: west}")],
            "1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector." + preemption(helpless: 3)),
        ("everything that is short is named", [pod("it", tolerating, container: "resources: {requests: {cpu: 3, memory: 8Gi}}")],
            "3 Insufficient cpu, 3 Insufficient memory." + preemption(helpless: 3)),
        ("a port of another address is free", [
            pod("p", "nodeName: a", container: "ports: [{containerPort: 1, hostPort: 80, hostIP: 127.0.0.1}]"),
            pod("it", "nodeSelector: {kubernetes.io/hostname: a}",
                container: "ports: [{containerPort: 1, hostPort: 80, hostIP: 127.0.0.2}]"),
        ], "a"),
        ("a port of all addresses is not", [
            pod("p", "nodeName: a", container: "ports: [{containerPort: 1, hostPort: 80, hostIP: 127.0.0.1}]"),
            pod("it", "nodeSelector: {kubernetes.io/hostname: a}", container: "ports: [{containerPort: 1, hostPort: 80}]"),
        ], "1 node(s) didn't have free ports for the requested pod ports, "
            + "1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s)."
            + preemption(victims: 1, helpless: 2)),
        ("an init container needs room beside the sidecars before it", [
            pod("it", "\(tolerating), initContainers: [{name: side, image: s, restartPolicy: Always, resources: {requests: {cpu: 1}}}, "
                + "{name: first, image: f, resources: {requests: {cpu: 1500m}}}]"),
        ], "3 Insufficient cpu." + preemption(helpless: 3)),
        ("but not beside those after it", [
            pod("it", "nodeSelector: {kubernetes.io/hostname: b}, initContainers: [{name: first, image: f, resources: "
                + "{requests: {cpu: 1500m}}}, {name: side, image: s, restartPolicy: Always, resources: {requests: {cpu: 1}}}]"),
        ], "b"),
        ("the first of a group joins itself", [
            pod("it", "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [\(near)]}}, "
                + "nodeSelector: {kubernetes.io/hostname: a}", labels: "app: db"),
        ], "a"),
        ("one that nobody is like does not", [
            pod("it", "\(tolerating), affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [\(near)]}}"),
        ], "3 node(s) didn't match pod affinity rules." + preemption(helpless: 3)),
        ("a pod has to fit all terms to count for one", [
            pod("db", "nodeName: a", labels: "app: db"), pod("cache", "nodeName: a", labels: "app: cache"),
            pod("it", "\(tolerating), affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [\(near), "
                + "{labelSelector: {matchLabels: {app: cache}}, topologyKey: zone}]}}"),
        ], "3 node(s) didn't match pod affinity rules." + preemption(helpless: 3)),
        ("others keep it away", [
            pod("db", "nodeName: a, affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
                + "[{labelSelector: {matchLabels: {app: web}}, topologyKey: zone}]}}", labels: "app: db"),
            pod("it", ""),
        ], "1 node(s) had untolerated taint(s), 2 node(s) didn't satisfy existing pods anti-affinity rules."
            + preemption(victims: 2, helpless: 1)),
        ("its own rule keeps it away", [
            pod("db", "nodeName: a", labels: "app: db"),
            pod("it", "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [\(near)]}}"),
        ], "1 node(s) had untolerated taint(s), 2 node(s) didn't match pod anti-affinity rules."
            + preemption(victims: 2, helpless: 1)),
        ("hard spreading", [
            pod("p", "nodeName: a"), pod("q", "nodeName: b"),
            pod("it", "\(tolerating), topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: "
                + "DoNotSchedule, labelSelector: {matchLabels: {app: web}}}]"),
        ], "c"),
        ("a tainted zone counts unless it is left out", [
            pod("p", "nodeName: a"), pod("q", "nodeName: b"),
            pod("it", "topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, "
                + "labelSelector: {matchLabels: {app: web}}}]"),
        ], "1 node(s) had untolerated taint(s), 2 node(s) didn't match pod topology spread constraints."
            + preemption(victims: 2, helpless: 1)),
        ("the zone is left out", [
            pod("p", "nodeName: a"), pod("q", "nodeName: a"),
            pod("it", "topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, nodeTaintsPolicy: Honor, whenUnsatisfiable: "
                + "DoNotSchedule, labelSelector: {matchLabels: {app: web}}}]"),
        ], "b"),
        ("too few domains", [
            pod("p", "nodeName: a"),
            pod("it", "\(tolerating), topologySpreadConstraints: [{maxSkew: 1, minDomains: 3, topologyKey: zone, "
                + "whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}]"),
        ], "c"),
        ("a missing label", [
            pod("it", "\(tolerating), topologySpreadConstraints: [{maxSkew: 1, topologyKey: rack, whenUnsatisfiable: DoNotSchedule, "
                + "labelSelector: {matchLabels: {app: web}}}]"),
        ], "3 node(s) didn't match pod topology spread constraints (missing required label)." + preemption(helpless: 3)),
        // Scores.
        ("a preferred node", [
            pod("it", "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: "
                + "{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [b]}]}}]}}"),
        ], "b"),
        ("the emptier node", [
            pod("p", "nodeName: a", labels: "app: other", container: "resources: {requests: {cpu: 1, memory: 2Gi}}"),
            pod("it", "", container: "resources: {requests: {cpu: 100m, memory: 200Mi}}"),
        ], "b"),
        // a is used one-sidedly and gets evener, b is even and gets less so.
        ("the node that gets evener", [
            pod("p", "nodeName: a", labels: "app: other", container: "resources: {requests: {cpu: 1800m, memory: 100Mi}}"),
            pod("q", "nodeName: b", labels: "app: other", container: "resources: {requests: {cpu: 900m, memory: 1843Mi}}"),
            pod("it", "", container: "resources: {requests: {cpu: 100m, memory: 1Gi}}"),
        ], "a"),
        ("the node that has not promised more than anybody has", [
            pod("p", "nodeName: a", labels: "app: other", container: "resources: {requests: {memory: 9Pi}}"),
            pod("q", "nodeName: a, overhead: {memory: 9Pi}", labels: "app: other", container: "resources: {requests: {memory: 9Pi}}"),
            pod("it", "", container: "resources: {requests: {memory: 1Gi}}"),
        ], "b"),
        // Containers that ask for nothing count something, each of them.
        ("the node with fewer containers", [
            pod("p", "nodeName: a, initContainers: [{name: x, image: x, restartPolicy: Always}]", labels: "app: other"),
            pod("q", "nodeName: b", labels: "app: other"), pod("it", ""),
        ], "b"),
        ("somebody there would like it near", [
            pod("p", "nodeName: b, affinity: {podAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, "
                + "podAffinityTerm: {labelSelector: {matchLabels: {app: web}}, topologyKey: kubernetes.io/hostname}}]}}",
                labels: "app: friend"),
            pod("it", ""),
        ], "b"),
        ("soft spreading", [
            pod("p", "nodeName: a"), pod("q", "nodeName: a"), pod("r", "nodeName: b"),
            pod("it", "topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: "
                + "ScheduleAnyway, labelSelector: {matchLabels: {app: web}}}]"),
        ], "b"),
    ]

    /// What a pod took is free again when it has finished, and that is told once.
    @Test func sumsBeyondMeasure() throws {
        let state = place((1...3).map { Self.pod("p\($0)", "nodeName: a", container: "resources: {requests: {memory: 9Pi}}") }.joined())
        var scheduling = SchedulerState(seed: 1)
        let made = state.store.pods.all.map { scheduling.count($0) }
        #expect(made == [false, false, false])
        let one = try #require(state.store.pods["default", "p1"])
        let amount = try #require(SchedulerState.requests(of: one.spec)["memory"])
        #expect(scheduling.usage["a"]?.requested["memory"] == 3 * Int128(amount))
        #expect(Int128(amount) * 3 > Int128(Int64.max))
        for name in ["p2", "p3"] {
            var finished = try #require(state.store.pods["default", name])
            finished.status.phase = "Succeeded"
            let told = [scheduling.count(finished), scheduling.count(finished)]
            #expect(told == [true, false])
        }
        #expect(scheduling.usage["a"]?.requested["memory"] == Int128(amount))
        #expect(scheduling.usage["a"]?.assumed["memory"] == Int128(amount))
    }

    @Test(arguments: rows.indices)
    func whereAPodGoes(row: Int) {
        let row = Self.rows[row]
        #expect(found(place(row.pods.joined())) == row.expected, "\(row.title)")
    }
}
