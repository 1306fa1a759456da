import HawseControl
import Testing

/// `hawse get -w`: what is there, then a row for each change.
@Suite struct WatchListingTests {
    private static let manifests = """
        apiVersion: v1
        kind: Node
        metadata: {name: node-a}
        spec: {podCIDR: 10.244.0.0/24}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db, namespace: shop}
        spec:
          replicas: 1
          serviceName: db
          selector: {matchLabels: {app: db}}
          template:
            metadata: {labels: {app: db}}
            spec: {containers: [{name: main, image: db}]}
        """

    private func run(_ steps: String) throws -> ScenarioRun {
        var loader = ManifestLoader()
        loader.load(text: Self.manifests, file: "db.yaml")
        let (state, problems) = ClusterState.build(from: loader.objects)
        #expect(problems.isEmpty)
        let (scenario, complaints) = Scenario.read(text: steps, file: "steps.yaml")
        #expect(complaints.isEmpty)
        return ScenarioRun(try #require(scenario), state: state)
    }

    /// What is printed up to a moment; the listing first.
    private func text(
        _ words: [String], _ run: inout ScenarioRun, until end: Double, events: Bool = false,
        _ change: (inout ResourceQuery) throws -> Void = { _ in }
    ) throws -> String {
        var query = ResourceQuery()
        query.namespace = "shop"
        try query.parse(words, in: run.state)
        try change(&query)
        var watch = try ResourceWatch(query, showsEvents: events)
        var text = watch.text(of: ResourceListing(query, of: run.state), in: run.state)
        watch.begin(&run)
        while let moment = run.nextMoment, moment <= end {
            run.advance(to: max(moment, run.elapsed))
            text += watch.text(ofChangesIn: &run)
        }
        return text
    }

    @Test func aWorkloadScales() throws {
        var run = try run("steps:\n- {at: 10s, scale: {statefulset: db, namespace: shop, replicas: 2}}\n")
        let rows = try text(["statefulsets"], &run, until: 60).split(separator: "\n")
        #expect(rows.first == "NAME   READY   AGE")
        #expect(rows.dropFirst().first?.hasPrefix("db     1/1     ") == true)
        #expect(rows.last?.hasPrefix("db     2/2     ") == true)
        #expect(rows.dropFirst(2).contains { $0.hasPrefix("db     1/2     ") })
        #expect(rows.filter { $0.hasPrefix("NAME") }.count == 1)
    }

    /// Widths grow and never shrink, and what was deleted is shown once more.
    @Test func eventsAreTold() throws {
        var run = try run("steps:\n- {at: 10s, scale: {statefulset: db, namespace: shop, replicas: 0}}\n")
        let rows = try text(["pods"], &run, until: 120, events: true).split(separator: "\n")
        #expect(rows.first == "EVENT   NAME   READY   STATUS    RESTARTS   AGE")
        #expect(rows.dropFirst().first?.hasPrefix("ADDED   db-0   1/1     Running   0 ") == true)
        #expect(rows.dropFirst(2).first?.hasPrefix("MODIFIED   db-0   1/1     Terminating   0 ") == true)
        #expect(rows.last?.hasPrefix("DELETED    db-0   1/1     Terminating   0 ") == true)
    }

    /// An object that the selector takes no more is deleted for the watcher.
    @Test func selectorsAreWatched() throws {
        var run = try run(
            "steps:\n- {at: 1s, patch: {pod: db-0, namespace: shop, merge: {metadata: {labels: {tier: hot}}}}}\n"
                + "- {at: 2s, patch: {pod: db-0, namespace: shop, merge: {metadata: {labels: {tier: cold}}}}}\n")
        let rows = try text(["pods"], &run, until: 5, events: true) {
            $0.selector = try LabelQuery("tier=hot")
            $0.headers = false
        }.split(separator: "\n")
        #expect(rows.count == 2)
        #expect(rows.first?.hasPrefix("ADDED   db-0 ") == true)
        #expect(rows.last?.hasPrefix("DELETED   db-0 ") == true)
    }

    @Test func otherFormats() throws {
        let steps = "steps:\n- {at: 1s, scale: {statefulset: db, namespace: shop, replicas: 0}}\n"
        var run = try run(steps)
        let names = try text(["pod", "db-0"], &run, until: 120) { $0.output = .name }
        #expect(Set(names.split(separator: "\n")) == ["pod/db-0"])
        run = try self.run(steps)
        let lines = try text(["pods"], &run, until: 120, events: true) { $0.output = .json }.split(separator: "\n")
        #expect(lines.first?.hasPrefix(#"{"type":"ADDED","object":{"#) == true)
        #expect(lines.last?.hasPrefix(#"{"type":"DELETED","object":{"#) == true)
        run = try self.run(steps)
        let documents = try text(["pods"], &run, until: 120) { $0.output = .yaml }
        #expect(documents.split(separator: "\n").filter { $0 == "---" }.count == lines.count - 1)
    }

    @Test func oneKindAtATime() throws {
        let run = try run("steps: []\n")
        for (words, reason) in [
            (["pods,svc"], "you may only specify a single resource type"),
            (["pods", "a", "b"], "watch is only supported on individual resources and resource collections"),
        ] {
            var query = ResourceQuery()
            try query.parse(words, in: run.state)
            let failure = #expect(throws: ResourceQuery.Failure.self) { _ = try ResourceWatch(query) }
            #expect(failure?.description == reason)
        }
    }
}
