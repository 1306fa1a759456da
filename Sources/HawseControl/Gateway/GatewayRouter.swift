import HawseModel

/// The Gateway API's HTTP routing: listener by port and hostname, rule by precedence, filters, backend by weight.
struct GatewayRouter {
    private struct Rule {
        var route: Int
        var rule: Int
        var hostname: GatewayHostname
        var match: HTTPRouteMatcher
        var rank: [Int]
    }

    private let objects: RouteObjects
    let servedGateways: [Kubernetes.Gateway]
    /// Each route at each of its parents.
    let attachments: [GatewayAttachment]
    /// Of each Gateway's listeners, best first.
    private let rules: [ObjectKey: [[Rule]]]
    private(set) var notes: [String] = []
    private var chance: RandomStream
    private var turns: [ObjectKey: Int] = [:]

    init(_ objects: RouteObjects, seed: UInt64) {
        self.objects = objects
        chance = RandomStream(seed: seed, purpose: "Gateway API router")
        var notes: [String] = []
        let gateways = objects.gateways.sorted { $0.key < $1.key }.filter { gateway in
            let isServed = objects.gatewayClasses.isEmpty || objects.gatewayClasses.contains(gateway.spec.gatewayClassName)
            if !isServed {
                notes.append("Gateway \(gateway.key) is not served: there is no GatewayClass \(gateway.spec.gatewayClassName)")
            }
            return isServed
        }
        var attachments: [GatewayAttachment] = []
        for route in objects.routes.sorted(by: RouteObjects.isOlder) {
            for parent in route.spec.parentRefs where (parent.kind ?? "Gateway") == "Gateway" {
                let key = ObjectKey(namespace: parent.namespace ?? route.metadata.namespace, name: parent.name)
                guard let gateway = gateways.first(where: { $0.key == key }) else {
                    notes.append("HTTPRoute \(route.key): there is no Gateway \(key)")
                    continue
                }
                let attachment = GatewayAttachment(route, parent, gateway, objects)
                if let refusal = attachment.refusal {
                    notes.append("HTTPRoute \(route.key) is not accepted by Gateway \(key): \(refusal.rawValue)")
                }
                if let fault = attachment.unresolved {
                    notes.append("HTTPRoute \(route.key): a reference leads nowhere: \(fault)")
                }
                attachments.append(attachment)
            }
        }
        servedGateways = gateways
        self.attachments = attachments
        var rules: [ObjectKey: [[Rule]]] = [:]
        for gateway in gateways { rules[gateway.key] = Self.rules(gateway, attachments) }
        self.rules = rules
        self.notes = notes
    }

    var isEmpty: Bool { servedGateways.isEmpty }

    /// Most specific hostname first, then the matches' own order, then the older route, then the earlier rule.
    private static func rules(_ gateway: Kubernetes.Gateway, _ attachments: [GatewayAttachment]) -> [[Rule]] {
        var lists = gateway.spec.listeners.map { _ in [Rule]() }
        for (number, attachment) in attachments.enumerated() where attachment.gateway.key == gateway.key {
            for (listener, hostnames) in attachment.listeners {
                for (index, rule) in attachment.route.spec.rules.enumerated() {
                    for match in rule.matches.isEmpty ? [Kubernetes.HTTPRouteMatch()] : rule.matches {
                        let matcher = HTTPRouteMatcher(match)
                        for hostname in hostnames {
                            let rank = [hostname.rank.0, hostname.rank.1] + matcher.rank
                            lists[listener].append(
                                Rule(route: number, rule: index, hostname: hostname, match: matcher, rank: rank))
                        }
                    }
                }
            }
        }
        // Attachments are in the order of age, rules in that of their routes: equal ranks keep it.
        return lists.map { list in
            list.enumerated().sorted { a, b in
                a.element.rank == b.element.rank ? a.offset < b.offset : b.element.rank.lexicographicallyPrecedes(a.element.rank)
            }.map(\.element)
        }
    }

    // MARK: Requests

    mutating func route(_ request: RouteRequest) -> RouteDecision {
        var last: RouteDecision?
        for gateway in servedGateways where request.gateway == nil || request.gateway == gateway.key {
            let decision = route(request, at: gateway)
            if decision.rule != nil { return decision }
            last = last ?? decision
        }
        return last ?? .notFound(request, request.gateway.map { "there is no Gateway \($0)" } ?? "there is no Gateway")
    }

    private mutating func route(_ request: RouteRequest, at gateway: Kubernetes.Gateway) -> RouteDecision {
        guard let (index, listener) = listener(request, gateway) else {
            return .notFound(
                request,
                "Gateway \(gateway.key) has no listener for port \(request.destinationPort) and host \"\(request.hostName)\"")
        }
        if request.scheme == "https", let other = self.listener(request, gateway, name: request.hostName)?.0, other != index {
            var decision = RouteDecision(
                status: 421, path: request.path,
                reason: "the handshake is listener \(listener.name)'s, the host another one's: a misdirected request")
            decision.query = request.query
            decision.certificate = certificate(listener, gateway)
            return decision
        }
        let parameters = HTTPRouteMatcher.parameters(request.query)
        let host = request.hostName
        var decision: RouteDecision
        if let rule = rules[gateway.key]?[index].first(where: { $0.hostname.matches(host) && $0.match.takes(request, parameters) }
        ) {
            decision = answer(request, rule, gateway, listener)
        } else {
            decision = .notFound(request, "no rule at listener \(listener.name) of Gateway \(gateway.key) matches")
        }
        if request.scheme == "https" { decision.certificate = certificate(listener, gateway) }
        return decision
    }

    /// The listener of the port whose hostname is the most specific one that holds the host; of TLS, that holds the server name.
    private func listener(
        _ request: RouteRequest, _ gateway: Kubernetes.Gateway, name: String? = nil
    ) -> (Int, Kubernetes.GatewayListener)? {
        let isTLS = request.scheme == "https"
        let name = name ?? (isTLS ? request.sni?.lowercased() : nil) ?? request.hostName
        let fitting = gateway.spec.listeners.enumerated().filter { _, listener in
            listener.port == request.destinationPort && listener.protocol == (isTLS ? "HTTPS" : "HTTP")
                && GatewayHostname(listener.hostname).matches(name)
        }
        return fitting.max { GatewayHostname($0.element.hostname).rank < GatewayHostname($1.element.hostname).rank }
            .map { ($0.offset, $0.element) }
    }

    private func certificate(_ listener: Kubernetes.GatewayListener, _ gateway: Kubernetes.Gateway) -> RouteDecision.Certificate?
    {
        for reference in listener.tls?.certificateRefs ?? [] {
            let key = GatewayReferences.key(reference, from: gateway.metadata.namespace)
            guard GatewayReferences.isGranted("Gateway", gateway.metadata.namespace, to: "Secret", key, objects) else { continue }
            if let names = objects.certificateNames(key) { return .init(name: names.name, secret: key) }
        }
        return nil
    }

    private mutating func answer(
        _ request: RouteRequest, _ chosen: Rule, _ gateway: Kubernetes.Gateway, _ listener: Kubernetes.GatewayListener
    ) -> RouteDecision {
        let route = attachments[chosen.route].route
        let rule = route.spec.rules[chosen.rule]
        var filters = HTTPRouteFilters(
            request, prefix: chosen.match.prefix, listenerPort: listener.port,
            address: gateway.spec.addresses.first?.value ?? gateway.metadata.name)
        var decision = RouteDecision(
            status: request.backendStatus ?? 200, path: request.path,
            reason: "rule \(chosen.rule + 1) of HTTPRoute \(route.key) at listener \(listener.name) of Gateway \(gateway.key)")
        decision.query = request.query
        decision.rule = .init(
            kind: "HTTPRoute", object: route.key, host: chosen.hostname.text, path: chosen.match.pathText,
            pathType: chosen.match.pathType)
        filters.apply(rule.filters)
        if finish(&decision, filters) { return decision }
        guard let choice = choose(rule.backendRefs) else {
            decision.status = 500
            decision.reason += ": it has no backend"
            return decision
        }
        filters.apply(choice.filters)
        if finish(&decision, filters) { return decision }
        ask(choice.reference, route, filters, &decision)
        for mirror in filters.mirrors { decision.mirrors.append(copy(mirror, route)) }
        limit(&decision, rule.timeouts, request)
        return decision
    }

    /// Whether the filters answer by themselves.
    private func finish(_ decision: inout RouteDecision, _ filters: HTTPRouteFilters) -> Bool {
        decision.headers = filters.answer
        for type in filters.uncomputed { decision.reason += "; filter \(type) is not computed" }
        if let code = filters.preflight {
            decision.status = code
            decision.reason += ": a CORS preflight"
            return true
        }
        guard let (status, location) = filters.redirect else { return false }
        (decision.status, decision.location) = (status, location)
        return true
    }

    /// By weight; a backend of weight 0 gets nothing.
    private mutating func choose(_ backends: [Kubernetes.HTTPBackendRef]) -> Kubernetes.HTTPBackendRef? {
        let weights = backends.map { UInt32(clamping: min(1_000_000, $0.weight ?? 1)) }
        let total = weights.reduce(UInt64(0)) { $0 + UInt64($1) }
        guard total > 0 else { return nil }
        var draw = backends.count == 1 ? 0 : chance.next() % total
        for (backend, weight) in zip(backends, weights) {
            if draw < UInt64(weight) { return backend }
            draw -= UInt64(weight)
        }
        return nil
    }

    private mutating func ask(
        _ reference: Kubernetes.RouteReference, _ route: Kubernetes.HTTPRoute, _ filters: HTTPRouteFilters,
        _ decision: inout RouteDecision
    ) {
        if let fault = GatewayReferences.fault(reference, of: route, objects) {
            decision.status = 500
            decision.reason += ": its backend \(reference.name) cannot be used: \(fault)"
            return
        }
        let key = GatewayReferences.key(reference, from: route.metadata.namespace)
        let word = reference.port.map(String.init) ?? ""
        var backend = RouteDecision.Backend(namespace: key.namespace, service: key.name, port: word)
        defer { decision.backend = backend }
        (decision.path, decision.backendHost, decision.backendHeaders) = (filters.path, filters.host, filters.headers)
        guard let service = objects.services[key] else { return }
        guard let port = objects.port(service, word) else {
            // ExternalName Services may have no ports; any other port has to be there.
            if service.spec.type == .externalName {
                backend.endpoint = "\(service.spec.externalName):\(word)"
            } else {
                decision.status = 500
            }
            return
        }
        backend.scheme = Self.scheme(port.appProtocol)
        if service.spec.type == .externalName {
            backend.endpoint = "\(service.spec.externalName):\(port.port)"
            return
        }
        let endpoints = objects.endpoints(service, port)
        guard !endpoints.isEmpty else {
            decision.status = 503
            decision.reason += ": Service \(key) has no ready endpoint"
            return
        }
        let turn = turns[key] ?? Int(chance.below(UInt32(endpoints.count)))
        turns[key] = (turn + 1) % endpoints.count
        backend.endpoint = endpoints[turn % endpoints.count].text
    }

    private static func scheme(_ word: String?) -> String {
        switch word {
        case "kubernetes.io/h2c": "h2c"
        case "https", "HTTPS": "https"
        case "grpc": "grpc"
        default: "http"
        }
    }

    private mutating func copy(_ mirror: Kubernetes.HTTPMirrorFilter, _ route: Kubernetes.HTTPRoute) -> RouteDecision.Mirror {
        let key = GatewayReferences.key(mirror.backendRef, from: route.metadata.namespace)
        var copy = RouteDecision.Mirror(target: "\(key)" + (mirror.backendRef.port.map { ":\($0)" } ?? ""))
        copy.service = key
        let bound = UInt32(clamping: max(1, mirror.fraction.map { $0.denominator ?? 100 } ?? 100))
        let share = UInt32(clamping: max(0, mirror.fraction?.numerator ?? mirror.percent ?? 100))
        if mirror.fraction != nil || mirror.percent != nil { copy.percent = Int(UInt64(share) * 100 / UInt64(bound)) }
        let isUsable = GatewayReferences.fault(mirror.backendRef, of: route, objects) == nil
        copy.isSent = isUsable && (share >= bound || chance.below(bound) < share)
        return copy
    }

    /// 504 when the backend takes longer than the rule allows.
    private func limit(_ decision: inout RouteDecision, _ timeouts: Kubernetes.HTTPRouteTimeouts?, _ request: RouteRequest) {
        guard let delay = request.backendDelay, decision.backend != nil, decision.status < 500 else { return }
        let bounds = [timeouts?.request, timeouts?.backendRequest].compactMap { $0.flatMap { RouteDuration.milliseconds($0) } }
            .filter { $0 > 0 }
        if let bound = bounds.min(), delay > bound {
            decision.status = 504
            decision.reason += ": the backend takes longer than \(bound) ms"
        }
    }
}

/// Durations of the Gateway API: `1h`, `30s`, `500ms`, several of them in a row.
enum RouteDuration {
    static func milliseconds(_ text: String) -> Int? {
        var total = 0
        var rest = text[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard digits.count <= 9, let number = Int(digits),
                let scale = ["h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1][String(unit)]
            else { return nil }
            total += number * scale
        }
        return total
    }
}
