/// `enable-cors` and `cors-…`.
struct NginxCORS: NginxAnnotation {
    static let names = [
        "enable-cors", "cors-allow-origin", "cors-allow-methods", "cors-allow-headers", "cors-allow-credentials",
        "cors-expose-headers",
        "cors-max-age",
    ]
    private static let usualMethods = "GET, PUT, POST, DELETE, PATCH, OPTIONS"
    private static let usualHeaders =
        "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization"

    var isEnabled = false
    var origins: [String] = []
    var methods = ""
    var headers = ""
    var allowsCredentials = true
    var exposedHeaders = ""
    /// Seconds.
    var maxAge = 1_728_000

    init() {}

    init(_ reader: AnnotationReader) {
        isEnabled = reader.lenientFlag("enable-cors") ?? false
        origins = Self.origins(reader.lenient("cors-allow-origin", .corsOrigins))
        methods = reader.lenient("cors-allow-methods", .methods) ?? Self.usualMethods
        headers = reader.lenient("cors-allow-headers", .headerNames) ?? Self.usualHeaders
        allowsCredentials = reader.lenientFlag("cors-allow-credentials") ?? true
        exposedHeaders = Self.exposed(reader)
        maxAge = reader.lenientNumber("cors-max-age") ?? 1_728_000
    }

    private static func exposed(_ reader: AnnotationReader) -> String {
        guard let text = reader.lenient("cors-expose-headers", .any) else { return "" }
        return text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "-_*, ".utf8.contains(byte)
        } ? text : ""
    }

    private static func origins(_ text: String?) -> [String] {
        guard let text else { return ["*"] }
        var origins: [String] = []
        for part in text.split(separator: ",") {
            let origin = String(part).trimmedBlanks
            if origin == "*" { return ["*"] }
            if origin == "null" || isOrigin(origin) { origins.append(origin) }
        }
        return origins
    }

    /// `scheme://host[:port]`, the host perhaps with `*.` in front.
    private static func isOrigin(_ text: String) -> Bool {
        guard let colon = text.firstRange(of: "://"), !text[..<colon.lowerBound].isEmpty,
            text[..<colon.lowerBound].utf8.allSatisfy({ (97...122).contains($0) })
        else { return false }
        var rest = text[colon.upperBound...]
        if rest.hasPrefix("*.") { rest = rest.dropFirst(2) }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.count < 2 || !parts[1].isEmpty && parts[1].utf8.allSatisfy({ (48...57).contains($0) })
        else { return false }
        return parts[0].utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45 || byte == 46
        }
    }

    /// What `Access-Control-Allow-Origin` says; nil: the origin is not among those allowed.
    func allowedOrigin(_ origin: String?) -> String? {
        if origins == ["*"] { return "*" }
        guard let origin else { return nil }
        return origins.contains { Self.endsWith($0, origin) } ? origin : nil
    }

    /// The controller's expression has no beginning: an allowed origin matches at the end of what the browser sent.
    private static func endsWith(_ allowed: String, _ origin: String) -> Bool {
        let (allowed, origin) = (allowed.lowercased(), origin.lowercased())
        guard let star = allowed.firstIndex(of: "*") else { return origin.hasSuffix(allowed) }
        let (head, tail) = (allowed[..<star], allowed[allowed.index(after: star)...])
        guard origin.hasSuffix(tail) else { return false }
        var middle = origin.dropLast(tail.count)
        var count = 0
        while let last = middle.utf8.last, (48...57).contains(last) || (97...122).contains(last) || last == UInt8(ascii: "-") {
            middle.removeLast()
            count += 1
            if middle.hasSuffix(head), count > 0 { return true }
        }
        return false
    }

    func put(on headers: inout HeaderFields, origin: String) {
        headers.set("Access-Control-Allow-Origin", origin)
        if allowsCredentials { headers.set("Access-Control-Allow-Credentials", "true") }
        headers.set("Access-Control-Allow-Methods", methods)
        headers.set("Access-Control-Allow-Headers", self.headers)
        if !exposedHeaders.isEmpty { headers.set("Access-Control-Expose-Headers", exposedHeaders) }
        headers.set("Access-Control-Max-Age", String(maxAge))
    }
}
