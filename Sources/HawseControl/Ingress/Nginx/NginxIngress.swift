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
    let now: Kubernetes.Time
    var balancer: NginxBalancer
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

    func certificate(for host: String) -> RouteDecision.Certificate? {
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
}
