/// Ingress as the API describes it, with nothing of any one controller's own.
///
/// The host is chosen first (exact before wildcard before none), then the path: the longest, Exact before Prefix, then the
/// oldest Ingress. A path of type ImplementationSpecific counts as Prefix.
struct GenericIngress {
    struct Path {
        var ingress: Kubernetes.Ingress
        var host: HostPattern
        var path: String
        var isExact: Bool
        var pathType: String
        var backend: Kubernetes.IngressBackend
    }

    private let objects: RouteObjects
    /// By the rule's host; no path for a host that has none.
    private let paths: [String: [Path]]
    private let ingresses: [Kubernetes.Ingress]

    /// `ingresses`: those the controller owns, oldest first.
    init(_ ingresses: [Kubernetes.Ingress], _ objects: RouteObjects) {
        self.objects = objects
        self.ingresses = ingresses
        var paths: [String: [Path]] = [:]
        for ingress in ingresses {
            for rule in ingress.spec.rules {
                let host = HostPattern(rule.host)
                paths[host.text, default: []] += (rule.http?.paths ?? []).map { path in
                    let type = path.pathType ?? "ImplementationSpecific"
                    return Path(
                        ingress: ingress, host: host, path: path.path.isEmpty ? "/" : path.path, isExact: type == "Exact",
                        pathType: type, backend: path.backend)
                }
            }
        }
        self.paths = paths
    }

    func route(_ request: RouteRequest) -> RouteDecision {
        let name = request.hostName
        let wildcard = name.firstIndex(of: ".").map { "*" + name[$0...] } ?? ""
        let host = [name, wildcard, ""].first { paths[$0] != nil }.map(HostPattern.init)
        var decision: RouteDecision
        if let host, let path = best(host, request.path) {
            decision = answer(request, path.backend, path.ingress, "\(path.pathType) \(path.path) of Ingress \(path.ingress.key)")
            decision.rule = .init(
                kind: "Ingress", object: path.ingress.key, host: host.text, path: path.path, pathType: path.pathType)
        } else if let ingress = fallback(host) {
            decision = answer(
                request, ingress.spec.defaultBackend ?? .init(), ingress,
                "no rule matches: default backend of Ingress \(ingress.key)")
        } else {
            decision = .notFound(
                request, host == nil ? "no rule is for host \"\(name)\"" : "no path of host \"\(host?.text ?? "")\" matches")
        }
        if request.scheme == "https" { decision.certificate = certificate(request.sni?.lowercased()) }
        return decision
    }

    private func best(_ host: HostPattern, _ path: String) -> Path? {
        var best: Path?
        for candidate in paths[host.text] ?? [] where Self.matches(candidate, path) {
            guard let held = best else {
                best = candidate
                continue
            }
            let (a, b) = (Self.length(candidate.path), Self.length(held.path))
            if a > b || a == b && candidate.isExact && !held.isExact { best = candidate }
        }
        return best
    }

    /// A final slash says nothing about how much a rule matches.
    private static func length(_ path: String) -> Int { path.hasSuffix("/") ? path.utf8.count - 1 : path.utf8.count }

    private static func matches(_ rule: Path, _ path: String) -> Bool {
        rule.isExact ? rule.path == path : PathElements.isPrefix(rule.path, of: path)
    }

    /// The default backend of an Ingress that has this host, else of the oldest one that has any.
    private func fallback(_ host: HostPattern?) -> Kubernetes.Ingress? {
        let all = ingresses.filter { $0.spec.defaultBackend != nil }
        return all.first { ingress in ingress.spec.rules.contains { HostPattern($0.host) == host } }
            ?? all.first { $0.spec.rules.isEmpty } ?? all.first
    }

    private func answer(
        _ request: RouteRequest, _ backend: Kubernetes.IngressBackend, _ ingress: Kubernetes.Ingress, _ reason: String
    ) -> RouteDecision {
        var decision = RouteDecision(status: request.backendStatus ?? 200, path: request.path, reason: reason)
        decision.query = request.query
        guard let reference = backend.service else {
            decision.status = 503
            decision.reason += "; its backend is a \(backend.resource?.kind ?? "resource"), not a Service"
            return decision
        }
        let key = ObjectKey(namespace: ingress.metadata.namespace, name: reference.name)
        let word = reference.port.number > 0 ? String(reference.port.number) : reference.port.name
        var target = RouteDecision.Backend(namespace: key.namespace, service: key.name, port: word)
        if let fault = find(&target, key, word) {
            decision.status = 503
            decision.reason += "; " + fault
        }
        decision.backend = target
        decision.backendHost = request.host
        decision.backendHeaders = request.headers
        return decision
    }

    /// Fills in the endpoint; says why there is none.
    private func find(_ target: inout RouteDecision.Backend, _ key: ObjectKey, _ word: String) -> String? {
        guard let service = objects.services[key] else { return "there is no Service \(key)" }
        let port = objects.port(service, word)
        if service.spec.type == .externalName {
            target.endpoint = "\(service.spec.externalName):\(port.map { String($0.port) } ?? word)"
            return nil
        }
        guard let port else { return "Service \(key) has no port \(word)" }
        let endpoints = objects.endpoints(service, port)
        // One of several: which one is the controller's own affair.
        target.endpoint = endpoints.count == 1 ? endpoints[0].text : nil
        return endpoints.isEmpty ? "Service \(key) has no ready endpoint" : nil
    }

    /// The certificate whose TLS entry lists the name: exact before wildcard.
    private func certificate(_ sni: String?) -> RouteDecision.Certificate? {
        guard let sni else { return nil }
        for isWildcard in [false, true] {
            for ingress in ingresses {
                for entry in ingress.spec.tls {
                    guard
                        let host = entry.hosts.map(HostPattern.init).first(where: {
                            $0.isWildcard == isWildcard && $0.matches(sni)
                        })
                    else { continue }
                    let key = ObjectKey(namespace: ingress.metadata.namespace, name: entry.secretName)
                    return .init(name: objects.certificateNames(key)?.name ?? host.text, secret: key)
                }
            }
        }
        return nil
    }
}

/// Paths compared element by element, as Ingress and HTTPRoute prefixes are.
enum PathElements {
    /// A final slash of the prefix is ignored.
    static func isPrefix(_ prefix: String, of path: String) -> Bool {
        let bare = prefix.hasSuffix("/") ? prefix.dropLast() : prefix[...]
        guard path.utf8.starts(with: bare.utf8) else { return false }
        let rest = path.utf8.dropFirst(bare.utf8.count)
        return rest.isEmpty || rest.first == UInt8(ascii: "/")
    }
}
