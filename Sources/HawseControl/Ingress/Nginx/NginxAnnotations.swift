import HawseModel

/// All settings of one Ingress.
struct NginxAnnotations {
    var rewrite = NginxRewrite()
    var redirect = NginxRedirect()
    var canary = NginxCanary()
    var cors = NginxCORS()
    var affinity = NginxAffinity()
    var ranges = NginxSourceRanges()
    var customHeaders = NginxCustomHeaders()
    var errors = NginxErrorPages()
    var limits = NginxLimits()
    var mirror = NginxMirror()
    var upstream = NginxUpstreamSettings()
    var alias = NginxServerAlias()
    var proxy = NginxProxyHeaders()
    var backendProtocol = NginxBackendProtocol()
    var passthrough = NginxPassthrough()
    var snippets = NginxSnippets()
    /// Why its locations answer 503.
    var denied: String?

    private static let computed: [any NginxAnnotation.Type] = [
        NginxRewrite.self, NginxRedirect.self, NginxCanary.self, NginxCORS.self, NginxAffinity.self, NginxSourceRanges.self,
        NginxCustomHeaders.self, NginxErrorPages.self, NginxLimits.self, NginxMirror.self, NginxUpstreamSettings.self,
        NginxServerAlias.self, NginxProxyHeaders.self, NginxBackendProtocol.self, NginxPassthrough.self, NginxSnippets.self,
    ]

    /// Annotations of the controller that say nothing about where a request goes: accepted without a word.
    private static let indifferent: Set<String> = [
        "client-body-buffer-size", "enable-access-log", "enable-rewrite-log", "enable-opentelemetry",
        "opentelemetry-operation-name",
        "opentelemetry-trust-incoming-span", "http2-push-preload", "proxy-body-size", "proxy-buffer-size", "proxy-buffering",
        "proxy-buffers-number", "proxy-busy-buffers-size", "proxy-connect-timeout", "proxy-cookie-domain", "proxy-cookie-path",
        "proxy-http-version", "proxy-max-temp-file-size", "proxy-next-upstream", "proxy-next-upstream-timeout",
        "proxy-next-upstream-tries",
        "proxy-read-timeout", "proxy-redirect-from", "proxy-redirect-to", "proxy-request-buffering", "proxy-send-timeout",
        "proxy-ssl-ciphers", "proxy-ssl-name", "proxy-ssl-protocols", "proxy-ssl-secret", "proxy-ssl-server-name",
        "proxy-ssl-verify",
        "proxy-ssl-verify-depth", "ssl-ciphers", "ssl-prefer-server-ciphers", "fastcgi-index", "fastcgi-params-configmap",
        "session-cookie-hash", "stream-snippet",
    ]

    /// Annotations that could refuse a request and are not computed: named in a warning.
    private static let uncomputed: Set<String> = [
        "auth-always-set-cookie", "auth-cache-duration", "auth-cache-key", "auth-keepalive", "auth-keepalive-requests",
        "auth-keepalive-share-vars", "auth-keepalive-timeout", "auth-method", "auth-proxy-set-headers", "auth-realm",
        "auth-request-redirect", "auth-response-headers", "auth-secret", "auth-secret-type", "auth-signin",
        "auth-signin-redirect-param",
        "auth-snippet", "auth-tls-error-page", "auth-tls-match-cn", "auth-tls-pass-certificate-to-upstream", "auth-tls-secret",
        "auth-tls-verify-client", "auth-tls-verify-depth", "auth-type", "auth-url", "enable-global-auth", "enable-modsecurity",
        "enable-owasp-core-rules", "modsecurity-snippet", "modsecurity-transaction-id", "satisfy",
    ]

    static let names: [String] = computed.flatMap { $0.names } + indifferent.sorted() + uncomputed.sorted()

    init() {}

    /// nil: the controller leaves the Ingress out.
    init?(_ ingress: Kubernetes.Ingress, _ settings: NginxSettings, _ objects: RouteObjects, _ notes: inout [String]) {
        let reader = AnnotationReader(ingress: ingress, settings: settings, objects: objects)
        Self.report(ingress, &notes)
        let level = settings.riskLevel ?? (settings.allowsSnippets ? "critical" : "high")
        let present = NginxSnippets.critical.filter { ingress.metadata.annotations[AnnotationReader.prefix + $0] != nil }.min()
        if level != "critical", let present {
            notes.append("Ingress \(ingress.key) is left out: \(present) is above the controller's annotations-risk-level")
            return nil
        }
        func take<A: NginxAnnotation>(_ type: A.Type) throws(AnnotationRefusal) -> A {
            do { return try A(reader) } catch {
                switch error {
                case .invalid: throw error
                case .denied(let reason): denied = denied ?? reason
                case .ignored(let reason): notes.append("Ingress \(ingress.key): \(reason)")
                }
                return A()
            }
        }
        do throws(AnnotationRefusal) {
            rewrite = try take(NginxRewrite.self)
            redirect = try take(NginxRedirect.self)
            canary = try take(NginxCanary.self)
            cors = try take(NginxCORS.self)
            affinity = try take(NginxAffinity.self)
            ranges = try take(NginxSourceRanges.self)
            customHeaders = try take(NginxCustomHeaders.self)
            errors = try take(NginxErrorPages.self)
            limits = try take(NginxLimits.self)
            mirror = try take(NginxMirror.self)
            upstream = try take(NginxUpstreamSettings.self)
            alias = try take(NginxServerAlias.self)
            proxy = try take(NginxProxyHeaders.self)
            backendProtocol = try take(NginxBackendProtocol.self)
            passthrough = try take(NginxPassthrough.self)
            snippets = try take(NginxSnippets.self)
        } catch {
            if case .invalid(let reason) = error { notes.append("Ingress \(ingress.key) is left out: \(reason)") }
            return nil
        }
        if let denied { notes.append("Ingress \(ingress.key) answers 503: \(denied)") }
        for name in snippets.location.unknown + snippets.server.unknown {
            notes.append("Ingress \(ingress.key): the directive \(name) of its snippet is not computed")
        }
    }

    private static func report(_ ingress: Kubernetes.Ingress, _ notes: inout [String]) {
        for key in ingress.metadata.annotations.keys.sorted() where key.hasPrefix(AnnotationReader.prefix) {
            let name = String(key.dropFirst(AnnotationReader.prefix.count))
            if uncomputed.contains(name) {
                notes.append("Ingress \(ingress.key): \(name) is not computed")
            } else if !names.contains(name) {
                let hint = nearestWord(name, among: names).map { " (did you mean \"\($0)\"?)" } ?? ""
                notes.append("Ingress \(ingress.key): unknown annotation \(key)\(hint)")
            }
        }
    }
}
