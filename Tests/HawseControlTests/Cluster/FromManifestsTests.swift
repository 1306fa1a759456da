import HawseControl
import Testing

/// From the manifests alone to what the API server and the controllers made of them.
@Suite struct FromManifestsTests {
    @Test(arguments: RecordedCluster.plain)
    func objectsFollowFromManifests(name: String) {
        let manifests = RecordedCluster.load("\(name)/manifests")
        #expect(manifests.diagnostics.map(\.description) == [])
        let (state, problems) = ClusterState.build(from: manifests.objects, seed: 7)
        #expect(problems.map(\.description) == [])
        let recorded = RecordedCluster.load("\(name)/objects")
        // Where a recording keeps no pods, none can be compared.
        let found = ClusterSummary(state.store.summarized, manifests: manifests.objects).lines
        let expected = ClusterSummary(recorded.known, manifests: manifests.objects).lines
        expectEqual(found, expected)
        expectEqual(KindSummary.lines(state.store.otherKinds), KindSummary.lines(recorded.known))
    }

    private func expectEqual(_ found: [String], _ expected: [String]) {
        let difference = found.difference(from: expected)
        for change in difference.prefix(6) {
            switch change {
            case .insert(_, let line, _): Issue.record("not recorded: \(line)")
            case .remove(_, let line, _): Issue.record("recorded, not made: \(line)")
            }
        }
        #expect(difference.isEmpty)
    }

    @Test func sameSeedSameCluster() {
        let manifests = RecordedCluster.load("mixed-app/manifests")
        let first = ClusterState.build(from: manifests.objects, seed: 3).state
        let second = ClusterState.build(from: manifests.objects, seed: 3).state
        #expect(Array(first.store.services.all) == Array(second.store.services.all))
        #expect(Array(first.store.endpointSlices.all) == Array(second.store.endpointSlices.all))
        let other = ClusterState.build(from: manifests.objects, seed: 4).state
        #expect(Array(first.store.services.all) != Array(other.store.services.all))
    }
}
