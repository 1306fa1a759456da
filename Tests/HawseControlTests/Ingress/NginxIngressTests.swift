import HawseControl
import HawseModel
import Testing

/// The table of what ingress-nginx does.
@Suite struct NginxIngressTests {
    static let rows = RouteRow.table("ingress-nginx")

    /// Rows that promise nothing but what is not computed, with the reason.
    static let unsupported = [
        "nginx-limit-connections-001": "requests at the same time",
        "nginx-affinity-mode-003": "pods that come and go between requests",
        "nginx-service-backend-002": "the row does not say that the Service has no pod",
    ]
    /// Parts of expectations that are not computed: texts of pages and logs, and nginx's own words.
    static let unchecked = [
        "bodyContains": 6, "bodyLacks": 1, "passWith": 4, "caseInsensitive": 3, "concurrent": 1, "statusCounts": 1, "samePod": 1,
    ]

    static let supported = rows.filter { unsupported[$0.id] == nil }

    @Test func tableIsComplete() {
        #expect(Self.rows.count == 198)
        #expect(Self.supported.count == 195)
        var counts: [String: Int] = [:]
        for key in Self.rows.flatMap({ $0.node["expect"]?.entries ?? [] }).map(\.key) where Self.unchecked[key] != nil {
            counts[key, default: 0] += 1
        }
        #expect(counts == Self.unchecked)
    }

    private func router(_ row: RouteRow) -> RequestRouter {
        var objects = RouteObjects.collect(row.objects(["ingresses", "services", "ingressClasses"]), seed: 0).objects
        // The suite's cluster: its own class, and one of another controller; row 030 is about a controller that may not read classes.
        if row.id != "nginx-ingress-class-030" {
            for (name, controller) in [("nginx", "k8s.io/ingress-nginx"), ("test-new-ingress-class", "k8s.io/other-class")] {
                var value = Kubernetes.IngressClass()
                (value.metadata.name, value.spec.controller) = (name, controller)
                objects.classes.append(value)
            }
        }
        row.addEndpoints(to: &objects)
        for secret in row.node["tlsSecrets"]?.items ?? [] {
            let made = tlsSecret(secret["name"]?.text ?? "", namespace: "test", hosts: secret["hosts"]?.words ?? [])
            objects.secrets[made.key] = made
        }
        for map in row.node["configMaps"]?.items ?? [] {
            var made = Kubernetes.ConfigMap()
            made.metadata = .init(
                name: map["metadata"]?["name"]?.text ?? "", namespace: map["metadata"]?["namespace"]?.text ?? "")
            made.data = Dictionary(uniqueKeysWithValues: map["data"]?.texts ?? [])
            objects.configMaps[made.key] = made
        }
        var options = RequestRouter.Options()
        options.flavour = .nginx
        options.controllerWords = row.node["controllerArgs"]?.words ?? []
        if let config = row.node["controllerConfig"] {
            var made = Kubernetes.ConfigMap()
            made.metadata = .init(name: "nginx-ingress-controller", namespace: "ingress-nginx")
            made.data = Dictionary(uniqueKeysWithValues: config.texts)
            objects.configMaps[made.key] = made
            options.controllerConfig = made.key
        }
        return RequestRouter(objects, options)
    }

    /// A cookie that "the earlier answer" set comes from the row before; httpbun answers /status/N with N.
    private func request(_ row: RouteRow, _ router: inout RequestRouter) throws -> RouteRequest {
        var request = try row.request()
        let last = request.path.split(separator: "/").last.flatMap { Int($0) }
        if request.path.hasPrefix("/status/"), let last { request.backendStatus = last }
        if row.node["request"]?["cookies"]?.texts.contains(where: { $0.1.hasPrefix("(") }) == true,
            let at = Self.rows.firstIndex(where: { $0.id == row.id }), at > 0,
            Self.rows[at - 1].node["ingresses"] == row.node["ingresses"]
        {
            let cookie = router.route(try Self.rows[at - 1].request()).headers["Set-Cookie"] ?? ""
            request.headers.set("Cookie", String(cookie.prefix { $0 != ";" }))
        }
        return request
    }

    @Test(arguments: supported)
    func answerIsAsRecorded(row: RouteRow) throws {
        var router = router(row)
        let request = try request(row, &router)
        let decisions = (0..<row.repetitions).map { _ in router.route(request) }
        for entry in row.node["expect"]?.entries ?? [] where Self.unchecked[entry.key] == nil {
            check(entry.key, entry.node, decisions, request)
        }
    }

    private func check(_ key: String, _ value: ManifestNode, _ decisions: [RouteDecision], _ request: RouteRequest) {
        let decision = decisions[0]
        let cookies = decision.headers["Set-Cookie"] ?? ""
        switch key {
        case "status": #expect(decisions.allSatisfy { $0.status == value.int }, "\(decision.status) \(decision.reason)")
        case "service": #expect(decisions.allSatisfy { $0.backend?.service == value.text }, "\(decision)")
        case "location": #expect(decision.location == value.text)
        case "headers": for (name, text) in value.texts { #expect(decision.headers[name] == text, "\(name)") }
        case "headersContain":
            for (name, text) in value.texts { #expect(decision.headers[name]?.contains(text) == true, "\(name)") }
        case "headersPresent": for name in value.words { #expect(decision.headers[name] != nil, "\(name)") }
        case "headersAbsent": for name in value.words { #expect(decision.headers[name] == nil, "\(name)") }
        case "setCookieContains": for text in value.words { #expect(cookies.contains(text), "\(cookies)") }
        case "setCookieLacks": for text in value.words { #expect(!cookies.contains(text), "\(cookies)") }
        case "backendSees": checkBackend(value, decision, request)
        case "marks", "marksLack":
            let marks = decision.backendHeaders.fields.map { "\($0.name.lowercased())=\($0.value)" }
            for mark in value.words { #expect(marks.contains(mark) == (key == "marks"), "\(mark) in \(marks)") }
        case "minShare":
            for (service, share) in (value.entries ?? []).map({ ($0.key, Double(JSONWriter.compact($0.node)) ?? 2) }) {
                #expect(
                    Double(decisions.filter { $0.backend?.service == service }.count) >= share * Double(decisions.count),
                    "\(service)")
            }
        case "distinctPods": #expect(Set(decisions.compactMap { $0.backend?.endpoint }).count == value.int)
        case "evenShare":
            let counts = Dictionary(grouping: decisions) { $0.backend?.endpoint }.values.map(\.count)
            #expect(
                counts.count == value["pods"]?.int && counts.allSatisfy { abs($0 - (value["each"]?.int ?? 0)) <= 10 }, "\(counts)"
            )
        case "upstreamProtocol":
            #expect(decision.backend?.scheme == (value.text == "same as request scheme" ? request.scheme : value.text))
        case "intercepted": #expect((decision.errorPage != nil) == value.flag)
        case "errorBackend": #expect(decision.errorPage?.backend == value.text)
        case "locationPath": #expect(decision.rule?.path == value.text)
        case "locationOrder": #expect(decision.pathOrder == value.words)
        case "mirror": #expect(!decision.mirrors.isEmpty == value.flag)
        case "mirrorBody": #expect(decision.mirrors.first?.withBody == value.flag)
        case "mirrorTo": #expect(decision.mirrors.first?.target == value.text)
        case "accessRules": #expect(decision.access == value.words)
        case "limitRateKiBPerSecond": #expect(decision.limits.rate == value.int)
        case "tlsCommonName": #expect(decision.certificate?.name == value.text)
        default: Issue.record("nothing checks \(key)")
        }
    }

    private func checkBackend(_ sees: ManifestNode, _ decision: RouteDecision, _ request: RouteRequest) {
        if let path = sees["path"]?.text { #expect(decision.path == path) }
        if let url = sees["url"]?.text { #expect("http://\(decision.backendHost ?? ""):80\(decision.path)" == url) }
        if let host = sees["host"]?.text { #expect(decision.backendHost == host) }
        for (name, value) in sees["headers"]?.texts ?? [] { #expect(decision.backendHeaders[name] == value, "\(name)") }
        for mark in sees["headersLack"]?.words ?? [] {
            let parts = mark.split(separator: "=").map(String.init)
            #expect(decision.backendHeaders[parts[0]] != parts[1], "\(mark)")
        }
    }
}
