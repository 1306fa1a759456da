import HawseControl
import Testing

/// Rules of ingress-nginx and of nginx that no row of the table needs.
@Suite struct NginxRuleTests {
    private func router(_ ingresses: String..., words: [String] = [], config: [String: String] = [:]) -> RequestRouter {
        var loader = ManifestLoader()
        for (number, text) in ingresses.enumerated() {
            loader.load(
                text: """
                    apiVersion: networking.k8s.io/v1
                    kind: Ingress
                    metadata: {name: i\(number), namespace: n, \(text.replacing("@", with: "nginx.ingress.kubernetes.io/"))}
                    """, file: "test")
        }
        for name in ["a", "b"] {
            loader.load(
                text: """
                    apiVersion: v1
                    kind: Service
                    metadata: {name: \(name), namespace: n}
                    spec: {selector: {app: \(name)}, ports: [{name: http, port: 80, targetPort: 8080}]}
                    """, file: "test")
        }
        #expect(!loader.hasErrors, "\(loader.diagnostics)")
        var objects = RouteObjects.collect(loader.objects, seed: 0).objects
        var options = RequestRouter.Options()
        options.flavour = .nginx
        options.controllerWords = words
        if !config.isEmpty {
            var map = Kubernetes.ConfigMap()
            (map.metadata, map.data) = (.init(name: "ingress-nginx-controller", namespace: "x"), config)
            objects.configMaps[map.key] = map
        }
        return RequestRouter(objects, options)
    }

    private func spec(_ host: String, _ path: String, _ service: String = "a", type: String = "Prefix") -> String {
        """
        }
        spec:
          ingressClassName: nginx
          rules: [{host: "\(host)", http: {paths: [{path: "\(path)", pathType: \(type), backend: {service: {name: \(service), port: {number: 80}}}}]}}]
        #
        """
    }

    private func get(_ url: String, _ change: (inout RouteRequest) -> Void = { _ in }) -> RouteRequest {
        var request = RouteRequest()
        let parts = url.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        (request.host, request.path) = (String(parts[0]), "/" + (parts.count > 1 ? parts[1] : ""))
        change(&request)
        return request
    }

    /// `location "/x/"` with a proxy_pass: nginx adds the slash itself.
    @Test func aPathWithoutItsFinalSlashIsSentThere() {
        var router = router("labels: {}" + spec("h", "/x/"))
        let decision = router.route(get("h/x") { $0.query = "q=1" })
        #expect(decision.status == 301 && decision.location == "http://h/x/?q=1")
        #expect(router.route(get("h/x/y")).status == 200)
        #expect(router.route(get("h/xy")).status == 404)
        #expect(router.route(get("h//x/./z/../y")).backend?.service == "a")
    }

    @Test func wildcardHostsHoldOneLabel() {
        var router = router("labels: {}" + spec("*.example", "/"), "labels: {}" + spec("b.example", "/", "b"))
        #expect(router.route(get("a.example")).backend?.service == "a")
        #expect(router.route(get("b.example")).backend?.service == "b")
        #expect(router.route(get("x.a.example")).status == 404)
    }

    /// One expression makes expressions of all paths of its host.
    @Test func expressionsReachOverTheHost() {
        var router = router(
            "annotations: {@use-regex: \"true\"}" + spec("h", "/v[0-9]+", type: "ImplementationSpecific"),
            "labels: {}" + spec("h", "/cart", "b"))
        #expect(router.route(get("h/V12/x")).backend?.service == "a")
        #expect(router.route(get("h/Cartoon")).backend?.service == "b")
    }

    /// Redirect by annotation, then HTTPS, then no endpoint, then the lists.
    @Test func phasesComeInOrder() {
        var redirect = router(
            "annotations: {@permanent-redirect: \"https://e/\", @force-ssl-redirect: \"true\"}" + spec("h", "/"))
        #expect(redirect.route(get("h")).status == 301)
        var tls = router("annotations: {@force-ssl-redirect: \"true\", @denylist-source-range: 0.0.0.0/0}" + spec("h", "/"))
        #expect(tls.route(get("h/a/")).location == "https://h/a")
        #expect(tls.route(get("h/.well-known/acme-challenge/x")).status == 308)
        #expect(tls.route(get("h") { $0.scheme = "https" }).status == 403)
        var missing = router("annotations: {@denylist-source-range: 0.0.0.0/0}" + spec("h", "/", "none"))
        #expect(missing.route(get("h")).status == 503)
    }

    @Test func aValueOfTheWrongFormLeavesTheIngressOut() {
        var router = router("annotations: {@permanent-redirect: \"https://e/$x\"}" + spec("h", "/"))
        #expect(router.route(get("h")).status == 404)
        #expect(router.notes.contains { $0.contains("n/i0 is left out: permanent-redirect") })
        // Other annotations fall back to what they are without a value.
        var lenient = self.router("annotations: {@enable-cors: \"yes\"}" + spec("h", "/"))
        #expect(lenient.route(get("h")).headers.isEmpty)
    }

    @Test func backendFieldsYieldToTheProxys() {
        var router = router("labels: {}" + spec("h", "/"), config: ["hsts-max-age": "60"])
        let decision = router.route(
            get("h") {
                $0.scheme = "https"
                $0.backendHeaders = HeaderFields([("Strict-Transport-Security", "max-age=1"), ("X-Own", "1")])
            })
        #expect(decision.headers["Strict-Transport-Security"] == "max-age=60; includeSubDomains")
        #expect(decision.headers["X-Own"] == "1")
        #expect(decision.certificate?.name == "Kubernetes Ingress Controller Fake Certificate")
    }

    @Test func passthroughNeedsTheFlag() {
        let ingress = "annotations: {@ssl-passthrough: \"true\"}" + spec("h", "/")
        func request(_ router: inout RequestRouter) -> RouteDecision {
            router.route(get("other") { ($0.scheme, $0.sni) = ("https", "h") })
        }
        var with = router(ingress, words: ["--enable-ssl-passthrough"])
        #expect(request(&with).backend?.scheme == "tls")
        var without = router(ingress)
        #expect(request(&without).status == 404)
    }

    @Test func aStickyClientStaysWithItsPod() {
        var router = router("annotations: {@affinity: cookie, @affinity-mode: persistent}" + spec("h", "/"))
        let first = router.route(get("h"))
        let cookie = first.headers["Set-Cookie"] ?? ""
        #expect(cookie.hasPrefix("INGRESSCOOKIE=") && cookie.hasSuffix("; Path=/; HttpOnly"))
        let second = router.route(get("h") { $0.headers.add("Cookie", String(cookie.prefix { $0 != ";" })) })
        #expect(second.headers["Set-Cookie"] == nil)
    }
}
