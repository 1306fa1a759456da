/// What a rule's filters, and then a backend's, do to a request.
struct HTTPRouteFilters {
    let request: RouteRequest
    /// The path of the match, for prefix replacements.
    let prefix: String
    let listenerPort: Int
    /// What stands for the Gateway's address where the request names no host.
    let address: String

    private(set) var path: String
    private(set) var host: String?
    private(set) var headers: HeaderFields
    /// On the answer.
    private(set) var answer: HeaderFields
    private(set) var redirect: (status: Int, location: String)?
    /// An answer that the Gateway gives itself, to a CORS preflight.
    private(set) var preflight: Int?
    private(set) var mirrors: [Kubernetes.HTTPMirrorFilter] = []
    private(set) var uncomputed: [String] = []

    init(_ request: RouteRequest, prefix: String, listenerPort: Int, address: String) {
        self.request = request
        self.prefix = prefix
        self.listenerPort = listenerPort
        self.address = address
        path = request.path
        host = request.host
        headers = request.headers
        answer = request.backendHeaders
    }

    mutating func apply(_ filters: [Kubernetes.HTTPRouteFilter]) {
        for filter in filters {
            switch filter.type {
            case "RequestHeaderModifier": if let change = filter.requestHeaderModifier { Self.modify(&headers, change) }
            case "ResponseHeaderModifier": if let change = filter.responseHeaderModifier { Self.modify(&answer, change) }
            case "RequestMirror": if let mirror = filter.requestMirror { mirrors.append(mirror) }
            case "RequestRedirect":
                if let change = filter.requestRedirect { redirect = (change.statusCode ?? 302, location(change)) }
            case "URLRewrite":
                if let change = filter.urlRewrite {
                    path = replaced(change.path)
                    host = change.hostname ?? host
                }
            case "CORS": if let cors = filter.cors { apply(cors) }
            default: uncomputed.append(filter.type)
            }
        }
    }

    private static func modify(_ fields: inout HeaderFields, _ change: Kubernetes.HTTPHeaderFilter) {
        for entry in change.set { fields.set(entry.name, entry.value ?? "") }
        for entry in change.add {
            let before = fields[entry.name]
            fields.set(entry.name, (before.map { $0 + "," } ?? "") + (entry.value ?? ""))
        }
        for name in change.remove { fields.remove(name) }
    }

    /// A prefix is replaced element by element, so that no slash is lost or doubled.
    private func replaced(_ change: Kubernetes.HTTPPathModifier?) -> String {
        if change?.type == "ReplaceFullPath" { return change?.replaceFullPath ?? "/" }
        guard change?.type == "ReplacePrefixMatch", let replacement = change?.replacePrefixMatch else { return request.path }
        let taken = prefix.hasSuffix("/") ? prefix.dropLast() : prefix[...]
        var rest = String(decoding: request.path.utf8.dropFirst(taken.utf8.count), as: UTF8.self)
        if rest.isEmpty { return replacement.isEmpty ? "/" : replacement }
        if !rest.hasPrefix("/") { rest = "/" + rest }
        return (replacement.hasSuffix("/") ? String(replacement.dropLast()) : replacement) + rest
    }

    /// The port is the one given, else the scheme's own when a scheme is given, else the listener's; 80 and 443 are left out
    /// where the scheme implies them.
    private func location(_ change: Kubernetes.HTTPRedirectFilter) -> String {
        let scheme = change.scheme ?? request.scheme
        let usual = scheme == "https" ? 443 : 80
        let port = change.port ?? (change.scheme == nil ? listenerPort : usual)
        let name = request.hostName
        let host = change.hostname ?? (name.isEmpty ? address : name)
        return "\(scheme)://\(host)" + (port == usual ? "" : ":\(port)") + replaced(change.path)
            + (request.query.map { "?" + $0 } ?? "")
    }

    // MARK: CORS

    private mutating func apply(_ cors: Kubernetes.HTTPCORSFilter) {
        guard let origin = request.headers["Origin"] else { return }
        let wanted = request.headers["Access-Control-Request-Method"]
        let isPreflight = request.method == "OPTIONS" && wanted != nil
        guard cors.allowOrigins.contains(where: { Self.takes($0, origin) }) else {
            if isPreflight { preflight = 403 }
            return
        }
        let withCredentials = cors.allowCredentials ?? false
        let isAny = cors.allowOrigins.contains("*") && !withCredentials
        answer.set("Access-Control-Allow-Origin", isAny ? "*" : origin)
        if withCredentials { answer.set("Access-Control-Allow-Credentials", "true") }
        // With credentials a star means itself: the request's own words stand for it.
        func list(_ words: [String], _ asked: String?) -> String {
            words.contains("*") ? (withCredentials ? asked ?? "" : "*") : words.joined(separator: ", ")
        }
        answer.set("Access-Control-Expose-Headers", list(cors.exposeHeaders, nil))
        guard isPreflight else { return }
        answer.set("Access-Control-Allow-Methods", list(cors.allowMethods, wanted))
        answer.set("Access-Control-Allow-Headers", list(cors.allowHeaders, request.headers["Access-Control-Request-Headers"]))
        answer.set("Access-Control-Max-Age", String(cors.maxAge ?? 5))
        preflight = 204
    }

    /// `*`, or scheme, host (perhaps with `*.` for any labels) and port.
    private static func takes(_ allowed: String, _ origin: String) -> Bool {
        if allowed == "*" { return true }
        let (allowed, origin) = (allowed.lowercased(), origin.lowercased())
        guard let star = allowed.firstIndex(of: "*") else { return allowed == origin }
        let (head, tail) = (allowed[..<star], allowed[allowed.index(after: star)...])
        guard origin.hasPrefix(head), origin.hasSuffix(tail), origin.utf8.count > head.utf8.count + tail.utf8.count else {
            return false
        }
        return origin.dropFirst(head.count).dropLast(tail.count).allSatisfy { $0 != "/" && $0 != ":" }
    }
}
