/// `configuration-snippet` and `server-snippet`: nginx directives, where the controller allows them.
struct NginxSnippets: NginxAnnotation {
    static let names = ["configuration-snippet", "server-snippet"]
    /// Annotations of the risk level that has to be allowed explicitly.
    static let critical: Set<String> = [
        "configuration-snippet", "server-snippet", "auth-snippet", "stream-snippet", "modsecurity-snippet",
    ]

    var location = NginxSnippet()
    var server = NginxSnippet()

    init() {}

    init(_ reader: AnnotationReader) throws(AnnotationRefusal) {
        guard reader.settings.allowsSnippets else { return }
        location = NginxSnippet(try reader.text("configuration-snippet", .any) ?? "")
        server = NginxSnippet(try reader.text("server-snippet", .any) ?? "")
    }
}
