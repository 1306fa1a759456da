import HawseWire

/// One request inside nginx, with the variables that configurations may name.
struct NginxExchange {
    let request: RouteRequest
    let settings: NginxSettings
    /// The name of the server that takes it.
    let server: String
    /// As locations compare it; a rewrite changes it.
    var uri: String
    /// After the trusted proxies in front, when the controller is told to believe them.
    let client: IPAddress?
    let requestID: String
    var namespace = ""
    var ingress = ""
    var service = ""
    var port = ""
    var locationPath = "/"
    var upstream = ""

    init(_ request: RouteRequest, _ settings: NginxSettings, server: String, uri: String, requestID: String) {
        self.request = request
        self.settings = settings
        self.server = server
        self.uri = uri
        client = Self.realClient(request, settings)
        self.requestID = request.headers["X-Request-ID"] ?? requestID
    }

    /// nginx's realip module, recursive: the last address of the header that is no trusted proxy; with all trusted, the first.
    private static func realClient(_ request: RouteRequest, _ settings: NginxSettings) -> IPAddress? {
        let peer = request.client ?? RouteRequest.inClusterClient
        guard settings.usesForwardedHeaders || settings.enablesRealIP, let peer,
            let line = request.headers[settings.forwardedForHeader]
        else { return peer }
        func isTrusted(_ address: IPAddress) -> Bool { settings.trustedProxies.contains { $0.contains(address) } }
        guard isTrusted(peer) else { return peer }
        var found = peer
        for word in line.split(separator: ",").reversed() {
            guard let address = IPAddress(String(word).trimmedBlanks) else { break }
            found = address
            if !isTrusted(address) { break }
        }
        return found
    }

    var host: String { request.hostName.isEmpty ? server : request.hostName }

    /// The scheme the client used, as far as a proxy in front is believed.
    var accessScheme: String {
        settings.usesForwardedHeaders ? request.headers["X-Forwarded-Proto"] ?? request.scheme : request.scheme
    }

    var bestHost: String {
        if settings.usesForwardedHeaders, let hosts = request.headers["X-Forwarded-Host"] {
            return String(hosts.prefix { $0 != "," })
        }
        return request.host ?? host
    }

    var passPort: String {
        let port = settings.usesForwardedHeaders ? request.headers["X-Forwarded-Port"] : nil
        let plain = port ?? String(request.destinationPort)
        return plain == String(settings.httpsPort) ? "443" : plain
    }

    /// Scheme and host in front of a path, as nginx writes redirects of its own: without a port.
    var origin: String { "\(request.scheme)://\(host)" }

    /// `$name` and `${name}` by their values.
    func expand(_ text: String) -> String {
        guard text.contains("$") else { return text }
        var out = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            out += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            let isBraced = rest.first == "{"
            let body = isBraced ? rest.dropFirst() : rest
            let name = body.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            if name.isEmpty {
                out += "$"
                continue
            }
            out += value(of: name.lowercased())
            rest = body.dropFirst(name.count)
            if isBraced, rest.first == "}" { rest = rest.dropFirst() }
        }
        return out + rest
    }

    private func value(of name: String) -> String {
        switch name {
        case "host": host
        case "uri", "document_uri": uri
        case "request_uri": request.target
        case "args", "query_string": request.query ?? ""
        case "is_args": request.query == nil ? "" : "?"
        case "scheme": request.scheme
        case "https": request.scheme == "https" ? "on" : ""
        case "request_method": request.method
        case "remote_addr", "realip_remote_addr": client?.description ?? ""
        case "server_name": server
        case "server_port", "pass_server_port": String(request.destinationPort)
        case "namespace": namespace
        case "ingress_name": ingress
        case "service_name": service
        case "service_port": port
        case "location_path": locationPath
        case "best_http_host": bestHost
        case "pass_access_scheme": accessScheme
        case "pass_port": passPort
        case "proxy_upstream_name", "proxy_host": upstream
        case "req_id", "request_id": requestID
        case "literal_dollar": "$"
        default: prefixed(name)
        }
    }

    private func prefixed(_ name: String) -> String {
        if name == "http_host" { return request.host ?? "" }
        if name.hasPrefix("http_") {
            let header = String(name.dropFirst(5).map { $0 == "_" ? "-" : $0 })
            return request.headers[header] ?? ""
        }
        if name.hasPrefix("cookie_") { return request.cookie(String(name.dropFirst(7))) ?? "" }
        if name.hasPrefix("arg_") {
            let wanted = String(name.dropFirst(4))
            for pair in (request.query ?? "").split(separator: "&") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                if parts[0].lowercased() == wanted { return parts.count > 1 ? String(parts[1]) : "" }
            }
        }
        return ""
    }
}
