import HawseControl
import Testing

/// The scenarios of Ingress's conformance suite and the tables of its documentation.
@Suite struct GenericIngressTests {
    static let scenarios = RouteRow.table("ingress-conformance")
    static let paths = RouteRow.table("ingress-paths")

    @Test func tablesAreComplete() {
        #expect(Self.scenarios.count == 20)
        #expect(Self.paths.count == 21)
    }

    @Test(arguments: scenarios)
    func scenarioIsServed(row: RouteRow) throws {
        var objects = RouteObjects.collect(row.objects(["ingresses", "services"]), seed: 0).objects
        row.addEndpoints(to: &objects)
        for secret in row.node["secrets"]?.items ?? [] {
            let made = tlsSecret(
                secret["name"]?.text ?? "", namespace: secret["namespace"]?.text ?? "", hosts: secret["dnsNames"]?.words ?? [])
            objects.secrets[made.key] = made
        }
        var router = RequestRouter(objects)
        let expected = try #require(row.node["expect"])
        guard row.node["request"]?.entries != nil else {
            // A class nobody owns.
            #expect(expected["served"]?.flag == false)
            #expect(router.notes.contains { $0.contains("is served by no controller") })
            return
        }
        let decision = router.route(try row.request())
        if let status = expected["status"]?.int { #expect(decision.status == status) }
        if let service = expected["service"] { #expect(decision.backend?.service == service.text) }
        if let port = expected["servicePort"] { #expect(decision.backend?.port == port.text ?? "\(port.int ?? 0)") }
        if let host = expected["tlsHostname"]?.text { #expect(decision.certificate?.name == host) }
        if let sees = expected["backendSees"] {
            if let host = sees["host"]?.text { #expect(decision.backendHost == host) }
            if let path = sees["path"]?.text { #expect(decision.path == path) }
        }
    }

    @Test(arguments: paths)
    func pathMatchesAsDocumented(row: RouteRow) throws {
        var loader = ManifestLoader()
        loader.load(node: try #require(row.node["ingress"]), file: "table")
        var router = RequestRouter(RouteObjects.collect(loader.objects, seed: 0).objects)
        let decision = router.route(try row.request())
        let expected = try #require(row.node["expect"])
        #expect(decision.backend?.service == expected["service"]?.text)
        #expect((decision.rule != nil) == expected["matches"]?.flag)
        if let path = expected["path"]?.text { #expect(decision.rule?.path == path) }
        if let type = expected["pathType"]?.text { #expect(decision.rule?.pathType == type) }
        if let host = expected["host"]?.text { #expect(decision.rule?.host == host) }
    }

    private static func router(_ yaml: String, _ options: RequestRouter.Options = .init()) -> RequestRouter {
        var loader = ManifestLoader()
        loader.load(text: yaml, file: "test")
        #expect(!loader.hasErrors, "\(loader.diagnostics)")
        return RequestRouter(RouteObjects.collect(loader.objects, seed: 0).objects, options)
    }

    private static func ingress(_ name: String, class className: String? = nil, _ rules: String, metadata: String = "") -> String
    {
        """
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: \(name), namespace: shop\(metadata)}
        spec: {\(className.map { "ingressClassName: \($0), " } ?? "")\(rules)}

        """
    }

    private static func rule(_ host: String, _ path: String, _ type: String, _ service: String, _ port: String = "number: 80")
        -> String
    {
        "{host: \"\(host)\", http: {paths: [{path: \(path), pathType: \(type), backend: {service: {name: \(service), port: {\(port)}}}}]}}"
    }

    private static func get(_ host: String, _ path: String = "/") -> RouteRequest {
        var request = RouteRequest()
        (request.host, request.path) = (host, path)
        return request
    }

    @Test func exactHostHidesTheWildcard() {
        var router = Self.router(
            Self.ingress(
                "a", "rules: [\(Self.rule("*.example", "/", "Prefix", "any")), \(Self.rule("a.example", "/x", "Prefix", "one"))]")
        )
        #expect(router.route(Self.get("a.example", "/x")).backend?.service == "one")
        #expect(router.route(Self.get("A.Example:8080", "/x")).backend?.service == "one")
        #expect(router.route(Self.get("a.example", "/y")).status == 404)
        #expect(router.route(Self.get("b.example", "/y")).backend?.service == "any")
    }

    @Test func olderIngressKeepsADuplicatePath() {
        let rules = { "rules: [\(Self.rule("a.example", "/", "Prefix", $0))]" }
        let young = Self.ingress("a", rules("young"), metadata: ", creationTimestamp: \"2026-01-02T00:00:00Z\"")
        let old = Self.ingress("b", rules("old"), metadata: ", creationTimestamp: \"2026-01-01T00:00:00Z\"")
        var router = Self.router(young + old)
        #expect(router.route(Self.get("a.example")).backend?.service == "old")
    }

    @Test func classesDecideWhoIsServed() {
        let classes = """
            apiVersion: networking.k8s.io/v1
            kind: IngressClass
            metadata: {name: edge, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}
            spec: {controller: example.com/edge}

            """
        var router = Self.router(
            classes + Self.ingress("a", class: "edge", "rules: [\(Self.rule("a.example", "/", "Prefix", "a"))]")
                + Self.ingress("b", "rules: [\(Self.rule("b.example", "/", "Prefix", "b"))]")
                + Self.ingress("c", class: "edgy", "rules: [\(Self.rule("c.example", "/", "Prefix", "c"))]"))
        #expect(router.route(Self.get("a.example")).backend?.service == "a")
        #expect(router.route(Self.get("b.example")).backend?.service == "b")
        #expect(router.route(Self.get("c.example")).status == 404)
        #expect(router.notes.contains { $0.contains("shop/c") && $0.contains("did you mean \"edge\"") })
    }

    @Test func endpointsAndPortsDecideTheStatus() {
        let service = """
            apiVersion: v1
            kind: Service
            metadata: {name: web, namespace: shop}
            spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}, {name: admin, port: 81}]}
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
            addressType: IPv4
            ports: [{name: http, port: 8080, protocol: TCP}]
            endpoints: [{addresses: [10.244.1.5], conditions: {ready: true}}, {addresses: [10.244.1.6], conditions: {ready: false}}]

            """
        let rules = [
            Self.rule("a.example", "/", "Prefix", "web", "name: http"),
            Self.rule("b.example", "/", "Prefix", "web", "number: 81"),
            Self.rule("c.example", "/", "Prefix", "web", "number: 82"), Self.rule("d.example", "/", "Prefix", "none"),
        ]
        var router = Self.router(service + Self.ingress("a", "rules: [\(rules.joined(separator: ", "))]"))
        let served = router.route(Self.get("a.example"))
        #expect(served.status == 200)
        #expect(served.backend?.endpoint == "10.244.1.5:8080")
        for host in ["b.example", "c.example", "d.example"] { #expect(router.route(Self.get(host)).status == 503) }
        #expect(router.route(Self.get("c.example")).reason.contains("no port 82"))
    }
}
