@testable import HawseControl
import Testing

/// StatefulSets and DaemonSets that are updated, by the rules of `pkg/controller/statefulset` and `pkg/controller/daemon`.
@Suite struct SetControllerTests {
    private func statefulSet(_ spec: String) -> ClusterState {
        ControlledCluster.build(
            ControlledCluster.workload("StatefulSet", "db", "replicas: 5\nserviceName: db\n" + spec, pods: Self.container))
    }

    private static let container = #"containers: [{name: main, image: "d:1"}]"#
    private let db = ObjectKey(namespace: "default", name: "db")

    private func images(_ state: ClusterState) -> [String] {
        state.store.list(Kubernetes.Pod.self).sorted { $0.metadata.name < $1.metadata.name }
            .map { "\($0.metadata.name.split(separator: "-").last ?? "")=\($0.spec.containers[0].image)" }
    }

    private func change<T: StoredKind & HasTemplate>(
        _ type: T.Type, _ state: inout ClusterState, _ key: ObjectKey, ready: Bool
    ) throws {
        try state.modify(type, key) {
            $0.template.spec.containers[0].image = "d:2"
            $0.template.metadata.annotations["hawse/ready"] = ready ? "true" : "false"
        }
        state.settle()
    }

    @Test func updatesStopAtAPodThatDoesNotGetReady() throws {
        var state = statefulSet("updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}")
        try change(Kubernetes.StatefulSet.self, &state, db, ready: false)
        #expect(images(state) == ["0=d:1", "1=d:1", "2=d:1", "3=d:1", "4=d:2"])
    }

    @Test func updatesStopAtThePartition() throws {
        var state = statefulSet("updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}")
        try change(Kubernetes.StatefulSet.self, &state, db, ready: true)
        #expect(images(state) == ["0=d:1", "1=d:1", "2=d:2", "3=d:2", "4=d:2"])
        let status = try #require(state.store.statefulSets[db]?.status)
        #expect((status.updatedReplicas, status.currentReplicas) == (3, 2))
        #expect(status.currentRevision != status.updateRevision)
        // A pod below the partition comes back as it was.
        try state.deletePod(ObjectKey(namespace: "default", name: "db-0"))
        state.settle()
        #expect(images(state).first == "0=d:1")
    }

    /// The gate of `maxUnavailable` is off: the field is dropped, and one pod is changed at a time.
    @Test func onlyOneMayBeMissing() throws {
        var state = statefulSet(
            "podManagementPolicy: Parallel\nupdateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 50%}}")
        #expect(state.store.statefulSets[db]?.spec.updateStrategy.rollingUpdate?.maxUnavailable == nil)
        try change(Kubernetes.StatefulSet.self, &state, db, ready: false)
        #expect(images(state) == ["0=d:1", "1=d:1", "2=d:1", "3=d:1", "4=d:2"])
    }

    /// A pod of the old template that is not ready holds nothing up: it is replaced in its turn.
    @Test func unreadyOldPodsAreReplaced() throws {
        var state = statefulSet("podManagementPolicy: Parallel")
        for name in ["db-0", "db-2"] {
            try state.modify(Kubernetes.Pod.self, ObjectKey(namespace: "default", name: name)) {
                $0.metadata.annotations["hawse/ready"] = "false"
            }
        }
        state.settle()
        try change(Kubernetes.StatefulSet.self, &state, db, ready: true)
        #expect(images(state).allSatisfy { $0.hasSuffix("d:2") })
    }

    @Test func onDeleteWaits() throws {
        var state = statefulSet("updateStrategy: {type: OnDelete}")
        try change(Kubernetes.StatefulSet.self, &state, db, ready: true)
        #expect(images(state).allSatisfy { $0.hasSuffix("d:1") })
        try state.deletePod(ObjectKey(namespace: "default", name: "db-1"))
        state.settle()
        #expect(images(state)[1] == "1=d:2")
        let status = try #require(state.store.statefulSets[db]?.status)
        #expect(status.currentRevision != status.updateRevision)
    }

    @Test func ordinalsBeginWhereTheyAreTold() throws {
        var state = statefulSet("ordinals: {start: 3}")
        #expect(images(state).map { $0.prefix(1) } == ["3", "4", "5", "6", "7"])
        try state.scale("StatefulSet", db, to: 2)
        state.settle()
        #expect(images(state).map { $0.prefix(1) } == ["3", "4"])
    }

    /// One pod after another, from above; a pod that is not ready holds those below it, unless it is the lowest of them.
    @Test(arguments: [(["db-4"], 3), (["db-3", "db-4"], 5), (["db-3"], 3)])
    func scalingDownInOrder(unready: [String], left: Int) throws {
        var state = statefulSet("revisionHistoryLimit: 3")
        for name in unready {
            try state.modify(Kubernetes.Pod.self, ObjectKey(namespace: "default", name: name)) {
                $0.metadata.annotations["hawse/ready"] = "false"
            }
        }
        state.settle()
        try state.scale("StatefulSet", db, to: 3)
        state.settle()
        #expect(state.store.pods.count == left)
    }

    // MARK: DaemonSets

    private let agent = ObjectKey(namespace: "default", name: "agent")

    private func daemonSet(_ update: String) -> ClusterState {
        ControlledCluster.build(
            ControlledCluster.workload(
                "DaemonSet", "agent", "updateStrategy: {type: RollingUpdate, rollingUpdate: \(update)}", pods: Self.container),
            nodes: 5)
    }

    private func count(_ state: ClusterState) -> [String: Int] {
        state.store.list(Kubernetes.Pod.self).reduce(into: [:]) { $0[$1.spec.containers[0].image, default: 0] += 1 }
    }

    @Test(arguments: [
        ("{maxUnavailable: 1}", ["d:1": 4, "d:2": 1]), ("{maxUnavailable: 2}", ["d:1": 3, "d:2": 2]),
        // A share of five, rounded up.
        ("{maxUnavailable: 50%}", ["d:1": 2, "d:2": 3]), ("{maxSurge: 1, maxUnavailable: 0}", ["d:1": 5, "d:2": 1]),
        ("{maxSurge: 30%, maxUnavailable: 0}", ["d:1": 5, "d:2": 2]),
    ] as [(String, [String: Int])])
    func daemonsThatDoNotGetReady(update: String, expected: [String: Int]) throws {
        var state = daemonSet(update)
        try change(Kubernetes.DaemonSet.self, &state, agent, ready: false)
        #expect(count(state) == expected)
    }

    @Test(arguments: ["{maxUnavailable: 2}", "{maxSurge: 2, maxUnavailable: 0}"])
    func daemonsThatGetReadyAreReplaced(update: String) throws {
        var state = daemonSet(update)
        try change(Kubernetes.DaemonSet.self, &state, agent, ready: true)
        #expect(count(state) == ["d:2": 5])
        #expect(state.store.daemonSets[agent]?.status.updatedNumberScheduled == 5)
    }

    /// The first failed pod of a node is replaced at once; then a second passes between two, then two.
    @Test func failedDaemonsAreReplacedEverMoreSlowly() throws {
        var state = daemonSet("{maxUnavailable: 1}")
        func current(_ state: ClusterState) -> Kubernetes.Pod? {
            state.store.list(Kubernetes.Pod.self).first { $0.spec.nodeName == "node-1" }
        }
        for wait in [0, 1, 2, 4] as [Double] {
            let pod = try #require(current(state))
            try state.annotate(pod, "hawse/phase", "Failed")
            if wait > 0 {
                #expect(current(state)?.metadata.uid == pod.metadata.uid)
                #expect(current(state)?.status.phase == "Failed")
                state.advance(bySeconds: wait - 0.5)
                #expect(current(state)?.metadata.uid == pod.metadata.uid)
                state.advance(bySeconds: 0.6)
            }
            let next = try #require(current(state))
            #expect(next.metadata.uid != pod.metadata.uid && next.status.phase == "Running")
        }
    }

    @Test func oldDaemonsThatServeNobodyGoAtOnce() throws {
        var state = daemonSet("{maxUnavailable: 1}")
        for pod in state.podsByAge.prefix(3) { try state.annotate(pod, "hawse/ready", "false") }
        try change(Kubernetes.DaemonSet.self, &state, agent, ready: false)
        #expect(count(state) == ["d:1": 2, "d:2": 3])
    }

    /// The node's name takes the place of a daemon's own wishes; what it mounts is told by its claims.
    @Test func podsOfSets() throws {
        let claims = "[{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]"
        let state = ControlledCluster.build(
            ControlledCluster.workload(
                "DaemonSet", "agent",
                pods: "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: "
                    + "[{matchExpressions: [{key: none, operator: DoesNotExist}]}]}}}, " + Self.container)
                + ControlledCluster.workload(
                    "StatefulSet", "db", "replicas: 1\nserviceName: db\nvolumeClaimTemplates: " + claims,
                    pods: #"containers: [{name: main, image: "d:1", volumeMounts: [{name: data, mountPath: /d}]}], "#
                        + "volumes: [{name: tmp, emptyDir: {}}]"))
        let pods = state.store.list(Kubernetes.Pod.self)
        let daemon = try #require(pods.first { $0.metadata.name.hasPrefix("agent-") })
        let terms = daemon.spec.affinity?.nodeAffinity?.required?.nodeSelectorTerms ?? []
        #expect(terms.map(\.matchExpressions.count) == [0])
        #expect(terms.map { $0.matchFields.first?.values ?? [] } == [[daemon.spec.nodeName]])
        let volumes = pods.first { $0.metadata.name == "db-0" }?.spec.other["volumes"]?.items ?? []
        #expect(volumes.map { $0["name"]?.text } == ["data", "tmp"])
        #expect(volumes.first?["persistentVolumeClaim"]?["claimName"]?.text == "data-db-0")
        #expect(state.events.contains { $0.message == "create Pod db-0 in StatefulSet db successful" })
        #expect(state.events.contains { $0.message == "Created pod: \(daemon.metadata.name)" })
    }

    /// A node that is not ready takes no new daemons; one that is there stays, and is where it should not be.
    @Test func daemonsOfANodeThatIsLost() throws {
        var state = daemonSet("{maxUnavailable: 1}")
        try state.stopNode("node-2")
        state.advance(bySeconds: 400)
        let status = try #require(state.store.daemonSets[agent]?.status)
        #expect((status.desiredNumberScheduled, status.numberMisscheduled, status.numberReady) == (4, 1, 4))
        #expect(state.store.pods.count == 5)
        try state.startNode("node-2")
        state.settle()
        #expect(state.store.daemonSets[agent]?.status.desiredNumberScheduled == 5)
    }
}

protocol HasTemplate { var template: Kubernetes.PodTemplate { get set } }

extension Kubernetes.StatefulSet: HasTemplate {
    var template: Kubernetes.PodTemplate {
        get { spec.template }
        set { spec.template = newValue }
    }
}

extension Kubernetes.DaemonSet: HasTemplate {
    var template: Kubernetes.PodTemplate {
        get { spec.template }
        set { spec.template = newValue }
    }
}
