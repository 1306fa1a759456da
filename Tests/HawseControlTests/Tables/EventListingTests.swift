import HawseControl
import Testing

/// `hawse get events`, and the events of `describe`.
@Suite struct EventListingTests {
    /// One pod that ends every five seconds.
    private static let manifests = """
        apiVersion: v1
        kind: Node
        metadata: {name: node-a}
        spec: {podCIDR: 10.244.0.0/24}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: crash, annotations: {hawse/run-seconds: "5", hawse/exit-code: "1"}}
        spec: {containers: [{name: main, image: app}]}
        """

    private func state(after seconds: Double) -> ClusterState {
        var loader = ManifestLoader()
        loader.load(text: Self.manifests, file: "crash.yaml")
        var (state, problems) = ClusterState.build(from: loader.objects)
        #expect(problems.isEmpty)
        state.advance(bySeconds: seconds)
        return state
    }

    private func listing(_ state: ClusterState, _ change: (inout ResourceQuery) throws -> Void = { _ in }) throws -> String {
        var query = ResourceQuery()
        try change(&query)
        try query.parse(["events"], in: state)
        return ResourceListing(query, of: state).text
    }

    @Test func containersTellWhatTheyDo() throws {
        var state = state(after: 12)
        #expect(
            try listing(state) { $0.fieldSelector = try FieldQuery("reason!=Scheduled") } == """
                LAST SEEN   TYPE      REASON    OBJECT      MESSAGE
                7s          Normal    Pulled    pod/crash   Container image "app" already present on machine and can be accessed by the pod
                7s          Normal    Created   pod/crash   Container created
                7s          Normal    Started   pod/crash   Container started
                2s          Warning   BackOff   pod/crash   Back-off restarting failed container main in pod crash_default(\
                \(state.store.pods.sorted.first?.metadata.uid ?? ""))

                """)
        state.advance(bySeconds: 10)
        let wide = try listing(state) {
            $0.output = .wide
            $0.fieldSelector = try FieldQuery("reason=Started")
        }
        let cells = wide.split(separator: "\n")[1].split(separator: " ")
        #expect(cells.contains("spec.containers{main}") && cells.contains("3") && cells.contains("kubelet,") && cells.contains("node-a"))
    }

    @Test func describeCountsWhatRepeats() throws {
        let state = state(after: 22)
        var query = ResourceQuery()
        try query.parse(["pod/crash"], in: state)
        let text = ResourceDescription.text(query, of: state).text
        #expect(text.contains("  Normal   Started    2s (x3 over 22s)  kubelet            spec.containers{main}: Container started\n"))
    }

    @Test func noTwoHaveOneName() throws {
        let names = try listing(state(after: 30)) { $0.output = .name }.split(separator: "\n")
        #expect(names.count > 4 && Set(names).count == names.count)
    }
}
