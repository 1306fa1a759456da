import HawseControl
import HawseModel
import Testing

@Suite struct ListingTests {
    private func listing(
        _ words: [String], _ state: ClusterState, _ change: (inout ResourceQuery) -> Void = { _ in }
    ) throws -> ResourceListing {
        var query = ResourceQuery()
        change(&query)
        try query.parse(words, in: state)
        return ResourceListing(query, of: state)
    }

    private var shop: ClusterState {
        ClusterState.build(from: RecordedCluster.load("mixed-app/objects").objects).state
    }

    @Test func servicesLookLikeKubectl() throws {
        let text = try listing(["svc"], shop) { $0.namespace = "shop" }.text
        #expect(
            text == """
                NAME            TYPE           CLUSTER-IP       EXTERNAL-IP          PORT(S)                      AGE
                api             ClusterIP      10.107.62.147    <none>               9000/TCP,80/TCP              0s
                db              ClusterIP      10.102.8.90      <none>               5432/TCP                     0s
                db-hl           ClusterIP      None             <none>               5432/TCP                     0s
                front           LoadBalancer   10.106.131.183   203.0.113.80         80:31395/TCP,443:31755/TCP   0s
                front-metrics   NodePort       10.108.73.43     <none>               9100:30910/TCP               0s
                legacy          ExternalName   <none>           legacy.example.net   <none>                       0s

                """)
    }

    @Test func podsShowReadinessAndNode() throws {
        let text = try listing(["pods"], shop) {
            $0.namespace = "shop"
            $0.output = .wide
            $0.selector = try! LabelQuery("app=db")
        }.text
        #expect(
            text == """
                NAME   READY   STATUS    RESTARTS   AGE   IP           NODE     NOMINATED NODE   READINESS GATES
                db-0   1/1     Running   0          0s    10.244.1.5   node-b   <none>           <none>
                db-1   0/1     Running   0          0s    10.244.2.3   node-c   <none>           <none>

                """)
    }

    @Test func otherColumns() throws {
        let state = shop
        #expect(try listing(["nodes"], state).text.hasPrefix("NAME     STATUS   ROLES    AGE"))
        let slices = try listing(["endpointslices"], state) { $0.namespace = "shop" }.text
        #expect(slices.hasPrefix("NAME                  ADDRESSTYPE   PORTS       ENDPOINTS                                      AGE\n"))
        #expect(slices.contains("10.244.0.3,10.244.1.3,10.244.2.2 + 1 more...   0s\n"))
        let all = try listing(["all"], state) { $0.allNamespaces = true }.text
        #expect(all.contains("NAMESPACE   NAME"))
        #expect(all.contains("default     service/kubernetes"))
        let names = try listing(["svc/api", "pod/api-0"], state) {
            $0.namespace = "shop"
            $0.output = .name
        }
        #expect(names.text == "service/api\npod/api-0\n")
    }

    @Test(arguments: [
        ("{.items[*].metadata.name}", "api db db-hl front front-metrics legacy"),
        ("{.items[0].spec.ports[?(@.name==\"http\")].port}", "80"),
        ("{range .items[?(@.spec.type==\"ClusterIP\")]}{.metadata.name}{\"\\n\"}{end}", "api\ndb\ndb-hl\n"),
        ("{.items[-1:].metadata.name}/{.kind}", "legacy/List"),
        ("{.items[0]['kind','apiVersion']}", "Service v1"), ("{..clusterIPs[0]}", "10.107.62.147 10.102.8.90 None 10.106.131.183 10.108.73.43"),
        ("{.items[0].metadata.labels.no\\.such/label}", ""),
    ])
    func jsonPaths(template: String, expected: String) throws {
        let text = try listing(["svc"], shop) {
            $0.namespace = "shop"
            $0.output = try! ResourceQuery.Output("jsonpath=" + template)
        }.text
        #expect(text == expected)
    }

    @Test func columnsOfOnesOwn() throws {
        let text = try listing(["svc"], shop) {
            $0.namespace = "shop"
            $0.output = try! ResourceQuery.Output("custom-columns=NAME:.metadata.name,PORTS:.spec.ports[*].port,OUT:.status.x")
            $0.sortBy = try! JSONPath(relaxed: "spec.type")
            $0.fieldSelector = try! FieldQuery("metadata.name!=legacy")
        }.text
        #expect(
            text == """
                NAME            PORTS     OUT
                api             9000,80   <none>
                db              5432      <none>
                db-hl           5432      <none>
                front           80,443    <none>
                front-metrics   9100      <none>

                """)
        #expect(throws: ResourceQuery.Failure.self) { try ResourceQuery.Output("go-template={{.kind}}") }
        #expect(throws: JSONPath.Failure.self) { try JSONPath("{range .items[*]}x") }
    }

    @Test func labelsAndFields() throws {
        let text = try listing(["pods"], shop) {
            $0.namespace = "shop"
            $0.fieldSelector = try! FieldQuery("spec.nodeName=node-c")
            $0.selector = try! LabelQuery("app=db")
            $0.labelColumns = ["app"]
            $0.showsLabels = true
        }.text
        #expect(text.hasPrefix("NAME   READY   STATUS    RESTARTS   AGE   APP   LABELS\ndb-1   0/1     Running   0          0s    db    app=db,"))
        let refused = try listing(["svc"], shop) { $0.fieldSelector = try! FieldQuery("spec.x=1") }
        #expect(refused.messages.first == "Error from server (BadRequest): field label not supported: spec.x")
    }

    /// The server makes its tables for wide listings and kubectl leaves columns out: nothing is cut short.
    @Test func loadBalancersAreShownWhole() throws {
        let state = ClusterState.build(from: RecordedCluster.load("loadbalancer-ipmode/objects").objects).state
        for output in [ResourceQuery.Output.table, .wide] {
            let text = try listing(["svc", "two"], state) { $0.output = output }.text
            let cell = text.split(separator: "\n").last?.split(separator: " ").map(String.init)[3]
            #expect(cell?.contains(",") == true && cell?.hasSuffix("...") == false)
        }
    }

    @Test func whatIsNotThereIsSaid() throws {
        let missing = try listing(["pod", "nobody"], shop)
        #expect(missing.messages == ["Error from server (NotFound): pods \"nobody\" not found"])
        #expect(!missing.isComplete)
        #expect(try listing(["ingresses"], shop).messages == ["No resources found in default namespace."])
        #expect(throws: ResourceQuery.Failure.self) { try listing(["servcies"], shop) }
    }

    @Test func yamlReadsBack() throws {
        let state = shop
        for kind in ["services", "pods", "endpointslices", "nodes"] {
            let text = try listing([kind], state) {
                $0.allNamespaces = true
                $0.output = .yaml
            }.text
            var loader = ManifestLoader()
            loader.load(text: text, file: "again")
            #expect(loader.diagnostics.map(\.description) == [])
            let json = try listing([kind], state) {
                $0.allNamespaces = true
                $0.output = .json
            }.text
            var other = ManifestLoader()
            other.load(text: json, file: "again")
            #expect(loader.objects.map(\.node) == other.objects.map(\.node))
            #expect(!loader.objects.isEmpty)
        }
    }

    @Test(arguments: [
        "true", "12", "1.5", "", "a: b", "- x", "@x", "two\nlines", "two\nlines\n", "it's", "null", "2026-11-23T05:17:31Z",
        "#no", " led", "*", "{}", "y", "tab\tx", "a\\b", "-", "10.0.0.1", "0x1f", "~", "k8s: \"q\"",
    ])
    func yamlTextsSurvive(text: String) throws {
        let node = ManifestNode(.map([.init("key", .string(text)), .init("list", ManifestNode(.list([.string(text)])))]))
        #expect(try YAMLReader.parse(YAMLWriter.text(node)) == [node])
    }

    @Test(arguments: [
        ("app=web", true), ("app==web,tier!=db", true), ("app in (web, api)", true), ("app notin (web)", false),
        ("tier", false), ("!tier", true), ("app!=web", false), ("x notin (a),app", true), ("", true),
    ])
    func selectors(text: String, matches: Bool) throws {
        #expect(try LabelQuery(text).matches(["app": "web"]) == matches)
    }

    @Test(arguments: ["=", "a=b,", "app inn (a)", "app=two words"])
    func badSelectorsAreRefused(text: String) {
        #expect(throws: LabelQuery.Failure.self) { try LabelQuery(text) }
    }
}

@Suite struct DescriptionTests {
    private func text(_ words: [String], _ namespace: String = "shop") throws -> String {
        let state = ClusterState.build(from: RecordedCluster.load("mixed-app/objects").objects).state
        var query = ResourceQuery()
        query.namespace = namespace
        try query.parse(words, in: state)
        let (text, messages) = ResourceDescription.text(query, of: state)
        #expect(messages.isEmpty)
        return text
    }

    @Test func servicesShowPortsAndEndpoints() throws {
        let text = try text(["service", "api"])
        #expect(
            text == """
                Name:                     api
                Namespace:                shop
                Labels:                   <none>
                Annotations:              <none>
                Selector:                 app=api
                Type:                     ClusterIP
                IP Family Policy:         SingleStack
                IP Families:              IPv4
                IP:                       10.107.62.147
                IPs:                      10.107.62.147
                Port:                     grpc  9000/TCP
                TargetPort:               grpc/TCP
                Endpoints:                10.244.0.3:9000,10.244.1.3:9000,10.244.2.2:9000 + 1 more...
                Port:                     http  80/TCP
                TargetPort:               http/TCP
                Endpoints:                10.244.0.3:8080,10.244.1.3:8080,10.244.2.2:8080 + 1 more...
                Session Affinity:         ClientIP
                Internal Traffic Policy:  Cluster
                Events:                   <none>

                """)
    }

    @Test func everyKindCanBeDescribed() throws {
        #expect(try text(["pod", "front-0"]).contains("Node:"))
        #expect(try text(["nodes"]).contains("PodCIDR:"))
        #expect(try text(["endpointslices"]).contains("AddressType:"))
        #expect(try text(["namespace", "shop"]).contains("Status:"))
    }
}
