import HawseControl
import HawseModel
import Testing

@Suite struct ManifestLoaderTests {
    private func load(_ text: String, strict: Bool = false) -> ManifestLoader {
        var loader = ManifestLoader(strict: strict)
        loader.load(text: text, file: "a.yaml")
        return loader
    }

    @Test func readsDocumentsListsAndTypedLists() {
        let loader = load(
            """
            apiVersion: v1
            kind: Service
            metadata: {name: a, namespace: x}
            spec:
              ports:
              - port: 80
                targetPort: http
            ---
            ---
            apiVersion: v1
            kind: List
            items:
            - apiVersion: v1
              kind: Node
              metadata: {name: n}
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSliceList
            items:
            - metadata: {name: s}
              addressType: IPv4
              endpoints: []
            """)
        #expect(loader.diagnostics.isEmpty)
        #expect(loader.objects.map(\.kind) == ["Service", "Node", "EndpointSlice"])
        let service = loader.all(Kubernetes.Service.self)[0]
        #expect(service.spec.ports[0].targetPort == "http")
        #expect(service.key == ObjectKey(namespace: "x", name: "a"))
    }

    @Test func wrongTypesNameFileLineColumnAndPath() {
        let loader = load(
            """
            apiVersion: v1
            kind: Service
            metadata:
              name: a
            spec:
              ports:
              - port: http
            """)
        #expect(loader.objects.isEmpty)
        #expect(
            loader.diagnostics.map(\.description) == [
                "a.yaml:7:11: error: spec.ports[0].port: json: cannot unmarshal string into Go struct field "
                    + "ServicePort.spec.ports.port of type int32"
            ])
    }

    @Test func unknownFieldsAreSaidOnceWithTheNearestWord() {
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {sessionAfinity: None}\n---\n"
        let loader = load(service + service)
        #expect(loader.objects.count == 2)
        #expect(loader.diagnostics.count == 1)
        #expect(loader.diagnostics[0].field == "spec.sessionAfinity")
        #expect(loader.diagnostics[0].suggestion == "sessionAffinity")
        #expect(loader.diagnostics[0].mark == SourceMark(line: 4, column: 8))
        #expect(load(service, strict: true).hasErrors)
    }

    @Test func unknownKindsAreKept() {
        let loader = load("apiVersion: example.net/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 3}\n")
        #expect(loader.objects.map(\.kind) == ["Widget"])
        #expect(loader.objects[0].node["spec"]?["size"]?.int == 3)
        #expect(!loader.hasErrors)
        #expect(loader.diagnostics.count == 1)
    }

    @Test func damageIsReportedWhereItIs() {
        let loader = load("apiVersion: v1\nkind: [Service\n")
        #expect(loader.hasErrors)
        #expect(loader.diagnostics[0].mark.line >= 2)
        #expect(load("- a\n").hasErrors)
        #expect(load("just text").hasErrors)
        #expect(load("kind: Service\nmetadata: {name: a}\n").diagnostics[0].field == "apiVersion")
    }

    @Test(arguments: [
        ("1", ManifestNode.Value.integer(1)), ("010", .integer(8)), ("0x1f", .integer(31)), ("-3", .integer(-3)),
        ("1_000", .integer(1000)), ("yes", .bool(true)), ("Off", .bool(false)), ("~", .null), ("1.5", .number(1.5, text: "1.5")),
        ("1:30", .string("1:30")), ("10.0.0.1", .string("10.0.0.1")), ("1e3", .number(1000, text: "1e3")),
        ("99999999999999999999", .number(1e20, text: "99999999999999999999")), ("y", .string("y")),
        ("2026-11-23T05:17:31Z", .string("2026-11-23T05:17:31Z")), ("08", .integer(8)),
    ])
    func plainScalars(text: String, value: ManifestNode.Value) {
        #expect(ManifestNode(YAMLReader.plainScalar(text)) == ManifestNode(value))
    }

    @Test func jsonAndYamlGiveTheSameObject() {
        let json = load("{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n\\u00e9\",\"labels\":{\"a\":\"b\"}}}")
        let yaml = load("apiVersion: v1\nkind: Node\nmetadata:\n  name: né\n  labels: {a: b}\n")
        #expect(json.all(Kubernetes.Node.self) == yaml.all(Kubernetes.Node.self))
        #expect(json.all(Kubernetes.Node.self).count == 1)
    }

    @Test func anchorsAndMergeKeys() {
        let loader = load(
            """
            apiVersion: v1
            kind: ConfigMap
            metadata: &m {name: a, labels: {x: "1"}}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: b
              labels: &l {x: "1"}
              annotations:
                <<: *l
                y: "2"
            """)
        let maps = loader.all(Kubernetes.ConfigMap.self)
        #expect(maps.count == 2)
        #expect(maps.last?.metadata.annotations == ["x": "1", "y": "2"])
    }
}
