/// `rewrite-target`, `use-regex`, `app-root` and the redirects to HTTPS.
struct NginxRewrite: NginxAnnotation {
    static let names = [
        "rewrite-target", "use-regex", "app-root", "ssl-redirect", "force-ssl-redirect", "preserve-trailing-slash",
    ]

    var target = ""
    var usesRegex = false
    var appRoot = ""
    var redirectsToTLS = false
    var forcesTLS = false
    var preservesTrailingSlash = false

    init() {}

    init(_ reader: AnnotationReader) {
        target = reader.lenient("rewrite-target", .pathWithCaptures) ?? ""
        usesRegex = reader.lenientFlag("use-regex") ?? false
        redirectsToTLS = reader.lenientFlag("ssl-redirect") ?? reader.settings.sslRedirect
        forcesTLS = reader.lenientFlag("force-ssl-redirect") ?? reader.settings.forceSSLRedirect
        preservesTrailingSlash = reader.lenientFlag("preserve-trailing-slash") ?? reader.settings.preservesTrailingSlash
        let root = reader.lenient("app-root", .pathWithCaptures) ?? ""
        // Only a path: neither a URL nor something relative.
        appRoot = root.hasPrefix("/") ? root : ""
    }

    /// Whether the request's path is exchanged for another one.
    func isNeeded(for path: String) -> Bool { !target.isEmpty && target != path }
}
