import HawseModel
import HawseWire

/// Ingress as ingress-nginx serves it: the servers, locations and upstreams that the controller writes, and nginx's way through
/// them phase by phase.
struct NginxIngress {
    let settings: NginxSettings
    /// What was left out or is not computed.
    private(set) var notes: [String]
    private let build: NginxBuild
    private let servers: [NginxServer]
    private let tables: [NginxLocationTable]
    private var names = NginxServerNames()
    /// Hosts from which `from-to-www-redirect` leads away.
    private let redirects: [(from: String, to: String)]
    private let certificates: [String: RouteDecision.Certificate]
    private let now: Kubernetes.Time
    private var balancer: NginxBalancer
    private var identifiers: RandomStream

    /// `ingresses`: those the controller owns, oldest first.
    init(_ ingresses: [Kubernetes.Ingress], _ settings: NginxSettings, _ objects: RouteObjects, seed: UInt64) {
        self.settings = settings
        build = NginxBuild(ingresses, settings, objects)
        var notes = build.notes
        let servers = build.servers.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        self.servers = servers
        tables = servers.map { NginxLocationTable($0, &notes) }
        redirects = Self.redirects(servers)
        certificates = Self.certificates(servers, redirects)
        for (index, server) in servers.enumerated() where server.name != NginxServer.defaultName {
            names.add(host: server.name, index: index)
        }
        for (index, server) in servers.enumerated() { for alias in server.aliases { names.add(name: alias, index: index) } }
        balancer = NginxBalancer(build.upstreams, seed: seed)
        identifiers = RandomStream(seed: seed, purpose: "ingress-nginx request ids")
        now = ingresses.compactMap(\.metadata.creationTimestamp).max() ?? Kubernetes.Time(seconds: 0)
        self.notes = notes
    }

    private static func redirects(_ servers: [NginxServer]) -> [(from: String, to: String)] {
        servers.filter(\.redirectsFromToWWW).compactMap { server in
            let from = server.name.hasPrefix("www.") ? String(server.name.dropFirst(4)) : "www." + server.name
            return servers.contains { $0.name == from } ? nil : (from, server.name)
        }
    }

    private static func certificates(
        _ servers: [NginxServer], _ redirects: [(from: String, to: String)]
    ) -> [String: RouteDecision.Certificate] {
        var all: [String: RouteDecision.Certificate] = [:]
        for server in servers {
            all[server.name] = server.certificate
            let others = server.aliases + redirects.filter { $0.to == server.name }.map(\.from)
            for name in others where server.certificateNames?.covers(name) == true { all[name] = server.certificate }
        }
        return all
    }

    private func certificate(for host: String) -> RouteDecision.Certificate? {
        if let found = certificates[host] { return found }
        return host.firstIndex(of: ".").flatMap { certificates["*" + host[$0...]] }
    }

    // MARK: The way of a request

    mutating func route(_ request: RouteRequest) -> RouteDecision {
        var decision = answer(request)
        if request.scheme == "https", decision.certificate == nil {
            let name = request.sni.map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 }?.lowercased()
            decision.certificate = name.flatMap { certificate(for: $0) } ?? certificates[NginxServer.defaultName]
        }
        return decision
    }

    private mutating func answer(_ request: RouteRequest) -> RouteDecision {
        if let passed = passThrough(request) { return passed }
        guard let uri = NginxURI.normalise(request.path) else {
            return RouteDecision(status: 400, path: request.path, reason: "the path is malformed")
        }
        let host = request.hostName
        let id = (0..<4).map { _ in Self.hex(identifiers.nextUInt32()) }.joined()
        let found = names.find(host)
        if found.map({ servers[$0].name != host }) ?? true, let redirect = redirects.first(where: { $0.from == host }) {
            let exchange = NginxExchange(request, settings, server: host, uri: uri, requestID: id)
            return blocked(exchange) ?? toOrFromWWW(redirect.to, exchange)
        }
        let index = found ?? servers.firstIndex { $0.name == NginxServer.defaultName } ?? 0
        let server = servers[index]
        var exchange = NginxExchange(request, settings, server: server.name, uri: uri, requestID: id)
        if let decision = blocked(exchange) ?? serverPhase(server, tables[index], exchange) { return decision }
        switch tables[index].find(uri) {
        case .none: return .notFound(request, "no location of host \(server.name) matches")
        case .addSlash:
            var decision = RouteDecision(
                status: 301, path: request.path, reason: "the path is that of a location without its final slash")
            decision.location = exchange.origin + NginxURI.escape(uri) + "/" + (request.query.map { "?" + $0 } ?? "")
            return decision
        case .location(let location):
            if location.isDefault, server.name == NginxServer.defaultName, let own = ownPage(exchange) { return own }
            inform(&exchange, location)
            var decision = walk(location, exchange)
            describe(&decision, location, server, tables[index])
            return decision
        }
    }

    private static func hex(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// TLS connections that go to the backend as they are, by the name in their handshake.
    private mutating func passThrough(_ request: RouteRequest) -> RouteDecision? {
        guard settings.enablesPassthrough, request.scheme == "https", let sni = request.sni?.lowercased(),
            let server = servers.first(where: { $0.isPassthrough && $0.name == sni }),
            let root = server.locations.first(where: { $0.path == "/" && !$0.isDefault }),
            let choice = balancer.choose(root.upstream, request, { $0 })
        else { return nil }
        var decision = RouteDecision(
            status: request.backendStatus ?? 200, path: request.path, reason: "the TLS connection is passed through")
        decision.query = request.query
        decision.backend = Self.backend(choice.upstream, choice.endpoint)
        decision.backend?.scheme = "tls"
        decision.backendHost = request.host
        decision.backendHeaders = request.headers
        decision.certificate = .init(name: "of the backend", secret: nil)
        return decision
    }

    /// `block-user-agents` and `block-referers`.
    private func blocked(_ exchange: NginxExchange) -> RouteDecision? {
        for (list, header) in [(settings.blockedAgents, "User-Agent"), (settings.blockedReferers, "Referer")] {
            let value = exchange.request.headers[header] ?? ""
            if let entry = list.first(where: { NginxExpression.mapEntry($0, takes: value) }) {
                return RouteDecision(status: 403, path: exchange.request.path, reason: "\(header) is blocked by \(entry)")
            }
        }
        return nil
    }

    private func toOrFromWWW(_ host: String, _ exchange: NginxExchange) -> RouteDecision {
        let request = exchange.request
        var target = request.target
        if target.hasSuffix("/") { target.removeLast() }
        let port = settings.usesForwardedHeaders ? request.headers["X-Forwarded-Port"] : nil
        var decision = RouteDecision(status: settings.redirectCode, path: request.path, reason: "from-to-www-redirect")
        decision.location = "\(exchange.accessScheme)://\(host):\(port ?? String(request.destinationPort))\(target)"
        return decision
    }

    /// What a server says before any location: its snippet, then `app-root`.
    private func serverPhase(_ server: NginxServer, _ table: NginxLocationTable, _ exchange: NginxExchange) -> RouteDecision? {
        if let result = server.snippet.result({ exchange.expand($0) }) {
            var decision = RouteDecision(
                status: result.code, path: exchange.request.path, reason: "server-snippet of \(server.name)")
            if (301...308).contains(result.code) { decision.location = result.text }
            return decision
        }
        guard exchange.uri == "/", let root = table.locations.first(where: { !$0.annotations.rewrite.appRoot.isEmpty }) else {
            return nil
        }
        var decision = RouteDecision(status: 302, path: exchange.request.path, reason: "app-root")
        decision.location = "\(exchange.request.scheme)://\(exchange.request.host ?? "")\(root.annotations.rewrite.appRoot)"
        return decision
    }

    /// Pages of the controller itself on the default server.
    private func ownPage(_ exchange: NginxExchange) -> RouteDecision? {
        if exchange.uri.hasPrefix("/healthz") {
            return RouteDecision(status: 200, path: exchange.request.path, reason: "the controller's own health page")
        }
        guard exchange.uri.hasPrefix("/nginx_status") else { return nil }
        let isLocal = exchange.client?.description == "127.0.0.1" || exchange.client?.description == "::1"
        return RouteDecision(status: isLocal ? 200 : 403, path: exchange.request.path, reason: "the controller's own status page")
    }

    /// The names that a location knows of itself: the Ingress, and the Service its rule or its default backend names.
    private func inform(_ exchange: inout NginxExchange, _ location: NginxLocation) {
        exchange.upstream = location.upstream
        guard let index = location.ingress else { return }
        let ingress = build.ingresses[index]
        exchange.namespace = ingress.metadata.namespace
        exchange.ingress = ingress.metadata.name
        exchange.locationPath = location.ingressPath.isEmpty ? "/" : location.ingressPath
        var reference = ingress.spec.defaultBackend?.service
        search: for rule in ingress.spec.rules where NginxBuild.host(rule) == exchange.server {
            for path in rule.http?.paths ?? [] where (path.path.isEmpty ? "/" : path.path) == exchange.locationPath {
                if let found = path.backend.service {
                    reference = found
                    break search
                }
            }
        }
        if let reference { (exchange.service, exchange.port) = (reference.name, NginxUpstream.port(reference)) }
    }

    private func describe(
        _ decision: inout RouteDecision, _ location: NginxLocation, _ server: NginxServer, _ table: NginxLocationTable
    ) {
        decision.limits = location.annotations.limits.limits
        decision.access = location.annotations.ranges.rules
        decision.pathOrder = table.order
        guard let index = location.ingress else { return }
        let path = location.ingressPath.isEmpty ? "/" : location.ingressPath
        let type =
            location.isDefault
            ? ""
            : build.ingresses[index].spec.rules.first { NginxBuild.host($0) == server.name }?
                .http?.paths.first { ($0.path.isEmpty ? "/" : $0.path) == path && ($0.pathType == "Exact") == location.isExact }?
                .pathType ?? "Prefix"
        decision.rule = .init(
            kind: "Ingress", object: build.ingresses[index].key, host: server.name == NginxServer.defaultName ? "" : server.name,
            path: location.isDefault ? "" : path, pathType: type)
    }

    // MARK: A location

    /// nginx's phases: the directives of the rewrite module, the controller's Lua (redirect to HTTPS, no endpoint), access, the backend.
    private mutating func walk(_ location: NginxLocation, _ exchange: NginxExchange) -> RouteDecision {
        let set = location.annotations
        let request = exchange.request
        var answer = HeaderFields()
        func decide(_ status: Int, _ reason: String, _ place: String? = nil) -> RouteDecision {
            var decision = RouteDecision(status: status, path: request.path, reason: reason)
            decision.query = request.query
            decision.location = place
            decision.headers = answer
            finish(&decision, set, exchange)
            return decision
        }
        if let reason = set.denied { return decide(503, reason) }
        if set.cors.isEnabled, let origin = set.cors.allowedOrigin(request.headers["Origin"]) {
            set.cors.put(on: &answer, origin: origin)
            if request.method == "OPTIONS" { return decide(204, "a CORS preflight, answered by the proxy") }
        }
        if let result = set.snippets.location.result({ exchange.expand($0) }) {
            return decide(result.code, "configuration-snippet", (301...308).contains(result.code) ? result.text : nil)
        }
        if !set.redirect.url.isEmpty {
            let isAbsolute = !set.redirect.url.hasPrefix("/") || set.redirect.isRelative
            return decide(
                set.redirect.code, "redirect by annotation", isAbsolute ? set.redirect.url : exchange.origin + set.redirect.url)
        }
        guard let target = rewritten(location, exchange) else {
            return decide(302, "rewrite-target names another site", absoluteTarget(location, exchange))
        }
        if redirectsToTLS(location, exchange) {
            return decide(settings.redirectCode, "redirect to HTTPS", tlsAddress(set, exchange))
        }
        guard let choice = balancer.choose(location.upstream, request, { exchange.expand($0) }) else {
            return missing(location, exchange, decide(503, "\(location.upstream) has no endpoint"))
        }
        if let rule = refusal(set, exchange) {
            return errorPage(403, location, exchange) ?? decide(403, "\(rule) holds \(exchange.client?.description ?? "")")
        }
        // The backend's own fields first: what the proxy sets stands in their place.
        for field in request.backendHeaders.fields where answer[field.name] == nil { answer.add(field.name, field.value) }
        var decision = decide(request.backendStatus ?? 200, "proxied")
        proxy(&decision, location, exchange, choice, target)
        return intercepted(decision, location, exchange)
    }

    private func missing(_ location: NginxLocation, _ exchange: NginxExchange, _ plain: RouteDecision) -> RouteDecision {
        if let page = errorPage(503, location, exchange) { return page }
        var decision = plain
        if let upstream = balancer[location.upstream] { decision.backend = Self.backend(upstream, .assumed) }
        return decision
    }

    private func finish(_ decision: inout RouteDecision, _ set: NginxAnnotations, _ exchange: NginxExchange) {
        for (name, value) in settings.answerHeaders { decision.headers.set(name, value) }
        set.snippets.location.applyToAnswer(&decision.headers, status: decision.status) { exchange.expand($0) }
        for field in set.customHeaders.fields { decision.headers.set(field.name, field.value) }
        guard settings.hsts, exchange.request.scheme == "https" else { return }
        decision.headers.set(
            "Strict-Transport-Security",
            "max-age=\(settings.hstsMaxAge)" + (settings.hstsSubdomains ? "; includeSubDomains" : "")
                + (settings.hstsPreload ? "; preload" : ""))
    }

    /// The path and the query that go to the backend; nil: the rewrite leads to another site.
    private func rewritten(_ location: NginxLocation, _ exchange: NginxExchange) -> (path: String, query: String?)? {
        let rewrite = location.annotations.rewrite
        let request = exchange.request
        guard rewrite.isNeeded(for: location.path) else { return (request.path, request.query) }
        guard let text = replacement(location, exchange) else { return (request.path, request.query) }
        if text.hasPrefix("http://") || text.hasPrefix("https://") { return nil }
        let path = NginxURI.escape(text)
        return (path.hasPrefix("/") ? path : "/" + path, request.query)
    }

    private func replacement(_ location: NginxLocation, _ exchange: NginxExchange) -> String? {
        guard let captures = location.rewriting?.captures(exchange.uri) else { return nil }
        var out = ""
        var rest = location.annotations.rewrite.target[...]
        while let dollar = rest.firstIndex(of: "$") {
            out += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if let digit = rest.first.flatMap({ $0.isASCII ? $0.wholeNumberValue : nil }) {
                out += captures.indices.contains(digit) ? captures[digit] : ""
                rest = rest.dropFirst()
            } else {
                let name = rest.prefix { $0.isASCII && ($0.isLetter || $0 == "_") }
                out += exchange.expand("$" + name)
                rest = rest.dropFirst(name.count)
            }
        }
        return out + rest
    }

    private func absoluteTarget(_ location: NginxLocation, _ exchange: NginxExchange) -> String? {
        replacement(location, exchange).map { $0 + (exchange.request.query.map { "?" + $0 } ?? "") }
    }

    private func redirectsToTLS(_ location: NginxLocation, _ exchange: NginxExchange) -> Bool {
        if settings.noTLSRedirectPaths.contains(where: { location.path.hasPrefix($0) }) || exchange.accessScheme != "http" {
            return false
        }
        let rewrite = location.annotations.rewrite
        return rewrite.forcesTLS || rewrite.redirectsToTLS && certificate(for: exchange.host) != nil
    }

    private func tlsAddress(_ set: NginxAnnotations, _ exchange: NginxExchange) -> String {
        var target = exchange.request.target
        if !set.rewrite.preservesTrailingSlash, target.hasSuffix("/") { target.removeLast() }
        let host = exchange.bestHost.prefix { $0 != ":" }
        return "https://\(host)" + (set.passthrough.usesPortInRedirects ? ":\(settings.httpsPort)" : "") + target
    }

    /// The rule that keeps the client out. A location's own list stands for the controller's, it is not added to it.
    private func refusal(_ set: NginxAnnotations, _ exchange: NginxExchange) -> String? {
        guard let client = exchange.client else { return nil }
        if set.ranges.isEmpty {
            return settings.blockedRanges.first { SourceRange($0)?.prefix.contains(client) == true }.map { "deny \($0)" }
        }
        if let range = set.ranges.denied.first(where: { $0.prefix.contains(client) }) { return "deny \(range.text)" }
        if set.ranges.allowed.isEmpty || set.ranges.allowed.contains(where: { $0.prefix.contains(client) }) { return nil }
        return "deny all"
    }

    // MARK: Backends

    static func backend(_ upstream: NginxUpstream, _ endpoint: RouteEndpoint) -> RouteDecision.Backend? {
        guard let service = upstream.service else { return nil }
        var backend = RouteDecision.Backend(namespace: service.namespace, service: service.name, port: upstream.port)
        backend.endpoint = endpoint.text
        return backend
    }

    private func proxy(
        _ decision: inout RouteDecision, _ location: NginxLocation, _ exchange: NginxExchange, _ choice: NginxBalancer.Choice,
        _ target: (path: String, query: String?)
    ) {
        let set = location.annotations
        (decision.path, decision.query) = target
        decision.backend = Self.backend(choice.upstream, choice.endpoint)
        decision.backend?.scheme = set.backendProtocol.scheme(of: exchange.request)
        decision.backendHost = set.proxy.host.isEmpty ? exchange.bestHost : exchange.expand(set.proxy.host)
        decision.backendHeaders = NginxProxyRequest.headers(
            location, exchange, rewrites: set.rewrite.isNeeded(for: location.path))
        if let host = decision.backendHeaders["Host"] {
            decision.backendHost = host
            decision.backendHeaders.remove("Host")
        }
        if let mirror = set.mirror.mirror { decision.mirrors = [mirror] }
        if choice.upstream.name == NginxUpstream.defaultName, choice.upstream.service == nil {
            decision.status = 404
            decision.reason = "no rule matches: the controller's own default backend"
        } else if location.isDefault {
            decision.reason = "no path matches: default backend"
        }
        if choice.upstream.name == location.errorUpstream, location.errorUpstream != NginxUpstream.defaultName {
            decision.errorPage = .init(code: 503, backend: choice.upstream.service?.name ?? "")
            for (name, value) in NginxProxyRequest.errorFields(503, exchange) { decision.backendHeaders.set(name, value) }
        }
        if let value = choice.cookie, setsCookie(choice.upstream, exchange) {
            decision.headers.add(
                "Set-Cookie", NginxProxyRequest.cookie(choice.upstream.cookie, value, exchange, now: exchange.request.time ?? now)
            )
        }
    }

    private func setsCookie(_ upstream: NginxUpstream, _ exchange: NginxExchange) -> Bool {
        let host = exchange.server == NginxServer.defaultName ? exchange.server : exchange.host
        let paths =
            upstream.cookiePaths[host] ?? host.firstIndex(of: ".").flatMap { upstream.cookiePaths["*" + host[$0...]] } ?? []
        return paths.contains { ($0.isEmpty ? "/" : $0) == exchange.locationPath }
    }

    /// A backend's error that the location, or the controller, shows a page for.
    private func intercepted(_ decision: RouteDecision, _ location: NginxLocation, _ exchange: NginxExchange) -> RouteDecision {
        let own = location.annotations.errors
        guard decision.errorPage == nil, own.codes.isEmpty ? settings.interceptsErrors : own.interceptsBackend,
            let page = errorPage(decision.status, location, exchange)
        else { return decision }
        return page
    }

    private func errorPage(_ code: Int, _ location: NginxLocation, _ exchange: NginxExchange) -> RouteDecision? {
        let own = location.annotations.errors.codes
        guard (own.isEmpty ? settings.errorCodes : own).contains(code) else { return nil }
        let name = own.isEmpty ? NginxUpstream.defaultName : location.errorUpstream
        guard let upstream = balancer[name] else { return nil }
        let isOwn = name == NginxUpstream.defaultName && upstream.service == nil
        var decision = RouteDecision(status: isOwn ? 404 : 200, path: "/", reason: "error page for \(code)")
        decision.errorPage = .init(code: code, backend: name == NginxUpstream.defaultName ? name : upstream.service?.name ?? name)
        decision.backend = Self.backend(upstream, upstream.endpoints.first ?? .assumed)
        decision.backendHost = exchange.bestHost
        decision.backendHeaders = exchange.request.headers
        for (name, value) in NginxProxyRequest.errorFields(code, exchange) { decision.backendHeaders.set(name, value) }
        decision.backendHeaders.set("X-Original-URI", exchange.request.target)
        return decision
    }
}
