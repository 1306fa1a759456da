/// From Ingresses, oldest first, to servers and upstreams, in the order in which the controller does it: what an older Ingress
/// has set, a younger one does not change.
struct NginxBuild {
    let objects: RouteObjects
    let settings: NginxSettings
    private(set) var ingresses: [Kubernetes.Ingress] = []
    private(set) var annotations: [NginxAnnotations] = []
    private(set) var upstreams: [String: NginxUpstream] = [:]
    private(set) var servers: [String: NginxServer] = [:]
    private(set) var notes: [String] = []
    /// Upstreams in the order in which they were made.
    private var upstreamNames: [String] = []

    static let fakeCertificate = RouteDecision.Certificate(name: "Kubernetes Ingress Controller Fake Certificate", secret: nil)

    init(_ owned: [Kubernetes.Ingress], _ settings: NginxSettings, _ objects: RouteObjects) {
        self.objects = objects
        self.settings = settings
        let forms = NginxSettings.smuggling
        for ingress in owned {
            if settings.disablesCatchAll, ingress.spec.defaultBackend != nil {
                notes.append("Ingress \(ingress.key) is left out: it catches all, and the controller has --disable-catch-all")
            } else if let word = NginxSettings.smuggled(ingress, forms) {
                notes.append("Ingress \(ingress.key) is left out: \"\(word)\" holds nginx configuration")
            } else if let read = NginxAnnotations(ingress, settings, objects, &notes) {
                ingresses.append(ingress)
                annotations.append(read)
            }
        }
        makeUpstreams()
        makeServers()
        for index in ingresses.indices where !annotations[index].canary.isEnabled { configure(index) }
        tidyAliases()
        for index in ingresses.indices { addLocations(index) }
        mergeCanaries()
        setErrorUpstreams()
    }

    /// Default certificate: the Secret the command line names, else one that nobody trusts.
    var defaultCertificate: RouteDecision.Certificate {
        guard let key = settings.defaultCertificate, let names = objects.certificateNames(key) else {
            return Self.fakeCertificate
        }
        return .init(name: names.name, secret: key)
    }

    // MARK: Upstreams

    private mutating func makeUpstreams() {
        var first = NginxUpstream(name: NginxUpstream.defaultName, endpoints: [.assumed])
        if let key = settings.defaultService, let service = objects.services[key], let port = service.spec.ports.first {
            let endpoints = objects.endpoints(service, port)
            if !endpoints.isEmpty {
                (first.service, first.port, first.endpoints) = (key, String(port.port), endpoints)
            } else {
                notes.append("the default backend \(key) has no ready endpoint: the controller answers 404 itself")
            }
        }
        upstreams[first.name] = first
        for (index, ingress) in ingresses.enumerated() {
            // A default backend's upstream is made anew even where it exists.
            if let reference = ingress.spec.defaultBackend?.service { makeUpstream(index, reference, replaces: true) }
            for path in ingress.spec.rules.flatMap({ $0.http?.paths ?? [] }) {
                if let reference = path.backend.service { makeUpstream(index, reference, replaces: false) }
            }
        }
    }

    private mutating func makeUpstream(_ index: Int, _ reference: Kubernetes.IngressServiceBackend, replaces: Bool) {
        let namespace = ingresses[index].metadata.namespace
        let name = NginxUpstream.name(namespace, reference)
        if upstreams[name] != nil, !replaces { return }
        if upstreams[name] == nil { upstreamNames.append(name) }
        var upstream = NginxUpstream(name: name)
        upstream.service = ObjectKey(namespace: namespace, name: reference.name)
        upstream.port = NginxUpstream.port(reference)
        upstream.settings = annotations[index].upstream
        if upstream.settings.algorithm.isEmpty { upstream.settings.algorithm = settings.loadBalancing }
        if annotations[index].canary.isEnabled {
            upstream.isServerless = true
            upstream.canary = annotations[index].canary
        }
        if let key = upstream.service, let service = objects.services[key] {
            upstream.endpoints = endpoints(service, upstream.port, usesService: annotations[index].upstream.usesService)
        }
        upstreams[name] = upstream
    }

    private func endpoints(_ service: Kubernetes.Service, _ word: String, usesService: Bool) -> [RouteEndpoint] {
        let spec = service.spec
        if spec.type == .externalName {
            let name = spec.externalName
            if name == "localhost" || name.hasPrefix("127.") || name == "::1" || name.isEmpty { return [] }
            let port = objects.port(service, word)
            return [RouteEndpoint(address: name, port: port.map { Self.target($0) } ?? word)]
        }
        // A port by number, by its target or by name.
        let port = spec.ports.first { String($0.port) == word || "\($0.targetPort)" == word || $0.name == word }
        if usesService, spec.clusterIP != "None", let number = port?.port ?? Int(word) {
            return [spec.clusterIP.isEmpty ? .assumed : RouteEndpoint(address: spec.clusterIP, port: String(number))]
        }
        return port.map { objects.endpoints(service, $0, byTarget: true) } ?? []
    }

    private static func target(_ port: Kubernetes.ServicePort) -> String {
        if case .int(let number) = port.targetPort, number > 0 { return String(number) }
        return String(port.port)
    }

    // MARK: Servers

    private mutating func makeServers() {
        var root = NginxServer(name: NginxServer.defaultName, certificate: defaultCertificate)
        root.locations = [NginxLocation(path: "/", isDefault: true, upstream: NginxUpstream.defaultName)]
        servers[root.name] = root
        for (index, ingress) in ingresses.enumerated() where !annotations[index].canary.isEnabled {
            var upstream = NginxUpstream.defaultName
            if let reference = ingress.spec.defaultBackend?.service {
                upstream = NginxUpstream.name(ingress.metadata.namespace, reference)
                if ingress.spec.rules.isEmpty { catchAll(index, upstream) }
            }
            for rule in ingress.spec.rules {
                let host = Self.host(rule)
                guard servers[host] == nil else { continue }
                var server = NginxServer(name: host, isPassthrough: annotations[index].passthrough.isEnabled)
                server.locations = [
                    NginxLocation(path: "/", isDefault: true, upstream: upstream, ingress: index, annotations: annotations[index])
                ]
                servers[host] = server
            }
        }
    }

    /// An Ingress with a backend and no rule: the first one takes the default server's root. Its redirects and rewrites do not
    /// count there.
    private mutating func catchAll(_ index: Int, _ upstream: String) {
        guard var location = servers[NginxServer.defaultName]?.locations.first, location.isDefault else { return }
        let (rewrite, redirect) = (location.annotations.rewrite, location.annotations.redirect)
        location.isDefault = false
        location.upstream = upstream
        location.ingress = index
        location.annotations = annotations[index]
        location.annotations.rewrite = rewrite
        location.annotations.redirect = redirect
        servers[NginxServer.defaultName]?.locations[0] = location
    }

    static func host(_ rule: Kubernetes.IngressRule) -> String { rule.host.isEmpty ? NginxServer.defaultName : rule.host }

    /// Aliases, snippets, passthrough and certificate of an Ingress's hosts.
    private mutating func configure(_ index: Int) {
        let ingress = ingresses[index]
        for rule in ingress.spec.rules {
            guard var server = servers[Self.host(rule)] else { continue }
            defer { servers[server.name] = server }
            if server.aliases.isEmpty { server.aliases = annotations[index].alias.aliases }
            if server.snippet.directives.isEmpty { server.snippet = annotations[index].snippets.server }
            if annotations[index].passthrough.isEnabled { server.isPassthrough = true }
            guard server.certificate == nil, !ingress.spec.tls.isEmpty else { continue }
            server.certificate = defaultCertificate
            guard let key = secret(for: server.name, ingress), let names = objects.certificateNames(key),
                names.covers(server.name)
            else { continue }
            server.certificate = .init(name: names.name, secret: key)
            server.certificateNames = names
        }
    }

    /// The Secret whose entry lists the host; else the first whose certificate is good for it.
    private func secret(for host: String, _ ingress: Kubernetes.Ingress) -> ObjectKey? {
        func key(_ entry: Kubernetes.IngressTLS) -> ObjectKey {
            ObjectKey(namespace: ingress.metadata.namespace, name: entry.secretName)
        }
        if let entry = ingress.spec.tls.first(where: { $0.hosts.contains { $0.lowercased() == host.lowercased() } }) {
            return entry.secretName.isEmpty ? nil : key(entry)
        }
        return ingress.spec.tls.first { !$0.secretName.isEmpty && objects.certificateNames(key($0))?.covers(host) == true }.map(
            key)
    }

    private mutating func tidyAliases() {
        let taken = Set(servers.keys)
        for name in taken { servers[name]?.aliases.removeAll { taken.contains($0) } }
    }

    // MARK: Locations

    private mutating func addLocations(_ index: Int) {
        let ingress = ingresses[index]
        let settings = annotations[index]
        for rule in ingress.spec.rules {
            let host = Self.host(rule)
            guard let http = rule.http, var server = servers[host] ?? servers[NginxServer.defaultName] else { continue }
            defer { servers[server.name] = server }
            for path in http.paths {
                guard let reference = path.backend.service else { continue }
                let name = NginxUpstream.name(ingress.metadata.namespace, reference)
                guard upstreams[name]?.isServerless == false else { continue }
                let isExact = path.pathType == "Exact"
                let text = path.path.isEmpty ? "/" : path.path
                if let at = server.locations.firstIndex(where: { $0.path == text }), server.locations[at].isExact == isExact {
                    if server.locations[at].isDefault {
                        server.locations[at].isDefault = false
                        server.locations[at].upstream = name
                        server.locations[at].ingress = index
                        server.locations[at].annotations = settings
                    } else if let owner = server.locations[at].ingress, owner != index {
                        notes.append(
                            "Ingress \(ingress.key): \(host)\(text) is taken by the older Ingress \(ingresses[owner].key)")
                    }
                } else {
                    server.locations.append(
                        NginxLocation(path: text, isExact: isExact, upstream: name, ingress: index, annotations: settings))
                }
                if settings.redirect.isFromToWWW { server.redirectsFromToWWW = true }
                setAffinity(name, settings.affinity, host: host, aliases: server.aliases, path: text)
            }
        }
    }

    private mutating func setAffinity(_ name: String, _ affinity: NginxAffinity, host: String, aliases: [String], path: String) {
        guard var upstream = upstreams[name] else { return }
        defer { upstreams[name] = upstream }
        if affinity.isCookie { upstream.isSticky = true }
        if affinity.isPersistent, !upstream.hasMode { upstream.isPersistent = true }
        if affinity.isPersistent { upstream.hasMode = true }
        guard affinity.isCookie else { return }
        upstream.cookie = affinity.cookie
        for name in [host] + aliases { upstream.cookiePaths[name, default: []].append(path) }
    }

    // MARK: Canaries

    private mutating func mergeCanaries() {
        guard annotations.contains(where: { !$0.canary.isEnabled }) else { return }
        for index in ingresses.indices where annotations[index].canary.isEnabled {
            let ingress = ingresses[index]
            if let reference = ingress.spec.defaultBackend?.service {
                merge(index, reference, servers[NginxServer.defaultName]?.locations ?? []) { _ in true }
            }
            for rule in ingress.spec.rules {
                guard let server = servers[Self.host(rule)] else {
                    notes.append(
                        "Ingress \(ingress.key): no other Ingress has the host \(Self.host(rule)), so that the canary is not used"
                    )
                    continue
                }
                for path in rule.http?.paths ?? [] {
                    guard let reference = path.backend.service else { continue }
                    let (text, isExact) = (path.path.isEmpty ? "/" : path.path, path.pathType == "Exact")
                    merge(index, reference, server.locations) { $0.path == text && $0.isExact == isExact }
                }
            }
        }
    }

    private mutating func merge(
        _ index: Int, _ reference: Kubernetes.IngressServiceBackend, _ locations: [NginxLocation],
        where fits: (NginxLocation) -> Bool
    ) {
        let name = NginxUpstream.name(ingresses[index].metadata.namespace, reference)
        guard var alternative = upstreams[name] else { return }
        var isMerged = false
        for location in locations {
            guard var primary = upstreams[location.upstream] else { continue }
            if primary.name == name { return }
            guard primary.name != NginxUpstream.defaultName, !primary.isServerless, fits(location) else { continue }
            isMerged = true
            guard !primary.alternatives.contains(name) else { continue }
            if !annotations[index].affinity.isLegacyCanary {
                alternative.isSticky = primary.isSticky
                alternative.isPersistent = primary.isPersistent
                alternative.cookie = primary.cookie
                alternative.cookiePaths = primary.cookiePaths
            }
            primary.alternatives.append(name)
            upstreams[primary.name] = primary
        }
        upstreams[name] = isMerged ? alternative : nil
    }

    // MARK: Error pages

    /// An own default backend counts when it has endpoints; without endpoints of its own, a location is answered from there.
    private mutating func setErrorUpstreams() {
        for name in servers.keys.sorted() {
            guard var server = servers[name] else { continue }
            for at in server.locations.indices {
                let location = server.locations[at]
                guard let key = location.annotations.errors.service, let upstream = upstreams[location.upstream],
                    upstream.name != NginxUpstream.defaultName,
                    upstream.endpoints.isEmpty || !location.annotations.errors.codes.isEmpty,
                    let service = objects.services[key], let port = service.spec.ports.first
                else { continue }
                let endpoints = objects.endpoints(service, port)
                guard !endpoints.isEmpty else { continue }
                var pages = NginxUpstream(
                    name: "custom-default-backend-\(key.namespace)-\(key.name)", service: key, port: String(port.port))
                pages.endpoints = endpoints
                upstreams[pages.name] = pages
                server.locations[at].errorUpstream = pages.name
                if upstream.endpoints.isEmpty { server.locations[at].upstream = pages.name }
            }
            servers[name] = server
        }
    }
}
