/// The header fields with which nginx asks a backend, and the affinity cookie of its answer.
enum NginxProxyRequest {
    static func headers(_ location: NginxLocation, _ exchange: NginxExchange, rewrites: Bool) -> HeaderFields {
        let (request, settings, set) = (exchange.request, exchange.settings, location.annotations)
        var fields = request.headers
        fields.remove("Host")
        let upgrade = request.headers["Upgrade"] ?? ""
        let keepAlive = settings.keepsUpstreamsAlive ? "" : "close"
        fields.set("Connection", !set.proxy.connection.isEmpty ? set.proxy.connection : upgrade.isEmpty ? keepAlive : "upgrade")
        let client = exchange.client?.description ?? ""
        let before = request.headers[settings.forwardedForHeader]
        let full = settings.usesForwardedHeaders && settings.computesFullForwardedFor
        fields.set("X-Request-ID", exchange.requestID)
        fields.set("X-Real-IP", client)
        fields.set("X-Forwarded-For", full ? (before.map { $0 + ", " } ?? "") + client : client)
        fields.set("X-Forwarded-Host", exchange.bestHost)
        fields.set("X-Forwarded-Port", exchange.passPort)
        fields.set("X-Forwarded-Proto", exchange.accessScheme)
        fields.set("X-Forwarded-Scheme", exchange.accessScheme)
        if settings.addsOriginalURI { fields.set("X-Original-URI", request.target) }
        fields.set("X-Scheme", exchange.accessScheme)
        fields.set("X-Original-Forwarded-For", before ?? "")
        fields.set("X-Original-Forwarded-Host", request.headers["X-Forwarded-Host"] ?? "")
        fields.set("Proxy", "")
        for (name, value) in settings.backendHeaders { fields.set(name, exchange.expand(value)) }
        set.snippets.location.applyToBackend(&fields) { exchange.expand($0) }
        if rewrites, !set.proxy.forwardedPrefix.isEmpty {
            fields.set("X-Forwarded-Prefix", exchange.expand(set.proxy.forwardedPrefix))
        }
        return fields
    }

    /// What a default backend is told about the error it stands in for.
    static func errorFields(_ code: Int, _ exchange: NginxExchange) -> [(String, String)] {
        [
            ("X-Code", String(code)), ("X-Format", exchange.request.headers["Accept"] ?? ""), ("X-Namespace", exchange.namespace),
            ("X-Ingress-Name", exchange.ingress), ("X-Service-Name", exchange.service), ("X-Service-Port", exchange.port),
            ("X-Request-ID", exchange.requestID),
        ]
    }

    static func cookie(_ cookie: NginxAffinity.Cookie, _ value: String, _ exchange: NginxExchange, now: Kubernetes.Time) -> String
    {
        var text = "\(cookie.name)=\(value)"
        if let seconds = cookie.expires {
            text += "; Expires=" + date(now.seconds.addingReportingOverflow(Int64(seconds)).partialValue)
        }
        if let seconds = cookie.maxAge { text += "; Max-Age=\(seconds)" }
        if !cookie.domain.isEmpty { text += "; Domain=" + cookie.domain }
        text += "; Path=" + (cookie.path.isEmpty ? exchange.locationPath : cookie.path)
        if cookie.isSecure || exchange.request.scheme == "https" { text += "; Secure" }
        text += "; HttpOnly"
        if !cookie.sameSite.isEmpty { text += "; SameSite=" + cookie.sameSite }
        return text
    }

    /// As nginx prints cookies' dates: `Thu, 18-Nov-10 11:27:35 GMT`.
    static func date(_ seconds: Int64) -> String {
        // Years 0 to 9999: beyond, the calendar's arithmetic means nothing.
        let bounded = min(max(seconds, -62_167_219_200), 253_402_300_799)
        let day = Kubernetes.Time.floorDivide(bounded, 86_400)
        let rest = bounded - day * 86_400
        let (year, month, dayOfMonth) = Kubernetes.Time.date(days: day)
        let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int((day % 7 + 7) % 7)]
        let name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][Int(month - 1)]
        func two(_ value: Int64) -> String { Kubernetes.Time.padded(value, 2) }
        return
            "\(weekday), \(two(dayOfMonth))-\(name)-\(two(year % 100)) \(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60)) GMT"
    }
}
