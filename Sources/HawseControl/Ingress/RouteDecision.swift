import HawseModel
import HawseWire

/// What becomes of a request: the answer's status and who gives it.
public struct RouteDecision: Sendable {
    /// The Service that answers, and how it is asked.
    public struct Backend: Hashable, Sendable {
        public var namespace: String
        public var service: String
        /// As the rule names it: a number or a port's name.
        public var port: String
        /// `address:port`; nil when the objects do not say which endpoints there are.
        public var endpoint: String?
        /// http, https, h2c, grpc, grpcs, fcgi, or tls where the TLS connection itself is passed through.
        public var scheme = "http"

        public init(namespace: String, service: String, port: String) {
            self.namespace = namespace
            self.service = service
            self.port = port
        }
    }

    /// The rule that took the request.
    public struct Rule: Hashable, Sendable {
        public var kind: String
        public var object: ObjectKey
        public var host: String
        public var path: String
        public var pathType: String
    }

    public struct Certificate: Hashable, Sendable {
        /// The subject's common name, or the first of its host names.
        public var name: String
        public var secret: ObjectKey?
    }

    /// A copy of the request that goes elsewhere, whose answer nobody waits for.
    public struct Mirror: Hashable, Sendable {
        public var target: String
        public var withBody = true
        public var host = ""
        /// The Service it goes to, where it goes to one.
        public var service: ObjectKey?
        /// Of every hundred requests; nil: all.
        public var percent: Int?
        /// Whether this request is copied.
        public var isSent = true

        public init(target: String, withBody: Bool = true, host: String = "") {
            self.target = target
            self.withBody = withBody
            self.host = host
        }
    }

    /// What a controller was told to bound; how much of it a single request uses is not known.
    public struct Limits: Hashable, Sendable {
        public var connections = 0
        public var requestsPerSecond = 0
        public var requestsPerMinute = 0
        public var burst = 0
        /// KiB a second.
        public var rate = 0
        public var rateAfter = 0
        public var isEmpty: Bool { self == Limits() }
        public init() {}
    }

    /// An answer of the backend, or of the proxy itself, that an error page replaces.
    public struct ErrorPage: Hashable, Sendable {
        public var code: Int
        public var backend: String
    }

    public var status: Int
    public var backend: Backend?
    /// The path that the backend is asked for; without a backend, the request's.
    public var path: String
    public var query: String?
    public var location: String?
    /// Header fields that the proxy puts on the answer.
    public var headers = HeaderFields()
    /// The Host that the backend sees, and the header fields.
    public var backendHost: String?
    public var backendHeaders = HeaderFields()
    public var certificate: Certificate?
    public var rule: Rule?
    public var mirrors: [Mirror] = []
    public var limits = Limits()
    /// Address rules in their order, as nginx would print them.
    public var access: [String] = []
    public var errorPage: ErrorPage?
    /// Paths of the server in the order in which they are tried, where expressions decide.
    public var pathOrder: [String] = []
    /// One sentence for people.
    public var reason: String

    public init(status: Int, path: String, reason: String) {
        self.status = status
        self.path = path
        self.reason = reason
    }

    /// Nothing matched.
    public static func notFound(_ request: RouteRequest, _ reason: String) -> RouteDecision {
        var decision = RouteDecision(status: 404, path: request.path, reason: reason)
        decision.query = request.query
        return decision
    }
}

extension RouteDecision {
    /// How much of a decision counts when two are compared.
    public enum Detail: Sendable {
        /// Status, Service, the path it is asked for, and where a redirect leads.
        case outcome
        /// Also the port, the protocol and the host.
        case backend
        /// Also header fields, of the request as the backend sees it and of the answer, and the certificate.
        case everything
    }

    /// One line that is the same exactly when the decisions are, as far as that detail goes.
    public func summary(_ detail: Detail) -> String {
        var words = ["\(status)"]
        if let location { words.append("to \(location)") }
        if let backend {
            words.append("by \(backend.namespace)/\(backend.service)" + (detail == .outcome ? "" : ":\(backend.port)"))
            words.append("asked for \(path)" + (query.map { "?" + $0 } ?? ""))
            if detail != .outcome { words.append("with \(backend.scheme) as \(backendHost ?? "-")") }
            if detail == .everything { words.append(Self.text(backendHeaders)) }
        }
        if detail == .everything {
            words.append("answer " + Self.text(headers))
            if let certificate { words.append("certificate \(certificate.name)") }
        }
        return words.joined(separator: " ")
    }

    private static func text(_ fields: HeaderFields) -> String {
        "{" + fields.fields.map { "\($0.name.lowercased()): \($0.value)" }.sorted().joined(separator: "; ") + "}"
    }

    /// The row of an answer stream. Keys without a value are left out, save those that the stream promises.
    public func row(id: String?) -> ManifestNode {
        var entries: [ManifestNode.Entry] = []
        func put(_ key: String, _ node: ManifestNode?) { if let node { entries.append(.init(key, node)) } }
        put("id", id.map { .string($0) })
        put("status", .integer(status))
        put("backend", backend.map { node($0) } ?? .null)
        put("path", .string(path))
        put("query", query.map { .string($0) })
        put("location", location.map { .string($0) } ?? .null)
        put("headers", Self.node(headers))
        put("certificate", certificate.map { .string($0.name) } ?? .null)
        put("secret", certificate?.secret.map { .string("\($0)") })
        if let rule {
            put(
                "rule",
                ManifestNode(
                    .map([
                        .init("kind", .string(rule.kind)), .init("namespace", .string(rule.object.namespace)),
                        .init("name", .string(rule.object.name)), .init("host", .string(rule.host)),
                        .init("path", .string(rule.path)), .init("pathType", .string(rule.pathType)),
                    ])))
        }
        if !mirrors.isEmpty { put("mirror", ManifestNode(.list(mirrors.map { Self.node($0) }))) }
        if !limits.isEmpty { put("limits", Self.node(limits)) }
        if !access.isEmpty { put("access", ManifestNode(.list(access.map { .string($0) }))) }
        if let errorPage {
            put(
                "errorPage",
                ManifestNode(
                    .map([
                        .init("code", .integer(errorPage.code)), .init("backend", .string(errorPage.backend)),
                    ])))
        }
        if !pathOrder.isEmpty { put("pathOrder", ManifestNode(.list(pathOrder.map { .string($0) }))) }
        put("reason", .string(reason))
        return ManifestNode(.map(entries))
    }

    private func node(_ backend: Backend) -> ManifestNode {
        var entries: [ManifestNode.Entry] = [
            .init("namespace", .string(backend.namespace)), .init("service", .string(backend.service)),
            .init("port", Int(backend.port).map { .integer($0) } ?? .string(backend.port)),
            .init("protocol", .string(backend.scheme)),
        ]
        if let endpoint = backend.endpoint { entries.append(.init("endpoint", .string(endpoint))) }
        if let backendHost { entries.append(.init("host", .string(backendHost))) }
        entries.append(.init("headers", Self.node(backendHeaders)))
        return ManifestNode(.map(entries))
    }

    private static func node(_ mirror: Mirror) -> ManifestNode {
        var entries: [ManifestNode.Entry] = [.init("to", .string(mirror.target)), .init("body", .bool(mirror.withBody))]
        if !mirror.host.isEmpty { entries.append(.init("host", .string(mirror.host))) }
        if let service = mirror.service {
            entries.append(.init("namespace", .string(service.namespace)))
            entries.append(.init("service", .string(service.name)))
        }
        if let percent = mirror.percent { entries.append(.init("percent", .integer(percent))) }
        entries.append(.init("sent", .bool(mirror.isSent)))
        return ManifestNode(.map(entries))
    }

    /// Names once, values of one name as a comma list.
    private static func node(_ fields: HeaderFields) -> ManifestNode {
        var seen: Set<String> = []
        return ManifestNode(
            .map(
                fields.fields.compactMap { field in
                    guard seen.insert(field.name.lowercased()).inserted else { return nil }
                    return .init(field.name, .string(fields[field.name] ?? ""))
                }))
    }

    private static func node(_ limits: Limits) -> ManifestNode {
        let all = [
            ("connections", limits.connections), ("requestsPerSecond", limits.requestsPerSecond),
            ("requestsPerMinute", limits.requestsPerMinute), ("burst", limits.burst),
            ("rateKiBPerSecond", limits.rate), ("rateAfterKiB", limits.rateAfter),
        ]
        return ManifestNode(.map(all.filter { $0.1 > 0 }.map { .init($0.0, .integer($0.1)) }))
    }
}
