@testable import HawseControl
import Testing

/// The arithmetic of rollouts and the order of going, by the rules of `pkg/controller/deployment` and `controller_utils`.
@Suite struct RolloutTableTests {
    private func deployment(_ replicas: Int, surge: Kubernetes.IntOrString, unavailable: Kubernetes.IntOrString)
        -> Kubernetes.Deployment
    {
        var result = Kubernetes.Deployment()
        result.spec.replicas = replicas
        result.spec.strategy.type = "RollingUpdate"
        result.spec.strategy.rollingUpdate = Kubernetes.RollingUpdate()
        result.spec.strategy.rollingUpdate?.maxSurge = surge
        result.spec.strategy.rollingUpdate?.maxUnavailable = unavailable
        return result
    }

    @Test(arguments: [
        (10, "39%", "39%", 4, 3), (4, "25%", "25%", 1, 1), (10, "0%", "0%", 0, 1), (3, "25%", "25%", 1, 0),
        (1, "25%", "25%", 1, 0), (0, "0%", "0%", 0, 0), (100, "1%", "1%", 1, 1),
    ] as [(Int, String, String, Int, Int)])
    func fenceposts(replicas: Int, surge: String, unavailable: String, over: Int, under: Int) {
        let found = ClusterState.fenceposts(deployment(replicas, surge: .string(surge), unavailable: .string(unavailable)))
        #expect(found == (over, under))
    }

    /// Revisions count round as Go's numbers do.
    @Test func theLastRevision() throws {
        var state = ControlledCluster.build(Self.web("1"))
        let set = try #require(state.store.replicaSets.all.first)
        state.store.update(Kubernetes.ReplicaSet.self, set.key) {
            $0.metadata.annotations[DeploymentAnnotation.revision] = String(Int64.max)
        }
        try state.modify(Kubernetes.Deployment.self, ObjectKey(namespace: "default", name: "web")) {
            $0.spec.template.spec.containers[0].image = "w:2"
        }
        state.settle()
        let new = try #require(state.store.replicaSets.all.first { $0.key != set.key })
        #expect(new.status.readyReplicas == 1)
        // The number after the last one is below that of a new ReplicaSet, which is none: nobody gets it.
        #expect(new.metadata.annotations[DeploymentAnnotation.revision] == nil)
        #expect(state.store.deployments.all.first?.metadata.annotations[DeploymentAnnotation.revision] ?? "" == "")
    }

    private static func web(_ image: String) -> String {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: "w:\(image)"}]}}
        """
    }

    @Test(arguments: [
        // wanted, surge, old, new: what the new ReplicaSet may have
        (10, 0, 10, 0, 0), (10, 2, 10, 0, 2), (10, 2, 5, 0, 7), (10, 2, 10, 2, 2), (10, 20, 10, 0, 10),
    ])
    func theNewReplicaSetGrows(wanted: Int, surge: Int, old: Int, new: Int, expected: Int) {
        let deployment = deployment(wanted, surge: .int(surge), unavailable: 0)
        #expect(ClusterState.newReplicas(deployment, current: new, all: old + new) == expected)
    }

    @Test(arguments: [
        // have, wanted, surge, most before: change
        (2, 10, 0, 5, 2), (3, 10, 0, 5, 3), (2, 3, 0, 5, -1), (5, 0, 0, 5, -5), (10, 50, 0, 30, 7), (20, 50, 0, 30, 13),
        (1, 2, 1, 4, 0),
    ])
    func sharesOfAChangedCount(have: Int, wanted: Int, surge: Int, before: Int, change: Int) {
        var set = Kubernetes.ReplicaSet()
        set.spec.replicas = have
        set.metadata.annotations[DeploymentAnnotation.maximum] = String(before)
        #expect(ClusterState.fraction(of: set, in: deployment(wanted, surge: .int(surge), unavailable: 0)) == change)
    }

    private func stalled() throws -> ClusterState {
        var state = ControlledCluster.build(
            ControlledCluster.workload("Deployment", "web", "replicas: 4\nprogressDeadlineSeconds: 60"))
        try state.modify(Kubernetes.Deployment.self, key) {
            $0.spec.template.spec.containers[0].image = "w:2"
            $0.spec.template.metadata.annotations["hawse/ready"] = "false"
        }
        state.settle()
        return state
    }

    private let key = ObjectKey(namespace: "default", name: "web")

    private func sizes(_ state: ClusterState) -> [String: Int] {
        state.store.list(Kubernetes.ReplicaSet.self).reduce(into: [:]) {
            $0[$1.spec.template.spec.containers[0].image] = $1.spec.replicas
        }
    }

    private func progress(_ state: ClusterState) -> String {
        let condition = state.store.deployments[key]?.status.conditions.first { $0.type == "Progressing" }
        return "\(condition?.status ?? "") \(condition?.reason ?? "")"
    }

    @Test func aStalledRolloutIsScaledInProportion() throws {
        var state = try stalled()
        #expect(sizes(state) == ["w:1": 3, "w:2": 2])
        try state.scale("Deployment", key, to: 8)
        state.settle()
        #expect(sizes(state) == ["w:1": 6, "w:2": 4])
        try state.scale("Deployment", key, to: 4)
        state.reconcile()
        #expect(sizes(state) == ["w:1": 3, "w:2": 2])
    }

    @Test func rolloutsHaveADeadline() throws {
        var state = try stalled()
        #expect(progress(state) == "True ReplicaSetUpdated")
        state.advance(bySeconds: 59)
        #expect(progress(state) == "True ReplicaSetUpdated")
        state.advance(bySeconds: 2)
        #expect(progress(state) == "False ProgressDeadlineExceeded")
        try state.rollBack(key)
        state.settle()
        #expect(progress(state) == "True NewReplicaSetAvailable")
        #expect(sizes(state) == ["w:1": 4, "w:2": 0])
    }

    @Test func pausedRolloutsWait() throws {
        var state = try stalled()
        try state.modify(Kubernetes.Deployment.self, key) { $0.spec.paused = true }
        state.settle()
        #expect(progress(state) == "Unknown DeploymentPaused")
        state.advance(bySeconds: 100)
        try state.modify(Kubernetes.Deployment.self, key) { $0.spec.paused = false }
        state.settle()
        // The time in the pause does not count, and nothing has come of it yet.
        #expect(progress(state) == "Unknown DeploymentResumed")
        state.advance(bySeconds: 62)
        #expect(progress(state) == "False ProgressDeadlineExceeded")
    }

    // MARK: Who goes first

    private struct Candidate {
        var node = "n1"
        var phase = "Running"
        var ready: Int64? = 100
        var created: Int64 = 100
        var restarts = 0
        var cost = ""
        var uid = "b"

        var pod: Kubernetes.Pod {
            var pod = Kubernetes.Pod()
            pod.metadata.uid = uid
            pod.metadata.name = uid
            pod.metadata.creationTimestamp = Kubernetes.Time(seconds: 1000 - created)
            if !cost.isEmpty { pod.metadata.annotations["controller.kubernetes.io/pod-deletion-cost"] = cost }
            pod.spec.nodeName = node
            pod.status.phase = phase
            if let ready {
                pod.status.conditions = [
                    Kubernetes.Condition(type: "Ready", status: true, at: Kubernetes.Time(seconds: 1000 - ready))
                ]
            }
            var container = Kubernetes.ContainerStatus()
            container.restartCount = restarts
            pod.status.containerStatuses = [container]
            return pod
        }
    }

    /// Each goes before the one that follows, for the one reason that they differ in.
    @Test func theOrderOfGoing() {
        let pairs: [(Candidate, Candidate)] = [
            (Candidate(node: "", phase: "Pending", ready: nil), Candidate(phase: "Pending", ready: nil)),
            (Candidate(phase: "Pending"), Candidate(phase: "Unknown")),
            (Candidate(phase: "Unknown"), Candidate(phase: "Running")),
            (Candidate(ready: nil), Candidate(ready: 100)),
            (Candidate(cost: "-5"), Candidate(cost: "")),
            (Candidate(cost: ""), Candidate(cost: "7")),
            (Candidate(cost: "+9"), Candidate(cost: "7")),
            (Candidate(node: "n1"), Candidate(node: "n2")),
            (Candidate(ready: 10), Candidate(ready: 100)),
            (Candidate(restarts: 3), Candidate(restarts: 1)),
            (Candidate(created: 10), Candidate(created: 100)),
            // About equally long ready: as good as drawn, by the UID.
            (Candidate(ready: 100, uid: "a"), Candidate(ready: 90, uid: "b")),
            (Candidate(created: 100, uid: "a"), Candidate(created: 90, uid: "b")),
        ]
        // Two more neighbours on n1 than on n2.
        let related = [Candidate(node: "n1"), Candidate(node: "n1"), Candidate(node: "n2")].map(\.pod)
        let order = ScaleDownOrder(related: related, now: Kubernetes.Time(seconds: 1000))
        for (index, (first, second)) in pairs.enumerated() {
            #expect(order.goesBefore(first.pod, second.pod), "row \(index)")
            #expect(!order.goesBefore(second.pod, first.pod), "row \(index)")
        }
    }
}
