import HawseControl
import Testing

/// Workloads changed step by step, against the recorded stages.
@Suite struct RolloutTests {
    private func build(_ name: String) -> (state: ClusterState, manifests: ManifestLoader) {
        let manifests = RecordedCluster.load("\(name)/manifests")
        let (state, problems) = ClusterState.build(from: manifests.objects, seed: 11)
        #expect(problems.map(\.description) == [])
        return (state, manifests)
    }

    private func expectStage(_ path: String, _ state: ClusterState, _ manifests: ManifestLoader) {
        let recorded = RecordedCluster.load("\(path)/objects")
        #expect(recorded.diagnostics.map(\.description) == [])
        let found = ClusterSummary(state.store.summarized, manifests: manifests.objects).lines
        let expected = ClusterSummary(recorded.known, manifests: manifests.objects).lines
        let difference = found.difference(from: expected)
        for change in difference.prefix(6) {
            switch change {
            case .insert(_, let line, _): Issue.record("\(path): not recorded: \(line)")
            case .remove(_, let line, _): Issue.record("\(path): recorded, not made: \(line)")
            }
        }
        expectReplicaSets(recorded, state)
        let others = KindSummary.lines(state.store.otherKinds).difference(from: KindSummary.lines(recorded.known))
        for change in others {
            switch change {
            case .insert(_, let line, _): Issue.record("\(path): not recorded: \(line)")
            case .remove(_, let line, _): Issue.record("\(path): recorded, not made: \(line)")
            }
        }
    }

    private func expectReplicaSets(_ recorded: ManifestLoader, _ state: ClusterState) {
        func line(_ set: Kubernetes.ReplicaSet) -> String {
            let notes = set.metadata.annotations.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return "\(set.spec.replicas ?? -1) \(JSONWriter.compact(set.status.written())) \(notes)"
        }
        func ignoringGeneration(_ set: Kubernetes.ReplicaSet) -> Kubernetes.ReplicaSet {
            var copy = set
            copy.status.observedGeneration = 0
            return copy
        }
        #expect(
            state.store.list(Kubernetes.ReplicaSet.self).map { line(ignoringGeneration($0)) }.sorted()
                == recorded.all(Kubernetes.ReplicaSet.self).map { line(ignoringGeneration($0)) }.sorted())
        func status(_ deployment: Kubernetes.Deployment) -> String {
            var status = deployment.status
            status.conditions = status.conditions.map {
                Kubernetes.Condition(type: $0.type, status: $0.status == "True", reason: $0.reason)
            }.sorted { $0.type < $1.type }
            return JSONWriter.compact(status.written()) + "\(deployment.metadata.generation)"
        }
        #expect(
            state.store.list(Kubernetes.Deployment.self).map(status)
                == recorded.all(Kubernetes.Deployment.self).map(status))
    }

    @Test func deploymentScales() throws {
        var (state, manifests) = build("deployment-scale")
        let key = ObjectKey(namespace: "default", name: "web")
        expectStage("deployment-scale/stage-1-three", state, manifests)
        for (count, stage) in [(5, "stage-2-five"), (1, "stage-3-one"), (0, "stage-4-zero")] {
            try state.scale("Deployment", key, to: count)
            state.settle()
            expectStage("deployment-scale/\(stage)", state, manifests)
        }
    }

    @Test func rollingUpdateStallsAndGoesOn() throws {
        var (state, manifests) = build("rolling-update")
        let key = ObjectKey(namespace: "default", name: "roll")
        expectStage("rolling-update/stage-1-before", state, manifests)
        try state.modify(Kubernetes.Deployment.self, key) {
            $0.spec.template.spec.containers[0].image = "registry.lab/roll:2"
            $0.spec.template.metadata.annotations["lab/ready"] = "false"
        }
        state.settle()
        expectStage("rolling-update/stage-2-during", state, manifests)
        // Pods become ready; those that come now are so from the start.
        for _ in 0..<6 {
            for pod in state.store.list(Kubernetes.Pod.self) where pod.metadata.annotations["lab/ready"] == "false" {
                try state.modify(Kubernetes.Pod.self, pod.key) { $0.metadata.annotations["lab/ready"] = "true" }
            }
            state.settle()
        }
        expectStage("rolling-update/stage-3-after", state, manifests)
    }

    @Test func statefulSetKeepsOrdinals() throws {
        var (state, manifests) = build("statefulset")
        expectStage("statefulset/stage-1-three", state, manifests)
        try state.scale("StatefulSet", ObjectKey(namespace: "default", name: "pg"), to: 2)
        state.settle()
        expectStage("statefulset/stage-2-two", state, manifests)
    }

    @Test func daemonSetRunsEverywhere() {
        let (state, manifests) = build("daemonset")
        expectStage("daemonset/stage-1-all", state, manifests)
    }

    @Test func autoscalerRaisesToItsMinimum() {
        let (state, manifests) = build("hpa")
        expectStage("hpa/stage-1", state, manifests)
    }

    @Test func jobsFinishAndCronFires() throws {
        var (state, manifests) = build("job-cronjob")
        state.advance(bySeconds: 61)
        try state.modify(Kubernetes.CronJob.self, ObjectKey(namespace: "default", name: "batch-cron")) {
            $0.spec.suspend = true
        }
        state.settle()
        expectStage("job-cronjob/stage-1", state, manifests)
        let batch = state.store.jobs["default", "batch"]
        #expect(batch?.status.succeeded == 3)
        #expect(batch?.status.conditions.map(\.type) == ["SuccessCriteriaMet", "Complete"])
        #expect(state.store.jobs["default", "batch-idx"]?.status.active == 3)
    }

    @Test func changesReachTheSlices() throws {
        var (state, manifests) = build("incremental-change")
        let pod = ObjectKey(namespace: "default", name: "web-1")
        let service = ObjectKey(namespace: "default", name: "web")
        expectStage("incremental-change/stage-1-start", state, manifests)
        try state.modify(Kubernetes.Pod.self, pod) { $0.metadata.annotations["lab/ready"] = "false" }
        state.settle()
        expectStage("incremental-change/stage-2-unready", state, manifests)
        try state.modify(Kubernetes.Service.self, service) {
            var port = Kubernetes.ServicePort()
            port.name = "alt"
            port.port = 81
            port.targetPort = 8080
            $0.spec.ports.append(port)
        }
        state.settle()
        expectStage("incremental-change/stage-3-port", state, manifests)
        try state.delete(kind: "Service", service)
        state.settle()
        expectStage("incremental-change/stage-4-deleted", state, manifests)
    }
}
