@testable import HawseControl
import Testing

/// Deployments over several rollouts, by the rules of `pkg/controller/deployment`.
@Suite struct DeploymentTests {
    private let key = ObjectKey(namespace: "default", name: "web")

    private func build(_ spec: String = "", metadata: String = "", container: String = "") -> ClusterState {
        ControlledCluster.build(
            ControlledCluster.workload(
                "Deployment", "web", "replicas: 4\n" + spec, metadata: metadata,
                pods: #"containers: [{name: main, image: "w:1"\#(container)}]"#))
    }

    private func roll(_ state: inout ClusterState, to image: String, ready: Bool = true) throws {
        try state.modify(Kubernetes.Deployment.self, key) {
            $0.spec.template.spec.containers[0].image = image
            $0.spec.template.metadata.annotations["hawse/ready"] = ready ? nil : "false"
        }
        state.settle()
    }

    private func replicaSet(_ state: ClusterState, _ image: String) -> Kubernetes.ReplicaSet? {
        state.store.replicaSets.all.first { $0.spec.template.spec.containers[0].image == image }
    }

    private func sizes(_ state: ClusterState) -> [String: Int] {
        state.store.replicaSets.all.reduce(into: [:]) { $0[$1.spec.template.spec.containers[0].image] = $1.spec.replicas }
    }

    private func conditions(_ state: ClusterState) -> [String] {
        (state.store.deployments[key]?.status.conditions ?? []).map { "\($0.type)=\($0.status) \($0.reason): \($0.message)" }
    }

    private func told(_ state: ClusterState) -> [String] {
        state.events.filter { $0.reason == "ScalingReplicaSet" }.map { event in
            state.store.replicaSets.all.reduce(event.message) {
                $0.replacing($1.metadata.name, with: $1.spec.template.spec.containers[0].image)
            }
        }
    }

    @Test func whatARolloutTells() throws {
        var state = build()
        #expect(told(state) == ["Scaled up replica set w:1 from 0 to 4"])
        let first = try #require(replicaSet(state, "w:1")).metadata.name
        #expect(conditions(state) == [
            "Available=True MinimumReplicasAvailable: Deployment has minimum availability.",
            "Progressing=True NewReplicaSetAvailable: ReplicaSet \"\(first)\" has successfully progressed.",
        ])
        try roll(&state, to: "w:2")
        // One too many and one too few of four: the second pair of new pods is up when the old ones are looked at again.
        #expect(told(state).dropFirst() == [
            "Scaled up replica set w:2 from 0 to 1", "Scaled down replica set w:1 from 4 to 3",
            "Scaled up replica set w:2 from 1 to 2", "Scaled down replica set w:1 from 3 to 1",
            "Scaled up replica set w:2 from 2 to 4", "Scaled down replica set w:1 from 1 to 0",
        ])
    }

    /// Of a version that never worked pods go first; nobody misses them.
    @Test func whatServesNobodyGoesFirst() throws {
        var state = build()
        try roll(&state, to: "w:2", ready: false)
        #expect(sizes(state) == ["w:1": 3, "w:2": 2])
        try roll(&state, to: "w:3", ready: false)
        #expect(sizes(state) == ["w:1": 3, "w:2": 0, "w:3": 2])
        #expect(conditions(state).first == "Available=True MinimumReplicasAvailable: Deployment has minimum availability.")
        #expect(conditions(state).last?.hasPrefix("Progressing=True ReplicaSetUpdated: ReplicaSet \"web-") == true)
    }

    @Test func whatIsTooMuchHistoryGoes() throws {
        var state = build("revisionHistoryLimit: 2")
        for number in 2...5 { try roll(&state, to: "w:\(number)") }
        #expect(sizes(state) == ["w:3": 0, "w:4": 0, "w:5": 4])
        // The one that was taken up again is the latest now, and the oldest number goes.
        try state.rollBack(key, toRevision: 3)
        state.settle()
        #expect(sizes(state) == ["w:3": 4, "w:4": 0, "w:5": 0])
        try roll(&state, to: "w:6")
        #expect(sizes(state) == ["w:3": 0, "w:5": 0, "w:6": 4])
    }

    @Test func revisionsAreCounted() throws {
        var state = build(metadata: ", annotations: {kubernetes.io/change-cause: first, kubectl.kubernetes.io/note: kept}")
        try state.modify(Kubernetes.Deployment.self, key) { $0.metadata.annotations["kubernetes.io/change-cause"] = "second" }
        try roll(&state, to: "w:2")
        let second = try #require(replicaSet(state, "w:2")).metadata.annotations
        #expect(second["kubernetes.io/change-cause"] == "second")
        #expect(second["kubectl.kubernetes.io/note"] == "kept")
        #expect(second["deployment.kubernetes.io/revision"] == "2")
        #expect(second["deployment.kubernetes.io/max-replicas"] == "5")
        try state.rollBack(key)
        state.settle()
        let first = try #require(replicaSet(state, "w:1")).metadata.annotations
        #expect(first["deployment.kubernetes.io/revision"] == "3")
        #expect(first["deployment.kubernetes.io/revision-history"] == "1")
        let deployment = try #require(state.store.deployments[key]).metadata.annotations
        #expect(deployment["deployment.kubernetes.io/revision"] == "3")
        // What the ReplicaSet said of its cause is said again.
        #expect(deployment["kubernetes.io/change-cause"] == "first")
        try state.rollBack(key)
        state.settle()
        try state.rollBack(key)
        state.settle()
        #expect(replicaSet(state, "w:1")?.metadata.annotations["deployment.kubernetes.io/revision-history"] == "1,3")
    }

    private func undo(_ state: inout ClusterState, to revision: Int = 0) -> String {
        do { try state.rollBack(key, toRevision: revision) } catch { return error.message }
        return ""
    }

    @Test func whatCannotBeUndone() throws {
        var state = build()
        let alone = undo(&state)
        #expect(alone == #"no rollout history found for deployment "web""#)
        let unknown = undo(&state, to: 7)
        #expect(unknown == "unable to find specified revision 7 in history")
        try roll(&state, to: "w:2")
        try state.modify(Kubernetes.Deployment.self, key) { $0.spec.paused = true }
        let paused = undo(&state)
        #expect(paused == "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again")
    }

    /// Nothing is rolled while paused, but counts are kept; history is cleaned up.
    @Test func aPausedDeploymentScales() throws {
        var state = build("revisionHistoryLimit: 0")
        try state.modify(Kubernetes.Deployment.self, key) { $0.spec.paused = true }
        try roll(&state, to: "w:2")
        #expect(sizes(state) == ["w:1": 4])
        try state.scale("Deployment", key, to: 6)
        state.settle()
        #expect(sizes(state) == ["w:1": 6])
        #expect(conditions(state).contains("Progressing=Unknown DeploymentPaused: Deployment is paused"))
        try state.modify(Kubernetes.Deployment.self, key) { $0.spec.paused = false }
        state.settle()
        #expect(sizes(state) == ["w:2": 6])
    }

    @Test func minReadySecondsReachTheReplicaSet() throws {
        var state = build()
        try state.modify(Kubernetes.Deployment.self, key) { $0.spec.minReadySeconds = 30 }
        state.settle()
        #expect(replicaSet(state, "w:1")?.spec.minReadySeconds == 30)
        #expect(state.store.replicaSets.count == 1)
    }

    /// The new pods come at the moment when the last old one is gone.
    @Test func recreateWaitsForTheLastPod() throws {
        var state = build(
            "strategy: {type: Recreate}", container: ", lifecycle: {preStop: {sleep: {seconds: 7}}}")
        let before = state.now
        try state.modify(Kubernetes.Deployment.self, key) { $0.spec.template.spec.containers[0].image = "w:2" }
        state.reconcile()
        #expect(sizes(state) == ["w:1": 0])
        state.advance(bySeconds: 6.9)
        #expect(state.store.pods.all.filter { !$0.metadata.isTerminating }.isEmpty)
        state.advance(bySeconds: 0.2)
        #expect(sizes(state) == ["w:1": 0, "w:2": 4])
        let created = state.store.pods.all.compactMap(\.metadata.creationTimestamp)
        #expect(created.map { $0.microseconds - before.microseconds } == Array(repeating: 7_000_000, count: 4))
    }

    /// A pod whose label is taken away is let go, and another one takes its place.
    @Test func aPodOutOfTheSelectionIsLetGo() throws {
        var state = build()
        let pod = try #require(state.podsByAge.first)
        try state.modify(Kubernetes.Pod.self, pod.key) { $0.metadata.labels["app"] = "debug" }
        state.settle()
        #expect(state.store.pods.count == 5)
        #expect(state.store.pods[pod.key]?.metadata.ownerReferences.isEmpty == true)
        #expect(state.store.deployments[key]?.status.availableReplicas == 4)
        // Back again it is one too many.
        try state.modify(Kubernetes.Pod.self, pod.key) { $0.metadata.labels["app"] = "web" }
        state.settle()
        #expect(state.store.pods.count == 4)
    }

    /// A ReplicaSet that lost its owner is taken back.
    @Test func aLostReplicaSetIsTakenBack() throws {
        var state = build()
        let set = try #require(replicaSet(state, "w:1"))
        try state.modify(Kubernetes.ReplicaSet.self, set.key) { $0.metadata.ownerReferences = [] }
        state.settle()
        try state.modify(Kubernetes.Deployment.self, key) { $0.spec.minReadySeconds = 1 }
        state.settle()
        #expect(state.store.replicaSets[set.key]?.metadata.controller?.name == "web")
        #expect(state.store.replicaSets.count == 1)
    }

    /// The name that a ReplicaSet would have is taken: the hash is another one.
    @Test func namesThatAreTaken() throws {
        var state = build()
        let taken = try #require(replicaSet(state, "w:1")).metadata.name
        try state.modify(Kubernetes.ReplicaSet.self, ObjectKey(namespace: "default", name: taken)) {
            $0.spec.template.metadata.annotations["by"] = "somebody else"
        }
        state.settle()
        #expect(state.store.deployments[key]?.status.collisionCount == 1)
        #expect(state.store.replicaSets.all.filter { $0.spec.replicas == 4 }.count == 1)
    }
}
