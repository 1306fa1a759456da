import HawseControl
import Testing

/// When endpoints were last changed by something, in the order of a slice's ports, and of statuses: what the recordings in pcaps/k8s hold.
@Suite struct EndpointsTriggerTests {
    private static let web = """
        apiVersion: v1
        kind: Pod
        metadata: {name: a, labels: {app: web}}
        spec:
          nodeName: node-1
          containers: [{name: main, image: web, ports: [{name: grpc, containerPort: 9000}, {name: http, containerPort: 8080}]}]
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: b, labels: {app: web}}
        spec:
          nodeName: node-2
          terminationGracePeriodSeconds: 600
          containers: [{name: main, image: web, lifecycle: {preStop: {sleep: {seconds: 500}}}}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: grpc, port: 9000}, {name: http, port: 80, targetPort: 8080}]}
        """
    private static let trigger = "endpoints.kubernetes.io/last-change-trigger-time"

    /// `portsInOrder`: by a hash, so that http (8080) stands before grpc (9000), as in mixed-app.
    @Test func portsOfASliceStandByTheirHash() {
        let state = ControlledCluster.build(Self.web)
        let slices = state.store.list(Kubernetes.EndpointSlice.self).filter { $0.serviceName == "web" }
        #expect(slices.map { $0.ports.map(\.name) } == [["http", "grpc"]])
    }

    /// A pod that is told to end changes the endpoints, but no trigger time: the annotation goes.
    @Test func endingPodsTakeTheTriggerTimeAway() throws {
        var state = ControlledCluster.build(Self.web)
        func annotations() -> [String?] {
            state.store.list(Kubernetes.EndpointSlice.self).filter { $0.serviceName == "web" }.map { $0.metadata.annotations[Self.trigger] }
                + state.store.list(Kubernetes.Endpoints.self).filter { $0.metadata.name == "web" }.map { $0.metadata.annotations[Self.trigger] }
        }
        #expect(annotations().compactMap { $0 }.count == 2)
        state.advance(bySeconds: 10)
        try state.deletePod(ObjectKey(namespace: "default", name: "b"))
        state.reconcile()
        #expect(annotations() == [nil, nil])
    }

    /// A kubelet writes its conditions in its own order, also behind the scheduler's.
    @Test func conditionsStandInTheKubeletsOrder() throws {
        let state = ControlledCluster.build("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i}]}\n")
        let pod = try #require(state.store.list(Kubernetes.Pod.self).first)
        #expect(
            pod.status.conditions.map(\.type)
                == ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"])
    }
}
