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
        ("backend-data", #"{"VNI":1,"VtepMAC":"aa:bb:cc"}"#, ".VtepMAC"), ("backend-data", #"{"VNI":1,"#, ""),
        ("backend-data", #"{"VNI":7,"VtepMAC":"aa:bb:cc:00:00:03"}"#, ".VNI"), ("backend-type", "vxlna", ""),
        ("backend-type", "host-gw", ""), ("public-ip", "192.0.2.333", ""), ("node-public-ip", "fd00::1", ""),
        ("public-ip-overwrite", "192.0.2", ""), ("public-ipv6-overwrite", "192.0.2.1", ""), ("node-public-ipv6", "ff02::1", ""),
        ("public-ip", "224.0.0.1", ""), ("backend-v6-data", #"{"VNI":1,"VtepMAC":"01:00:5e:00:00:01"}"#, ".VtepMAC"),
        ("backend-v6-data", "[]", ""), ("kube-subnet-manager", "yes", ""),
    ])
    func annotationsAreRefusedByName(name: String, value: String, inner: String) {
        let found = Self.manifests(Self.good, Self.node(name, value))
        #expect(found.map(\.field) == ["metadata.annotations[flannel.alpha.coreos.com/\(name)]" + inner], "\(found)")
        #expect(found.allSatisfy { $0.severity == .error && $0.mark.line > 18 })
    }

    /// Without a configuration, and all of them.
    @Test func annotationsAreReadWhereverTheyStand() {
        var loader = ManifestLoader(strict: true)
        loader.load(
            text: """
                apiVersion: v1
                kind: Node
                metadata:
                  name: node-a
                  annotations:
                    flannel.alpha.coreos.com/kube-subnet-manager: "true"
                    flannel.alpha.coreos.com/backend-type: vxlna
                    flannel.alpha.coreos.com/backend-data: '{"VNI":99999999,"VtepMAC":"aa:bb","Vni2":1}'
                    flannel.alpha.coreos.com/public-ip: 192.0.2.333
                    flannel.alpha.coreos.com/public-ipv6: 192.0.2.1
                    flannel.alpha.coreos.com/node-public-ip: x
                spec: {podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24]}
                ---
                apiVersion: v1
                kind: Node
                metadata: {name: node-b, annotations: {flannel.alpha.coreos.com/kube-subnet-manager: "true"}}
                spec: {podCIDR: 10.244.1.0/25, podCIDRs: [10.244.1.0/25]}
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: pod, annotations: {flannel.alpha.coreos.com/public-ip: 192.0.2.1}}
                spec: {containers: [{name: c, image: i}]}
                """, file: "nodes.yaml")
        let found = Flannel.Check.manifests(loader.objects)
        let lines = found.map { "\($0.mark.line) " + $0.field.replacing("metadata.annotations[flannel.alpha.coreos.com/", with: "[") }
        #expect(
            lines == [
                "7 [backend-type]", "8 [backend-data].VNI", "8 [backend-data].VtepMAC", "8 [backend-data].Vni2", "9 [public-ip]",
                "10 [public-ipv6]", "11 [node-public-ip]", "16 [backend-type]", "16 [public-ip]", "21 [public-ip]", "17 spec.podCIDR",
            ], "\(found)")
        #expect(found.last?.message.hasPrefix("overlapping-subnets") == true)
    }

    /// net-conf.json under another name, under a mistyped key, and fields that only together are wrong.
    @Test func configurationsAreFoundAndPlaced() {
        func check(_ name: String, _ key: String, _ text: String) -> [String] {
            var loader = ManifestLoader(strict: true)
            loader.load(
                text: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \(name)}\ndata:\n  \(key): |\n    \(text)\n", file: "map.yaml")
            return Flannel.Check.manifests(loader.objects).map { "\($0.mark.line):\($0.mark.column) \($0.field)" }
        }
        #expect(check("other", "net-conf.json", #"{"Network":"10.3.0.0"}"#) == ["6:16 data[net-conf.json].Network"])
        #expect(
            check("other", "net-conf.json", #"{"Network":"10.3.0.0/16","SubnetLen":17}"#) == ["6:42 data[net-conf.json].SubnetLen"])
        #expect(check("kube-flannel-cfg", "net-conf.jsn", "{}") == ["4:1 data"])
        let alone = Flannel.Check.networkConfiguration("{\n \"Network\": \"10.3.0.0/29\"}", file: "net-conf.json")
        #expect(alone.map(\.mark) == [SourceMark(line: 2, column: 13)])
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
