@testable import HawseControl
import Testing

/// Priorities and who goes for whom, by the rules of the Priority admission and of the DefaultPreemption plugin.
@Suite struct PreemptionTests {
    private static let classes = """
        apiVersion: scheduling.k8s.io/v1
        kind: PriorityClass
        metadata: {name: high}
        value: 1000
        ---
        apiVersion: scheduling.k8s.io/v1
        kind: PriorityClass
        metadata: {name: patient}
        value: 1000
        preemptionPolicy: Never
        ---
        apiVersion: scheduling.k8s.io/v1
        kind: PriorityClass
        metadata: {name: middle}
        value: 100
        ---
        apiVersion: scheduling.k8s.io/v1
        kind: PriorityClass
        metadata: {name: low}
        value: 10

        """

    /// Two nodes of two CPUs.
    static func build(_ manifests: String, settle: Bool = true) -> (state: ClusterState, problems: [ManifestDiagnostic]) {
        var loader = ManifestLoader(strict: true)
        for name in ["a", "b"] {
            loader.load(
                text: """
                    apiVersion: v1
                    kind: Node
                    metadata: {name: \(name), labels: {kubernetes.io/hostname: \(name)}}
                    spec: {podCIDR: 10.244.1.0/24}
                    status: {allocatable: {cpu: '2', memory: 4Gi, pods: '10'}, conditions: [{type: Ready, status: 'True'}]}
                    """, file: "\(name).yaml")
        }
        loader.load(text: classes + manifests, file: "pods.yaml")
        #expect(loader.diagnostics.map(\.description) == [])
        return ClusterState.build(from: loader.objects, seed: 1, settle: settle)
    }

    static func pod(
        _ name: String, _ priority: String, cpu: String = "2", node: String = "", label: String = "", spec: String = "",
        container: String = ""
    ) -> String {
        """
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), labels: {app: \(label.isEmpty ? name : label)}}
        spec:
          \(priority.isEmpty ? "" : "priorityClassName: \(priority)")
          \(node.isEmpty ? "" : "nodeName: \(node)")
          \(spec)
          containers: [{name: main, image: "i:1", resources: {requests: {cpu: \(cpu)}}\(container.isEmpty ? "" : ", \(container)")}]

        """
    }

    private static let away = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
        + "[{labelSelector: {matchLabels: {app: near}}, topologyKey: kubernetes.io/hostname}]}}"
    private static let budget = """
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: guard}
        spec: {minAvailable: 1, selector: {matchLabels: {app: guarded}}}

        """
    private static let short = "0/2 nodes are available: 2 Insufficient cpu."
    private static let none = "no new claims to deallocate, preemption: 0/2 nodes are available:"

    /// Who goes, where the pod `it` comes to be, and what is said of it first.
    static let rows: [(title: String, pods: [String], victims: [String], node: String, says: String)] = [
        ("the least important pod goes", [pod("p", "low", node: "a"), pod("q", "middle", node: "b"), pod("it", "high")],
            ["p"], "a", short),
        ("nobody of the same priority does", [pod("p", "high", node: "a"), pod("q", "high", node: "b"), pod("it", "high")],
            [], "", "\(short) \(none) 2 No preemption victims found for incoming pod."),
        ("nor for one that waits its turn", [pod("p", "low", node: "a"), pod("q", "low", node: "b"), pod("it", "patient")],
            [], "", "\(short) no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never."),
        ("nor where the node is too small", [pod("p", "low", node: "a"), pod("it", "high", cpu: "3")],
            [], "", "\(short) \(none) 2 Preemption is not helpful for scheduling."),
        ("nor where it would not be enough", [
            pod("p", "low", cpu: "1", node: "a"), pod("r", "high", cpu: "1", node: "a"), pod("q", "high", node: "b"),
            pod("it", "middle"),
        ], [], "", "\(short) \(none) 1 Insufficient cpu, 1 No preemption victims found for incoming pod."),
        ("no more than need be", [
            pod("p", "low", cpu: "1", node: "a"), pod("q", "low", cpu: "1", node: "a"), pod("r", "high", node: "b"),
            pod("it", "high", cpu: "1"),
        ], ["q"], "a", short),
        ("the more important stays", [
            pod("p", "low", cpu: "1", node: "a"), pod("q", "middle", cpu: "1", node: "a"), pod("r", "high", node: "b"),
            pod("it", "high", cpu: "1"),
        ], ["p"], "a", short),
        ("the least sum of priorities", [
            pod("p", "low", cpu: "1", node: "a"), pod("q", "low", cpu: "1", node: "a"), pod("r", "low", node: "b"),
            pod("it", "high"),
        ], ["r"], "b", short),
        ("the node whose most important victim is less so", [
            pod("p", "low", cpu: "1", node: "a"), pod("q", "low", cpu: "1", node: "a"), pod("r", "middle", node: "b"),
            pod("it", "high"),
        ], ["p", "q"], "a", short),
        ("a budget is kept where another node will do", [
            budget, pod("p", "low", node: "a", label: "guarded"), pod("q", "middle", node: "b"), pod("it", "high"),
        ], ["q"], "b", short),
        ("and broken where none will", [
            budget, pod("p", "low", node: "a", label: "guarded"), pod("q", "high", node: "b"), pod("it", "high"),
        ], ["p"], "a", short),
        ("those within the budget go first", [
            budget, pod("p", "middle", cpu: "1", node: "a", label: "guarded"), pod("q", "middle", cpu: "1", node: "a"),
            pod("r", "high", node: "b"), pod("it", "high", cpu: "1"),
        ], ["q"], "a", short),
        ("a port is made free", [
            pod("p", "low", cpu: "1", node: "a", container: "ports: [{containerPort: 1, hostPort: 80}]"),
            pod("q", "high", cpu: "1", node: "b", container: "ports: [{containerPort: 1, hostPort: 80}]"),
            pod("it", "high", cpu: "1", container: "ports: [{containerPort: 1, hostPort: 80}]"),
        ], ["p"], "a", "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports."),
        ("who keeps it away goes", [
            pod("p", "low", cpu: "1", node: "a", spec: away), pod("q", "high", cpu: "1", node: "b", spec: away),
            pod("it", "high", cpu: "1", label: "near"),
        ], ["p"], "a", "0/2 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules."),
        ("who it would not be near goes", [
            pod("p", "low", cpu: "1", node: "a", label: "near"), pod("q", "high", cpu: "1", node: "b", label: "near"),
            pod("it", "high", cpu: "1", spec: away),
        ], ["p"], "a", "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules."),
        ("a pod that names its node looks at no other", [
            pod("p", "high", node: "a"),
            pod("it", "high", spec: "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: "
                + "[{matchFields: [{key: metadata.name, operator: In, values: [a]}]}]}}}"),
        ], [], "", "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't satisfy plugin(s) [NodeAffinity]. \(none) "
            + "1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling."),
    ]

    @Test(arguments: rows.indices)
    func whoGoes(row: Int) {
        let row = Self.rows[row]
        let (state, problems) = Self.build(row.pods.joined())
        #expect(problems.map(\.description) == [])
        let victims = state.events.filter { $0.reason == "Preempted" }
        #expect(victims.map(\.key.name).sorted() == row.victims, "\(row.title)")
        let it = state.store.pods["default", "it"]
        #expect(it?.spec.nodeName == row.node, "\(row.title)")
        #expect(it?.status.nominatedNodeName == "", "\(row.title)")
        for victim in victims {
            #expect(victim.message == "Preempted by pod \(it?.metadata.uid ?? "") on node \(row.node)")
            #expect(state.store.pods[victim.key] == nil)
        }
        #expect(state.events.first { $0.reason == "FailedScheduling" && $0.key.name == "it" }?.message == row.says, "\(row.title)")
    }

    /// The victim has its grace period; meanwhile its node is kept for the pod that it goes for.
    @Test func aVictimEndsGracefully() throws {
        let hook = "lifecycle: {preStop: {sleep: {seconds: 5}}}"
        var (state, _) = Self.build(
            Self.pod("p", "low", cpu: "1", node: "a", container: hook) + Self.pod("q", "high", node: "b")
                + Self.pod("r", "high", cpu: "1", node: "a"))
        func put(_ text: String) throws {
            var loader = ManifestLoader(strict: true)
            loader.load(text: text, file: "more.yaml")
            for object in loader.objects { try state.apply(object) }
            state.reconcile()
        }
        try put(Self.pod("it", "high", cpu: "1"))
        let victim = try #require(state.store.pods["default", "p"])
        #expect(victim.metadata.isTerminating)
        #expect(victim.condition("DisruptionTarget")?.reason == "PreemptionByScheduler")
        #expect(
            victim.condition("DisruptionTarget")?.message
                == "default-scheduler: preempting to accommodate a higher priority pod")
        #expect(state.store.pods["default", "it"]?.status.nominatedNodeName == "a")
        #expect(state.store.pods["default", "it"]?.spec.nodeName == "")
        // Of the same priority, and later: the room is spoken for.
        try put(Self.pod("late", "middle", cpu: "1"))
        state.advance(bySeconds: 4)
        #expect(state.store.pods["default", "p"] != nil)
        state.advance(bySeconds: 2)
        #expect(state.store.pods["default", "p"] == nil)
        #expect(state.store.pods["default", "it"]?.spec.nodeName == "a")
        #expect(state.store.pods["default", "late"]?.spec.nodeName == "")
    }

    private static func priorityClass(_ name: String, _ fields: String) -> String {
        "---\napiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: \(name)}\n\(fields)\n"
    }

    static let refused: [(String, String)] = [
        (pod("it", "absent"), #"pods "it" is forbidden: no PriorityClass with name absent was found"#),
        (pod("it", "high", spec: "priority: 5"),
            #"pods "it" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission "#
                + "controller computed 1000 from the given PriorityClass name"),
        (pod("it", "patient", spec: "preemptionPolicy: PreemptLowerPriority"),
            #"pods "it" is forbidden: the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod "#
                + "spec; priority admission controller computed Never from the given PriorityClass name"),
        (pod("it", "", spec: "preemptionPolicy: Maybe"),
            #"pods "it" is forbidden: the string value of PreemptionPolicy (Maybe) must not be provided in pod "#
                + "spec; priority admission controller computed PreemptLowerPriority from the given PriorityClass name"),
        (priorityClass("one", "value: 1\nglobalDefault: true") + priorityClass("two", "value: 2\nglobalDefault: true"),
            #"priorityclasses.scheduling.k8s.io "two" is forbidden: PriorityClass one is already marked as default. Only one "#
                + "default can exist"),
        (priorityClass("mine", "value: 1000000001"),
            "PriorityClass mine: Forbidden: maximum allowed value of a user defined priority is 1000000000"),
        (priorityClass("system-mine", "value: 1"),
            "PriorityClass system-mine: Forbidden: priority class names with 'system-' prefix are reserved for system use "
                + "only. error: system-mine is not a known system priority class"),
        (priorityClass("high", "value: 7"), "PriorityClass high: Forbidden: may not be changed in an update."),
    ]

    @Test(arguments: refused.indices)
    func refusedPriorities(row: Int) {
        let (_, problems) = Self.build(Self.refused[row].0)
        #expect(problems.map(\.message) == [Self.refused[row].1])
    }

    /// A class that stands behind its pod is there in time, as in a folder that is applied again.
    @Test func theOrderOfAFolderDoesNotMatter() {
        var loader = ManifestLoader(strict: true)
        loader.load(text: Self.pod("it", "late") + Self.priorityClass("late", "value: 3"), file: "a.yaml")
        #expect(ManifestAdmission.findings(loader).findings.map(\.message) == [])
        #expect(ClusterState.build(from: loader.objects).problems.map(\.message) == [])
    }

    @Test func aDefaultClassIsForAll() {
        let (state, _) = Self.build(
            Self.priorityClass("usual", "value: 7\nglobalDefault: true\npreemptionPolicy: Never") + Self.pod("it", ""))
        let spec = state.store.pods["default", "it"]?.spec
        #expect(spec?.priority == 7)
        #expect(spec?.priorityClassName == "usual")
        #expect(spec?.preemptionPolicy == "Never")
    }

    /// A ReplicaSet's pods wait for their class.
    @Test func podsWaitForTheirClass() throws {
        var (state, _) = Self.build(
            ControlledCluster.workload(
                "ReplicaSet", "web", "replicas: 2", pods: #"priorityClassName: later, containers: [{name: main, image: "i:1"}]"#))
        let refusal = #"pods "web-" is forbidden: no PriorityClass with name later was found"#
        #expect(state.store.pods.isEmpty)
        #expect(state.events.contains { $0.reason == "FailedCreate" && $0.message == "Error creating: \(refusal)" })
        let condition = state.store.replicaSets["default", "web"]?.status.conditions.first
        #expect(condition?.type == "ReplicaFailure")
        #expect(condition?.reason == "FailedCreate")
        #expect(condition?.message == refusal)
        var loader = ManifestLoader(strict: true)
        loader.load(text: Self.priorityClass("later", "value: 3"), file: "c.yaml")
        for object in loader.objects { try state.apply(object) }
        state.settle()
        #expect(state.store.pods.all.map(\.spec.priority) == [3, 3])
        #expect(state.store.replicaSets["default", "web"]?.status.conditions.isEmpty == true)
    }

    /// A drain waits for a budget, and asks again every five seconds.
    @Test func aDrainKeepsToABudget() throws {
        var (state, _) = Self.build(
            ControlledCluster.workload(
                "Deployment", "web", "replicas: 2",
                pods: "nodeSelector: {kubernetes.io/hostname: a}, containers: [{name: main, image: 'i:1', "
                    + "readinessProbe: {exec: {command: [t]}, initialDelaySeconds: 12}}]")
                + """
            ---
            apiVersion: policy/v1
            kind: PodDisruptionBudget
            metadata: {name: guard}
            spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
            """)
        #expect(state.store.disruptionBudgets["default", "guard"]?.status.disruptionsAllowed == 1)
        #expect(state.store.disruptionBudgets["default", "guard"]?.status.expectedPods == 2)
        try state.drain("a")
        state.advance(bySeconds: 20)
        // The first went; its replacement has no node, so the second stays.
        #expect(state.store.pods.all.filter { $0.spec.nodeName == "a" }.count == 1)
        #expect(Array(state.draining.values) == ["Cannot evict pod as it would violate the pod's disruption budget."])
        let budget = state.store.disruptionBudgets["default", "guard"]?.status
        #expect(budget?.disruptionsAllowed == 0)
        #expect(budget?.currentHealthy == 1)
        #expect(budget?.conditions.first?.reason == "InsufficientPods")
        try state.setUnschedulable("a", false)
        state.advance(bySeconds: 40)
        // Ready again after twelve seconds: the second goes within five more.
        #expect(state.draining.isEmpty)
        #expect(!state.events.contains { $0.message.hasPrefix("Cannot evict") })
    }

    /// A budget that lets nobody go is nothing to wait for.
    @Test func aDrainThatCannotEnd() throws {
        var (state, _) = Self.build(
            Self.pod("p", "", node: "a", label: "guarded") + Self.budget.replacing("minAvailable: 1", with: "minAvailable: 5"))
        try state.drain("a")
        let before = state.now
        state.settle()
        #expect(state.now == before)
        state.advance(bySeconds: 12)
        #expect(state.draining.keys.map(\.name) == ["p"])
        try state.modify(Kubernetes.PodDisruptionBudget.self, ObjectKey(namespace: "default", name: "guard")) {
            $0.spec.minAvailable = 0
        }
        state.advance(bySeconds: 5)
        #expect(state.draining.isEmpty)
        #expect(state.store.pods["default", "p"]?.metadata.isTerminating ?? true)
    }
}
