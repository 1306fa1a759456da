import HawseControl
import Testing

/// Values of the wrong type, in the words of Go's decoder: struct, field and type as it prints them.
@Suite struct DecodingErrorTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var manifest: String
        var findings: [String]
        init(_ manifest: String, _ findings: String...) { (self.manifest, self.findings) = (manifest, findings) }
        var testDescription: String { manifest }
    }

    private static func service(_ spec: String, _ metadata: String = "name: a") -> String {
        "apiVersion: v1\nkind: Service\nmetadata: {\(metadata)}\nspec: {\(spec)}"
    }
    private static func pod(_ spec: String, container: String = "") -> String {
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b\(container)}]\(spec)}"
    }
    private static func wrong(_ value: String, _ field: String, _ type: String) -> String {
        "json: cannot unmarshal \(value) into Go struct field \(field) of type \(type)"
    }
    private static func time(_ text: String) -> String { service("ports: [{port: 80}]", "name: a, creationTimestamp: \(text)") }
    private static let layout = "as \"2006-01-02T15:04:05Z07:00\": cannot parse"

    static let rows = [
        Row(service("type: 5"), wrong("number", "ServiceSpec.spec.type", "v1.ServiceType")),
        Row(service("ipFamilies: IPv4"), wrong("string", "ServiceSpec.spec.ipFamilies", "[]v1.IPFamily")),
        Row(service("ipFamilies: [4]"), wrong("number", "ServiceSpec.spec.ipFamilies", "v1.IPFamily")),
        Row(service("externalIPs: [4]"), wrong("number", "ServiceSpec.spec.externalIPs", "string")),
        Row(service("ports: {port: 80}"), wrong("object", "ServiceSpec.spec.ports", "[]v1.ServicePort")),
        Row(service("ports: [80]"), wrong("number", "ServiceSpec.spec.ports", "v1.ServicePort")),
        Row(service("ports: [{port: 80, targetPort: true}]"), "json: cannot unmarshal bool into Go value of type int32"),
        Row(service("ports: [{port: 80}]", "name: a, labels: {x: 1}"), wrong("number", "ObjectMeta.metadata.labels", "string")),
        Row(pod(", restartPolicy: no"), wrong("bool", "PodSpec.spec.restartPolicy", "v1.RestartPolicy")),
        Row(pod("", container: ", env: [{name: A, value: 1}]"), wrong("number", "EnvVar.spec.containers.env.value", "string")),
        Row(pod("", container: ", imagePullPolicy: [Always]"),
            wrong("array", "Container.spec.containers.imagePullPolicy", "v1.PullPolicy")),
        Row(pod(", nodeSelector: {zone: 1}"), wrong("number", "PodSpec.spec.nodeSelector", "string")),
        Row(pod("", container: ", resources: {limits: {cpu: [1]}}"),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
        Row(time("yesterday"), "parsing time \"yesterday\" \(layout) \"yesterday\" as \"2006\""),
        Row(time("2026-13-01T00:00:00Z"), "parsing time \"2026-13-01T00:00:00Z\": month out of range"),
        Row(time("2026-02-30T00:00:00Z"), "parsing time \"2026-02-30T00:00:00Z\": day out of range"),
        Row(time("'2026-02-03'"), "parsing time \"2026-02-03\" \(layout) \"\" as \"T\""),
        Row(time("'2026-02-03 01:02:03Z'"), "parsing time \"2026-02-03 01:02:03Z\" \(layout) \" 01:02:03Z\" as \"T\""),
        Row(time("'2026-02-03T01:02:03'"), "parsing time \"2026-02-03T01:02:03\" \(layout) \"\" as \"Z07:00\""),
        Row(time("'2026-02-03T01:02:03Zx'"), "parsing time \"2026-02-03T01:02:03Zx\": extra text: \"x\""),
        Row(time("'2026-02-03T24:02:03Z'"), "parsing time \"2026-02-03T24:02:03Z\": hour out of range"),
        Row(time("2026"), "json: cannot unmarshal number into Go value of type string"),
        // JSON may say a thing twice, where YAML may not.
        Row(#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","labels":{"x":"1","x":"2"}},"#
            + #""spec":{"ports":[{"port":80,"port":81}],"ports":[{"port":82}]}}"#,
            "strict decoding error: duplicate field \"metadata.labels.x\"",
            "strict decoding error: duplicate field \"spec.ports[0].port\"",
            "strict decoding error: duplicate field \"spec.ports\""),
    ]

    @Test(arguments: rows) func words(row: Row) {
        var loader = ManifestLoader(strict: true)
        loader.load(text: row.manifest, file: "a.yaml")
        let findings = ManifestAdmission.findings(loader).findings
        #expect(findings.filter { $0.code == 400 }.map(\.message) == row.findings, "\(row.manifest)")
    }
}
