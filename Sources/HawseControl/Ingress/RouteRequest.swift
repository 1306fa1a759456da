import HawseModel
import HawseWire

/// One HTTP request as it reaches the cluster's edge.
public struct RouteRequest: Sendable {
    public var id: String?
    public var method = "GET"
    /// `http` or `https`.
    public var scheme = "http"
    /// The Host header, perhaps with a port. nil: the client asked the address itself.
    public var host: String?
    /// As sent: neither decoded nor normalised, without the query.
    public var path = "/"
    /// Without the question mark; nil: none.
    public var query: String?
    public var headers = HeaderFields()
    /// The server name of the TLS handshake; nil: none was sent.
    public var sni: String?
    /// The address the connection comes from.
    public var client: IPAddress?
    /// The port it was made to; nil: the scheme's own.
    public var port: Int?
    /// What the backend answers; nil: 200.
    public var backendStatus: Int?
    /// Header fields of the backend's own answer.
    public var backendHeaders = HeaderFields()
    /// How long the backend takes to answer, in milliseconds; nil: no time at all.
    public var backendDelay: Int?
    /// The Gateway it is sent to, where several could take it.
    public var gateway: ObjectKey?
    /// When it is made, for cookies that expire.
    public var time: Kubernetes.Time?

    public init() {}

    /// Where a request comes from that says nothing about it: a pod, so that private ranges hold it.
    public static let inClusterClient = IPAddress("10.244.0.1")

    /// The host without port and final dot, in lower case: what rules compare.
    public var hostName: String {
        guard var name = host?.lowercased() else { return "" }
        if name.hasPrefix("[") {
            if let end = name.firstIndex(of: "]") { name = String(name[...end]) }
        } else if let colon = name.firstIndex(of: ":") {
            name = String(name[..<colon])
        }
        if name.hasSuffix(".") { name.removeLast() }
        return name
    }

    public var destinationPort: Int { port ?? (scheme == "https" ? 443 : 80) }
    /// Path and query as on the request line.
    public var target: String { path + (query.map { "?" + $0 } ?? "") }

    /// A cookie's value from the Cookie header; names compare without regard to case, as nginx's `$cookie_` variables do.
    public func cookie(_ name: String) -> String? {
        guard let line = headers["Cookie"] else { return nil }
        for part in line.split(separator: ";") {
            let pair = part.drop { $0 == " " }
            guard let equals = pair.firstIndex(of: "=") else { continue }
            if pair[..<equals].lowercased() == name.lowercased() { return String(pair[pair.index(after: equals)...]) }
        }
        return nil
    }
}

extension RouteRequest {
    /// Why a line is no request.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public var mark: SourceMark
        public var reason: String
        public var description: String { mark == .none ? reason : "\(mark.column): \(reason)" }
    }

    /// Fields that requests may have.
    public static let knownFields = [
        "id", "method", "scheme", "host", "path", "query", "headers", "cookies", "sni", "client", "port", "backendStatus",
        "backendDelay", "backendAddsResponseHeaders", "gateway", "time",
    ]

    /// From one object of a request stream. `unknown` takes the fields that say nothing here.
    public init(_ node: ManifestNode, unknown: inout [String]) throws(Failure) {
        guard let entries = node.entries else {
            throw Failure(mark: node.mark, reason: "an object is expected, found \(node.typeName)")
        }
        for entry in entries where !entry.node.isNull {
            if try !take(entry.key, entry.node) { unknown.append(entry.key) }
        }
        if let mark = path.firstIndex(of: "?") {
            query = query ?? String(path[path.index(after: mark)...])
            path = String(path[..<mark])
        }
        if !path.hasPrefix("/") { path = "/" + path }
    }

    /// One field; false: it says nothing here.
    private mutating func take(_ key: String, _ value: ManifestNode) throws(Failure) -> Bool {
        switch key {
        case "id": id = value.text ?? JSONWriter.compact(value)
        case "method": method = try text(value, key).uppercased()
        case "scheme":
            scheme = try text(value, key).lowercased()
            guard scheme == "http" || scheme == "https" else {
                throw Failure(mark: value.mark, reason: "scheme: \"\(scheme)\" is neither http nor https")
            }
        case "host": host = try text(value, key)
        case "path": path = try text(value, key)
        case "query": query = try Self.query(value)
        case "headers": headers = try Self.fields(value, key)
        case "cookies": addCookies(try Self.fields(value, key))
        case "sni": sni = try text(value, key)
        case "client":
            client = IPAddress(try text(value, key))
            if client == nil { throw Failure(mark: value.mark, reason: "client: not an IP address") }
        case "port": port = value.int
        case "backendStatus": backendStatus = value.int
        case "backendDelay": backendDelay = try RouteDuration.milliseconds(text(value, key))
        case "backendAddsResponseHeaders": backendHeaders = try Self.fields(value, key)
        case "gateway":
            let parts = try text(value, key).split(separator: "/", maxSplits: 1).map(String.init)
            gateway =
                parts.count == 2
                ? ObjectKey(namespace: parts[0], name: parts[1]) : ObjectKey(namespace: "default", name: parts.first ?? "")
        case "time":
            time = value.int.map { Kubernetes.Time(seconds: Int64($0)) } ?? value.text.flatMap { Kubernetes.Time($0) }
        default: return false
        }
        return true
    }

    private func text(_ value: ManifestNode, _ key: String) throws(Failure) -> String {
        guard let text = value.text else { throw Failure(mark: value.mark, reason: "\(key): a string is expected") }
        return text
    }

    private mutating func addCookies(_ cookies: HeaderFields) {
        let line = cookies.fields.map { "\($0.name)=\($0.value)" }.joined(separator: "; ")
        guard !line.isEmpty else { return }
        headers.set("Cookie", headers["Cookie"].map { "\($0); \(line)" } ?? line)
    }

    /// A text, or an object of names and values.
    private static func query(_ node: ManifestNode) throws(Failure) -> String {
        if let text = node.text { return text.hasPrefix("?") ? String(text.dropFirst()) : text }
        return try fields(node, "query").fields.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    /// An object of names and values; a value may be a list of values.
    private static func fields(_ node: ManifestNode, _ name: String) throws(Failure) -> HeaderFields {
        guard let entries = node.entries else { throw Failure(mark: node.mark, reason: "\(name): an object is expected") }
        var fields = HeaderFields()
        for entry in entries {
            for item in entry.node.items ?? [entry.node] where !item.isNull {
                fields.add(entry.key, item.text ?? JSONWriter.compact(item))
            }
        }
        return fields
    }
}
