import HawseControl
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
}
