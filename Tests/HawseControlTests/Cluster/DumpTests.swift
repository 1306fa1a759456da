import HawseControl
import HawseModel
import Testing

@Suite struct DumpTests {
    @Test func scenariosArePresent() { #expect(RecordedCluster.plain.count >= 40) }

    /// Every recorded object is read without a complaint and written back as it was.
    @Test(arguments: RecordedCluster.plain)
    func dumpsSurviveReadingAndWriting(name: String) {
        let loader = RecordedCluster.load("\(name)/objects")
        #expect(loader.diagnostics.map(\.description) == [])
        #expect(!loader.objects.isEmpty)
        for loaded in loader.objects {
            guard case .known(let object) = loaded.content else { continue }
            #expect(object.manifest().withoutNulls == loaded.node.withoutNulls, "\(loaded.kind) \(loaded.metadata.name)")
        }
    }

    /// A dump is a fixed point: the controllers find nothing to change in it.
    @Test(arguments: RecordedCluster.plain)
    func dumpsAreFixedPoints(name: String) {
        let loader = RecordedCluster.load("\(name)/objects")
        let (state, problems) = ClusterState.build(from: loader.objects)
        #expect(problems.map(\.description) == [])
        for loaded in loader.objects {
            switch loaded.content {
            case .known(let object as Kubernetes.Service): expectSame(state.store.services[object.key], object)
            case .known(let object as Kubernetes.EndpointSlice): expectSame(state.store.endpointSlices[object.key], object)
            case .known(let object as Kubernetes.Pod): expectSame(state.store.pods[object.key], object)
            default: break
            }
        }
        #expect(state.store.pods.count == loader.all(Kubernetes.Pod.self).count)
        #expect(state.store.endpointSlices.count == loader.all(Kubernetes.EndpointSlice.self).count)
    }

    private func expectSame<T: KubernetesObject>(_ found: T?, _ recorded: T) {
        guard var found else {
            Issue.record("\(T.kind) \(recorded.key) is missing")
            return
        }
        found.metadata.resourceVersion = recorded.metadata.resourceVersion
        #expect(found == recorded)
    }
}

extension ManifestNode {
    /// Without null values, empty lists and empty maps, which mean the same as their absence.
    var withoutNulls: ManifestNode {
        switch value {
        case .list(let items): return ManifestNode(.list(items.map(\.withoutNulls)))
        case .map(let entries):
            let kept = entries.map { Entry($0.key, $0.node.withoutNulls) }.filter { entry in
                switch entry.node.value {
                case .null: false
                case .list(let items): !items.isEmpty
                case .map(let inner): !inner.isEmpty
                case .string(let text): !text.isEmpty
                default: true
                }
            }
            return ManifestNode(.map(kept))
        default: return self
        }
    }
}

@Suite struct ChangedDumpTests {
    /// A dump goes on living: what happens to its pods reaches its slices.
    @Test func dumpsTakeChanges() throws {
        let loader = RecordedCluster.load("incremental-change/stage-1-start/objects")
        var state = ClusterState.build(from: loader.objects).state
        let service = ObjectKey(namespace: "default", name: "web")
        func ready() -> Int {
            state.store.slices(of: service).flatMap(\.endpoints).filter { $0.conditions.ready != false }.count
        }
        #expect(ready() == 3)
        let pod = ObjectKey(namespace: "default", name: "web-1")
        try state.modify(Kubernetes.Pod.self, pod) { $0.metadata.annotations["lab/ready"] = "false" }
        state.settle()
        #expect(ready() == 2)
        try state.delete(kind: "Pod", ObjectKey(namespace: "default", name: "web-0"))
        state.settle()
        #expect(ready() == 1)
        #expect(state.store.slices(of: service).count == 1)
        try state.delete(kind: "Service", service)
        state.settle()
        #expect(state.store.slices(of: service).isEmpty)
    }
}
