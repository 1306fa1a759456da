@testable import HawseControl
import HawseModel
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

    /// Finalizers of others hold a namespace that is empty, its own until somebody takes them off.
    @Test(arguments: ["metadata: {name: shop, finalizers: [example.com/guard]}", "metadata: {name: shop}\nspec: {finalizers: [example.com/guard]}"])
    func aNamespaceWaitsForFinalizers(fields: String) throws {
        var state = ControlledCluster.build("apiVersion: v1\nkind: Namespace\n\(fields)\n")
        let key = ObjectKey(name: "shop")
        try state.delete(kind: "Namespace", key)
        state.advance(bySeconds: 5)
        let left = try #require(state.store.namespaces[key])
        #expect(left.status.phase == "Terminating")
        #expect(left.spec.finalizers + left.metadata.finalizers == ["example.com/guard"])
        try state.patch(
            Kubernetes.Namespace.self, key,
            ManifestNode(.map([.init("metadata", ManifestNode(.map([.init("finalizers", ManifestNode(.null))])))])))
        // A patch does not reach those of the spec.
        #expect((state.store.namespaces[key] == nil) == fields.hasPrefix("metadata: {name: shop, f"))
    }

    @Test(arguments: ["default", "kube-system", "kube-public"]) func namespacesThatStay(name: String) {
        var state = ControlledCluster.build("")
        let error = #expect(throws: StatusError.self) { try state.delete(kind: "Namespace", ObjectKey(name: name)) }
        #expect(error?.message == "namespaces \"\(name)\" is forbidden: this namespace may not be deleted")
        #expect(state.store.namespaces[ObjectKey(name: "default")]?.metadata.isTerminating == false)
    }

    /// What is not there is named with its group.
    @Test func whatIsNotThere() {
        var state = ControlledCluster.build("")
        let key = ObjectKey(namespace: "default", name: "web")
        #expect(throws: StatusError.notFound("deployments.apps", "web")) { try state.delete(kind: "Deployment", key) }
        #expect(throws: StatusError.notFound("services", "web")) { try state.delete(kind: "Service", key) }
    }

    /// The largest grace period is one without an end that anybody sees.
    @Test func aGraceForEver() throws {
        var state = ControlledCluster.build(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: it}\n"
                + "spec: {terminationGracePeriodSeconds: 9223372036854775807, containers: [{name: main, image: 'w:1', "
                + "lifecycle: {preStop: {sleep: {seconds: 20}}}}]}")
        let key = ObjectKey(namespace: "default", name: "it")
        try state.deletePod(key)
        state.advance(bySeconds: 15)
        #expect(state.store.pods[key]?.metadata.isTerminating == true)
        state.settle()
        #expect(state.store.pods.isEmpty)
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
