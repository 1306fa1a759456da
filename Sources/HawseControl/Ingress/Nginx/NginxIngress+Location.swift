extension NginxIngress {
    /// nginx's phases: the directives of the rewrite module, the controller's Lua (redirect to HTTPS, no endpoint), access, the
    /// backend.
    mutating func walk(_ location: NginxLocation, _ exchange: NginxExchange) -> RouteDecision {
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
