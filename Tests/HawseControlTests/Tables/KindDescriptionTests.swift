@testable import HawseControl
import Testing

/// `hawse describe` of kinds with a layout of their own.
@Suite struct KindDescriptionTests {
    private func text(_ words: [String], _ folder: String, namespace: String = "default") throws -> String {
        let state = ClusterState.build(from: RecordedCluster.load(folder).objects, seed: 4).state
        var query = ResourceQuery()
        query.namespace = namespace
        try query.parse(words, in: state)
        return ResourceDescription.text(query, of: state).text
    }

    @Test func slicesListTheirEndpoints() throws {
        let text = try text(["endpointslices"], "nodeport-local/objects")
        #expect(text.contains("AddressType:  IPv4\nPorts:\n  Name  Port  Protocol\n  ----  ----  --------\n  http  8080  TCP\n"))
        #expect(text.contains("  - Addresses:  10.244."))
        #expect(text.contains("\n      Ready:    true\n    Hostname:   <unset>\n"))
        #expect(text.contains("Zone:       zone-1\n"))
    }

    @Test func jobsTellHowFarTheyAre() throws {
        let text = try text(["job", "batch"], "job-cronjob/manifests")
        #expect(text.contains("Parallelism:      2\nCompletions:      3\n"))
        #expect(text.contains("Pods Statuses:    0 Active (0 Ready) / 3 Succeeded / 0 Failed\nPod Template:\n"))
        #expect(text.contains("Completion Mode:  NonIndexed\n"))
    }

    @Test func statefulSetsAndDaemonSetsCountTheirPods() throws {
        let set = try text(["sts"], "statefulset/manifests")
        #expect(set.contains("Replicas:           3 desired | 3 total\nUpdate Strategy:    RollingUpdate\n  Partition:        0\n"))
        #expect(set.contains("Pods Status:        3 Running / 0 Waiting / 0 Succeeded / 0 Failed\n"))
        let daemon = try text(["ds"], "daemonset/manifests")
        #expect(daemon.contains("Desired Number of Nodes Scheduled: 3\nCurrent Number of Nodes Scheduled: 3\n"))
    }

    @Test func ingressesShowTheirBackends() throws {
        let text = try text(["ing"], "ingress/manifests")
        #expect(text.contains("Rules:\n  Host"))
        #expect(text.contains("----"))
        #expect(text.contains(":8080"))
        #expect(text.contains("Default backend:"))
    }

    @Test func secretsKeepTheirSecrets() {
        var loader = ManifestLoader()
        loader.load(
            text: """
                apiVersion: v1
                kind: Secret
                metadata: {name: key}
                data: {a: AAE=}
                stringData: {b: hidden}
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: conf}
                data: {k: value}
                """, file: "data.yaml")
        let state = ClusterState.build(from: loader.objects).state
        func text(_ word: String) -> String {
            var query = ResourceQuery()
            try? query.parse([word], in: state)
            return ResourceDescription.text(query, of: state).text
        }
        #expect(text("secret/key").contains("Type:  Opaque\n\nData\n====\na:  2 bytes\nb:  6 bytes\n"))
        #expect(!text("secret/key").contains("hidden"))
        #expect(text("configmap/conf").contains("\nData\n====\nk:\n----\nvalue\n\n\nBinaryData\n====\n"))
    }

    @Test func prioritiesAndBudgets() throws {
        let state = ControlledCluster.build("""
            apiVersion: scheduling.k8s.io/v1
            kind: PriorityClass
            metadata: {name: high}
            value: 1000
            description: for what cannot wait
            ---
            apiVersion: policy/v1
            kind: PodDisruptionBudget
            metadata: {name: guard}
            spec: {maxUnavailable: 25%, selector: {matchLabels: {app: web}}}
            """)
        let high = try #require(state.store.priorityClasses[ObjectKey(name: "high")])
        #expect(ResourceDescription.describe(high, state) == """
            Name:              high
            Value:             1000
            GlobalDefault:     false
            PreemptionPolicy:  PreemptLowerPriority
            Description:       for what cannot wait
            Annotations:       <none>
            Events:            <none>

            """)
        let budget = try #require(state.store.disruptionBudgets["default", "guard"])
        #expect(ResourceDescription.describe(budget, state) == """
            Name:             guard
            Namespace:        default
            Max unavailable:  25%
            Selector:         app=web
            Status:
                Allowed disruptions:  0
                Current:              0
                Desired:              0
                Total:                0
            Events:                   <none>

            """)
    }

    /// What is told again and again is one line; each event has its author.
    @Test func eventsOfAPod() throws {
        var state = ControlledCluster.build("""
            apiVersion: v1
            kind: Pod
            metadata: {name: it, annotations: {hawse/run-seconds: "1", hawse/exit-code: "3"}}
            spec: {containers: [{name: main, image: "i:1"}]}
            """)
        state.advance(bySeconds: 40)
        let pod = try #require(state.store.pods["default", "it"])
        let text = ResourceDescription.describe(pod, state)
        let lines = text.split(separator: "\n").suffix(5).map { $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ") }
        #expect(lines.first?.hasPrefix("Normal Scheduled 40s default-scheduler ") == true)
        #expect(lines.last?.hasPrefix("Warning BackOff 6s (x3 over 38s) kubelet spec.containers{main}: Back-off restarting failed container main in pod it_default(") == true)
    }
}
