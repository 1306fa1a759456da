import HawseControl
import HawseModel
import Testing

/// The table of HTTPRoute's conformance suite.
@Suite struct GatewayRouterTests {
    static let rows = RouteRow.table("gateway-httproute")
    static let requests = rows.filter { $0.kind != "status" }
    static let statuses = rows.filter { $0.kind == "status" }

    @Test func tableIsComplete() {
        #expect(Self.rows.count == 159)
        #expect(Self.requests.count == 146)
        #expect(Self.statuses.count == 13)
    }

    private func router(_ row: RouteRow) -> RequestRouter {
        let (collected, problems) = RouteObjects.collect(
            row.objects(["gateways", "routes", "services", "referenceGrants"]), seed: 0)
        #expect(problems.map(\.description) == [])
        var objects = collected
        for namespace in row.node["namespaces"]?.items ?? [] {
            objects.namespaceLabels[namespace["name"]?.text ?? ""] = Dictionary(
                uniqueKeysWithValues: namespace["labels"]?.texts ?? [])
        }
        row.addEndpoints(to: &objects)
        return RequestRouter(objects)
    }

    @Test(arguments: requests)
    func answerIsAsRecorded(row: RouteRow) throws {
        var router = router(row)
        var request = try row.request()
        // The suite's backend waits as the query says.
        if let query = request.query, query.hasPrefix("delay="), query.hasSuffix("s") {
            request.backendDelay = (Int(query.dropFirst(6).dropLast()) ?? 0) * 1000
        }
        let decision = router.route(request)
        for entry in row.node["expect"]?.entries ?? [] { check(entry.key, entry.node, decision, request, &router) }
    }

    private func check(
        _ key: String, _ value: ManifestNode, _ decision: RouteDecision, _ request: RouteRequest, _ router: inout RequestRouter
    ) {
        switch key {
        case "status":
            #expect((value.items ?? [value]).contains { $0.int == decision.status }, "\(decision.status) \(decision.reason)")
        case "backend":
            #expect(decision.backend?.namespace == value["namespace"]?.text)
            #expect(decision.backend?.service == value["name"]?.text)
        case "backendSees": checkBackend(value, decision, request)
        case "redirect": checkRedirect(value, decision.location ?? "", request)
        case "responseHeaders": for (name, text) in value.texts { #expect(decision.headers[name] == text, "\(name)") }
        case "responseHeadersOneOf":
            for entry in value.entries ?? [] {
                #expect(entry.node.words.contains(decision.headers[entry.key] ?? ""), "\(entry.key)")
            }
        case "responseHeadersAbsent": for name in value.words { #expect(decision.headers[name] == nil, "\(name)") }
        case "mirroredTo":
            let wanted = (value.items ?? []).map {
                "\($0["namespace"]?.text ?? "")/\($0["name"]?.text ?? "") \($0["percent"]?.int ?? 100)"
            }
            #expect(decision.mirrors.map { "\($0.service?.description ?? "") \($0.percent ?? 100)" } == wanted)
            for (index, entry) in (value.items ?? []).enumerated() {
                let sent = (0..<2000).map { _ in router.route(request) }.filter { $0.mirrors[index].isSent }.count
                #expect(abs(sent - (entry["percent"]?.int ?? 100) * 20) <= 100, "\(sent) of 2000")
            }
        case "shares":
            let services = (0..<2000).compactMap { _ in router.route(request).backend?.service }
            for entry in value.entries ?? [] {
                let share = Double(services.filter { $0 == entry.key }.count) / 2000
                #expect(abs(share - (Double(JSONWriter.compact(entry.node)) ?? 2)) < 0.05, "\(entry.key): \(share)")
            }
        default: Issue.record("nothing checks \(key)")
        }
    }

    private func checkBackend(_ sees: ManifestNode, _ decision: RouteDecision, _ request: RouteRequest) {
        if let path = sees["path"]?.text { #expect(decision.path == path) }
        if let host = sees["host"]?.text { #expect(decision.backendHost == host) }
        if let method = sees["method"]?.text { #expect(request.method == method) }
        for (name, value) in sees["headers"]?.texts ?? [] { #expect(decision.backendHeaders[name] == value, "\(name)") }
        for name in sees["headersAbsent"]?.words ?? [] { #expect(decision.backendHeaders[name] == nil, "\(name)") }
    }

    /// A part left out is the request's; a port left out is the scheme's own.
    private func checkRedirect(_ value: ManifestNode, _ location: String, _ request: RouteRequest) {
        let scheme = value["scheme"]?.text ?? request.scheme
        let host = value["host"]?.text ?? request.host ?? "same-namespace"
        let port = value["port"]?.text.map { ":" + $0 } ?? ""
        #expect(location == "\(scheme)://\(host)\(port)\(value["path"]?.text ?? request.path)")
    }

    @Test(arguments: statuses)
    func statusIsAsRecorded(row: RouteRow) throws {
        let status = router(row).status
        let expected = try #require(row.node["expect"])
        if let condition = expected["condition"] {
            let parent = try #require(
                status.parents.first { "\($0.route)" == expected["route"]?.text && "\($0.gateway)" == expected["gateway"]?.text })
            let found = try #require(parent.conditions.first { $0.type == condition["type"]?.text })
            #expect(found.isTrue == (condition["status"]?.text == "True"))
            #expect(found.reason == condition["reason"]?.text)
        }
        if let count = expected["acceptedParents"]?.int {
            #expect(status.parents.filter { "\($0.route)" == expected["route"]?.text && $0.isAccepted }.count == count)
        }
        if let count = expected["attachedRoutes"]?.int {
            let listeners = status.attached.filter { "\($0.gateway)" == expected["gateway"]?.text }
            #expect(!listeners.isEmpty && listeners.map(\.routes).max() == count)
        }
    }

    /// The server name finds one listener, the Host another.
    @Test func misdirectedRequestsAreRefused() throws {
        var loader = ManifestLoader()
        loader.load(
            text: """
                apiVersion: gateway.networking.k8s.io/v1
                kind: Gateway
                metadata: {name: g, namespace: n}
                spec:
                  gatewayClassName: c
                  listeners:
                  - {name: any, port: 443, protocol: HTTPS}
                  - {name: wild, port: 443, protocol: HTTPS, hostname: "*.w.org"}
                  - {name: one, port: 443, protocol: HTTPS, hostname: a.w.org}
                ---
                apiVersion: gateway.networking.k8s.io/v1
                kind: HTTPRoute
                metadata: {name: r, namespace: n}
                spec:
                  parentRefs: [{name: g}]
                  rules: [{filters: [{type: RequestRedirect, requestRedirect: {hostname: e.org}}]}]
                """, file: "gateway.yaml")
        var router = RequestRouter(RouteObjects.collect(loader.objects, seed: 0).objects)
        for (sni, host, status) in [
            ("a.w.org", "a.w.org", 302), ("a.w.org", "b.w.org", 421), ("b.w.org", "c.w.org", 302), ("b.w.org", "a.w.org", 421),
            ("b.w.org", "x.org", 421), ("x.org", "y.org", 302),
        ] {
            var request = RouteRequest()
            (request.scheme, request.sni, request.host) = ("https", sni, host)
            #expect(router.route(request).status == status, "\(sni) \(host)")
        }
    }

    @Test func fieldsOfTheWrongTypeHaveTheirPlace() {
        var loader = ManifestLoader()
        loader.load(
            text: """
                apiVersion: gateway.networking.k8s.io/v1
                kind: HTTPRoute
                metadata: {name: r, namespace: n}
                spec:
                  rules:
                  - backendRefs: [{name: web, port: many}]
                """, file: "route.yaml")
        let problems = RouteObjects.collect(loader.objects, seed: 0).problems
        #expect(problems.count == 1)
        #expect(problems.first?.description.hasPrefix("route.yaml:6:") == true)
        #expect(problems.first?.field == "spec.rules[0].backendRefs[0].port")
    }
}
