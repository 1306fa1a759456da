/// What the controller writes for nginx, before it is text.
struct NginxLocation {
    /// As nginx compares it; of a prefix usually with a final slash.
    var path: String
    /// The rule's path; empty for the root that every server has.
    var ingressPath = ""
    var isExact = false
    /// It answers for the rest of its host, from a default backend.
    var isDefault = false
    var upstream: String
    /// Its place in the list of Ingresses.
    var ingress: Int?
    var annotations = NginxAnnotations()
    /// Its path as the expression of `rewrite-target`.
    var rewriting: NginxExpression?
    /// Where its error pages come from.
    var errorUpstream = NginxUpstream.defaultName
}

struct NginxServer {
    /// `_` for the default server.
    static let defaultName = "_"

    var name: String
    var locations: [NginxLocation] = []
    var aliases: [String] = []
    var certificate: RouteDecision.Certificate?
    var certificateNames: CertificateNames?
    var redirectsFromToWWW = false
    var isPassthrough = false
    var snippet = NginxSnippet()
}

/// The endpoints of one port of a Service, with how one of them is chosen.
struct NginxUpstream {
    static let defaultName = "upstream-default-backend"

    var name: String
    /// nil: the controller's own 404.
    var service: ObjectKey?
    var port = ""
    var endpoints: [RouteEndpoint] = []
    /// Of a canary: no location of its own.
    var isServerless = false
    var canary: NginxCanary?
    var alternatives: [String] = []
    var settings = NginxUpstreamSettings()
    var isSticky = false
    var isPersistent = false
    var hasMode = false
    var cookie = NginxAffinity.Cookie()
    /// Paths of each host that set the cookie.
    var cookiePaths: [String: [String]] = [:]

    /// What an affinity cookie calls this upstream.
    var cookieKey: String { MD5.hex(MD5.hex(name) + name) }

    static func name(_ namespace: String, _ reference: Kubernetes.IngressServiceBackend) -> String {
        "\(namespace)-\(reference.name)-\(port(reference))"
    }

    static func port(_ reference: Kubernetes.IngressServiceBackend) -> String {
        reference.port.number > 0 ? String(reference.port.number) : reference.port.name
    }
}
