@testable import HawseControl
import Testing

/// What goes with an object that is deleted, and when.
@Suite struct DeletionTests {
    private static let shop = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec: {selector: {app: web}, ports: [{port: 80}]}

        """
        + ControlledCluster.workload(
            "Deployment", "web", "replicas: 2", metadata: ", namespace: shop",
            pods: #"containers: [{name: main, image: "w:1", lifecycle: {preStop: {sleep: {seconds: 5}}}}]"#)

    /// A namespace waits for its pods, which end gracefully; nothing new comes into it meanwhile.
    @Test func aNamespaceWaitsForItsPods() throws {
        var state = ControlledCluster.build(Self.shop)
        let key = ObjectKey(name: "shop")
        try state.delete(kind: "Namespace", key)
        state.reconcile()
        #expect(state.store.namespaces[key]?.status.phase == "Terminating")
        #expect(state.store.services["shop", "web"] == nil)
        #expect(state.store.deployments.isEmpty && state.store.replicaSets.isEmpty)
        #expect(state.store.pods.all.map(\.metadata.isTerminating) == [true, true])
        var loader = ManifestLoader(strict: true)
        loader.load(text: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: late, namespace: shop}\n", file: "c.yaml")
        let problems = state.applyAll(loader.objects)
        #expect(problems.map(\.message) == [
            #"configmaps "late" is forbidden: unable to create new content in namespace shop because it is being terminated"#
        ])
        state.advance(bySeconds: 6)
        #expect(state.store.pods.isEmpty)
        #expect(state.store.namespaces[key] == nil)
    }

    /// Pods that a Job had to count go with it.
    @Test func aJobTakesItsPodsAlong() throws {
        var state = ControlledCluster.build("""
            apiVersion: batch/v1
            kind: Job
            metadata: {name: work}
            spec:
              parallelism: 2
              completions: 2
              template: {spec: {restartPolicy: Never, containers: [{name: main, image: "w:1"}]}}
            """)
        #expect(state.store.pods.count == 2)
        try state.delete(kind: "Job", ObjectKey(namespace: "default", name: "work"))
        state.settle()
        #expect(state.store.pods.isEmpty)
    }

    /// A ReplicaSet of nobody's counts no neighbours: of pods alike the youngest goes, wherever it is.
    @Test func aSetAloneKnowsNoNeighbours() throws {
        var state = ControlledCluster.build(
            ControlledCluster.workload(
                "ReplicaSet", "web", "replicas: 3", pods: #"nodeName: node-1, containers: [{name: main, image: "w:1"}]"#))
        state.advance(bySeconds: 100)
        try state.modify(Kubernetes.ReplicaSet.self, ObjectKey(namespace: "default", name: "web")) {
            $0.spec.template.spec.nodeName = "node-2"
            $0.spec.replicas = 4
        }
        state.settle()
        state.advance(bySeconds: 1)
        try state.scale("ReplicaSet", ObjectKey(namespace: "default", name: "web"), to: 3)
        state.settle()
        #expect(state.store.pods.all.map(\.spec.nodeName) == ["node-1", "node-1", "node-1"])
    }

    /// Pods of a node that is gone are no endpoints any more, and stay for a minute before others take their places.
    @Test func podsOfADeletedNode() throws {
        var state = ControlledCluster.build(Self.shop)
        let node = try #require(state.store.pods.all.first).spec.nodeName
        let before = state.store.pods.all.filter { $0.spec.nodeName == node }.map(\.key)
        func endpoints(_ state: ClusterState) -> Int {
            state.store.slices(of: ObjectKey(namespace: "shop", name: "web")).reduce(0) { $0 + $1.endpoints.count }
        }
        try state.delete(kind: "Node", ObjectKey(name: node))
        state.reconcile()
        #expect(endpoints(state) == 2 - before.count)
        state.advance(bySeconds: 59)
        #expect(before.allSatisfy { state.store.pods[$0] != nil })
        state.advance(bySeconds: 22)
        #expect(before.allSatisfy { state.store.pods[$0] == nil })
        state.settle()
        #expect(endpoints(state) == 2)
        #expect(state.store.pods.all.filter { $0.spec.nodeName == node }.isEmpty)
    }
}
