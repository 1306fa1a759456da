@testable import HawseControl
import Testing

/// Endpoints that somebody wrote, as slices, by the rules of `pkg/controller/endpointslicemirroring`.
@Suite struct MirroringTests {
    private static let service = """
        apiVersion: v1
        kind: Service
        metadata: {name: db}
        spec: {ports: [{name: a, port: 80}, {name: b, port: 81}]}

        """

    private static func endpoints(_ subsets: String, metadata: String = "") -> String {
        "---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: db\(metadata)}\nsubsets:\n\(subsets)\n"
    }

    private static let ports = "ports: [{name: a, port: 80}, {name: b, port: 81}]"

    private func slices(_ state: ClusterState) -> [String] {
        state.store.slices(of: ObjectKey(namespace: "default", name: "db")).map { slice in
            let ports = slice.ports.map { "\($0.name ?? ""):\($0.port ?? 0)" }.sorted().joined(separator: ",")
            let members = slice.endpoints.map { endpoint in
                endpoint.addresses.joined() + (endpoint.conditions.ready == true ? "" : "!") + (endpoint.hostname.map { "=\($0)" } ?? "")
            }
            return "\(slice.addressType) \(ports) \(members.joined(separator: " "))"
        }.sorted()
    }

    static let rows: [(title: String, manifests: String, expected: [String])] = [
        ("one slice a family", endpoints("- addresses: [{ip: 10.0.0.2}, {ip: \"fd00::1\"}, {ip: 10.0.0.1}]\n  \(ports)"),
            ["IPv4 a:80,b:81 10.0.0.1 10.0.0.2", "IPv6 a:80,b:81 fd00::1"]),
        ("subsets of the same ports, in whatever order, are one",
            endpoints("- addresses: [{ip: 10.0.0.1}]\n  \(ports)\n- notReadyAddresses: [{ip: 10.0.0.2}]\n"
                + "  ports: [{name: b, port: 81}, {name: a, port: 80}]"),
            ["IPv4 a:80,b:81 10.0.0.1 10.0.0.2!"]),
        ("others are not", endpoints("- addresses: [{ip: 10.0.0.1}]\n  \(ports)\n- addresses: [{ip: 10.0.0.1}]\n  ports: [{name: a, port: 90}]"),
            ["IPv4 a:80,b:81 10.0.0.1", "IPv4 a:90 10.0.0.1"]),
        ("an address that stands there twice is one, as it was named last",
            endpoints("- addresses: [{ip: 10.0.0.1}]\n  notReadyAddresses: [{ip: 10.0.0.1}]\n  \(ports)"),
            ["IPv4 a:80,b:81 10.0.0.1!"]),
        ("unless its name is another", endpoints("- addresses: [{ip: 10.0.0.1, hostname: x}, {ip: 10.0.0.1, hostname: y}]\n  \(ports)"),
            ["IPv4 a:80,b:81 10.0.0.1=x 10.0.0.1=y"]),
        ("none where they are not to be",
            endpoints("- addresses: [{ip: 10.0.0.1}]\n  \(ports)", metadata: ", labels: {endpointslice.kubernetes.io/skip-mirror: 'true'}"), []),
        ("none for a lock", endpoints("- addresses: [{ip: 10.0.0.1}]\n  \(ports)",
            metadata: ", annotations: {control-plane.alpha.kubernetes.io/leader: '{}'}"), []),
    ]

    @Test(arguments: rows.indices)
    func whatIsMirrored(row: Int) {
        let row = Self.rows[row]
        #expect(slices(ControlledCluster.build(Self.service + row.manifests)) == row.expected, "\(row.title)")
    }

    private let key = ObjectKey(namespace: "default", name: "db")

    /// A slice whose ports are not wanted any more is used again, under its name.
    @Test func slicesAreUsedAgain() throws {
        var state = ControlledCluster.build(Self.service + Self.endpoints("- addresses: [{ip: 10.0.0.1}]\n  \(Self.ports)"))
        let before = try #require(state.store.slices(of: key).first)
        try state.modify(Kubernetes.Endpoints.self, key) { $0.subsets[0].ports.reverse() }
        state.settle()
        #expect(state.store.slices(of: key).map(\.metadata.resourceVersion) == [before.metadata.resourceVersion])
        try state.modify(Kubernetes.Endpoints.self, key) { $0.subsets[0].ports = [$0.subsets[0].ports[0]] }
        state.settle()
        let after = state.store.slices(of: key)
        #expect(after.map(\.metadata.name) == [before.metadata.name])
        #expect(after[0].ports.count == 1)
        #expect(after[0].metadata.generation == 2)
    }

    @Test func labelsAndAnnotationsFollow() throws {
        var state = ControlledCluster.build(
            Self.service + Self.endpoints("- addresses: [{ip: 10.0.0.1}]\n  \(Self.ports)",
                metadata: ", labels: {team: x}, annotations: {note: y, endpoints.kubernetes.io/last-change-trigger-time: z}"))
        let slice = try #require(state.store.slices(of: key).first)
        #expect(slice.metadata.labels == [
            "team": "x", "kubernetes.io/service-name": "db",
            "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
        ])
        #expect(slice.metadata.annotations == ["note": "y"])
        try state.modify(Kubernetes.Endpoints.self, key) { $0.metadata.labels["team"] = nil }
        state.settle()
        #expect(state.store.slices(of: key).first?.metadata.labels["team"] == nil)
        // With a selector the Service has pods' slices, and no copies.
        try state.modify(Kubernetes.Service.self, key) { $0.spec.selector = ["app": "db"] }
        state.settle()
        #expect(slices(state).allSatisfy { !$0.contains("10.0.0.1") })
    }

    @Test func noMoreThanAThousandOfASubset() {
        let addresses = (0..<1100).map { "{ip: 10.1.\($0 / 256).\($0 % 256)}" }.joined(separator: ", ")
        let state = ControlledCluster.build(
            Self.service + Self.endpoints("- addresses: [\(addresses)]\n  \(Self.ports)\n- addresses: [{ip: 10.2.0.1}]\n  \(Self.ports)"))
        #expect(state.store.slices(of: key).map(\.endpoints.count) == [1000])
        #expect(state.events.contains {
            $0.reason == "TooManyAddressesToMirror"
                && $0.message == "A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 100 addresses were skipped"
        })
    }
}
