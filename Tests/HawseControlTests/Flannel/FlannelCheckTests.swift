import HawseControl
import HawseModel
import Testing

/// What is wrong with flannel's part of manifests is named by field, at its line.
@Suite struct FlannelCheckTests {
    private static func manifests(_ configuration: String, _ node: String = "") -> [ManifestDiagnostic] {
        var loader = ManifestLoader(strict: true)
        loader.load(
            text: """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: kube-flannel-cfg, namespace: kube-flannel}
                data:
                  net-conf.json: |
                    \(configuration)
                ---
                apiVersion: v1
                kind: Node
                metadata: {name: node-a}
                spec: {podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24]}
                status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
                \(node)
                """, file: "flannel.yaml")
        return Flannel.Check.manifests(loader.objects)
    }

    private static let good = #"{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan"}}"#

    private static func node(
        _ annotation: String, _ value: String, range: String = "10.244.3.0/24", address: String = "192.0.2.3"
    ) -> String {
        var annotations = [
            "backend-data": #"{"VNI":1,"VtepMAC":"aa:bb:cc:00:00:03"}"#, "backend-type": "vxlan", "kube-subnet-manager": "true",
            "public-ip": address,
        ]
        if !annotation.isEmpty { annotations[annotation] = value }
        let lines = annotations.sorted { $0.key < $1.key }.map { "    flannel.alpha.coreos.com/\($0.key): '\($0.value)'" }
        return """
            ---
            apiVersion: v1
            kind: Node
            metadata:
              name: node-b
              annotations:
            \(lines.joined(separator: "\n"))
            spec: {podCIDR: \(range), podCIDRs: [\(range)]}
            status: {addresses: [{type: InternalIP, address: 192.0.2.3}]}
            """
    }

    @Test func nothingIsWrongWithGoodOnes() {
        #expect(Self.manifests(Self.good).isEmpty)
        #expect(Self.manifests(Self.good, Self.node("", "")).isEmpty)
    }

    @Test(arguments: [
        (#"{"Network":"10.244.0.0/33"}"#, "data[net-conf.json].Network", 6, 16),
        (#"{"Network":"10.244.0.0/16","Backend":{"Type":"vxlna"}}"#, "data[net-conf.json].Backend.Type", 6, 42),
        (#"{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan",}}"#, "data[net-conf.json]", 6, 58),
    ])
    func configurationIsRefusedByFieldAndPlace(text: String, field: String, line: Int32, column: Int32) {
        let found = Self.manifests(text)
        #expect(found.map(\.field) == [field])
        #expect(found.first?.file == "flannel.yaml")
        #expect(found.first?.mark == SourceMark(line: Int(line), column: Int(column)), "\(found)")
    }

    @Test(arguments: [
        ("backend-data", #"{"VNI":1,"VtepMAC":"aa:bb:cc"}"#), ("backend-data", #"{"VNI":1,"#),
        ("backend-data", #"{"VNI":7,"VtepMAC":"aa:bb:cc:00:00:03"}"#), ("backend-type", "vxlna"), ("backend-type", "host-gw"),
        ("public-ip", "192.0.2.333"), ("node-public-ip", "fd00::1"),
    ])
    func annotationsAreRefusedByName(name: String, value: String) {
        let found = Self.manifests(Self.good, Self.node(name, value))
        #expect(found.map(\.field) == ["metadata.annotations[flannel.alpha.coreos.com/\(name)]"], "\(found)")
        #expect(found.allSatisfy { $0.severity == .error && $0.mark.line > 18 })
    }

    @Test(arguments: [
        ("10.244.1.0/24", "192.0.2.3", "colliding-leases"), ("10.244.1.128/25", "192.0.2.3", "overlapping-subnets"),
        ("10.9.3.0/24", "192.0.2.3", "outside-network"), ("10.244.3.0/24", "192.0.2.1", "shared-address"),
    ])
    func leasesAreHeldAgainstEachOther(range: String, address: String, kind: String) {
        let found = Self.manifests(Self.good, Self.node("", "", range: range, address: address))
        #expect(found.map { String($0.message.prefix { $0 != ":" }) } == [kind], "\(found)")
    }

    @Test func unknownAnnotationsAreNamed() {
        let found = Self.manifests(Self.good, Self.node("public-op", "192.0.2.3"))
        #expect(found.map(\.severity) == [.warning])
        #expect(found.first?.suggestion == "flannel.alpha.coreos.com/public-ip")
    }

    @Test func policiesThatNobodyEnforcesAreNamedOnce() {
        var loader = ManifestLoader()
        for name in ["deny", "allow"] {
            loader.load(
                text: "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: \(name)}\n"
                    + "spec: {podSelector: {}}\n", file: "\(name).yaml")
        }
        let warnings = Flannel.Check.policies(loader.objects)
        #expect(warnings.map(\.severity) == [.warning])
        #expect(warnings.first?.file == "deny.yaml")
        #expect(warnings.first?.message.hasPrefix("NetworkPolicy default/deny, default/allow: neither Flannel") == true)
        #expect(Flannel.Check.policies([]).isEmpty)
    }
}
