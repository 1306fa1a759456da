/// `upstream-vhost`, `x-forwarded-prefix`, `connection-proxy-header`: header fields that the backend sees.
struct NginxProxyHeaders: NginxAnnotation {
    static let names = ["upstream-vhost", "x-forwarded-prefix", "connection-proxy-header"]

    var host = ""
    var forwardedPrefix = ""
    var connection = ""

    init() {}

    init(_ reader: AnnotationReader) throws(AnnotationRefusal) {
        host = try reader.text("upstream-vhost", .expression) ?? ""
        forwardedPrefix = try reader.text("x-forwarded-prefix", .pathWithCaptures) ?? ""
        connection = try reader.text("connection-proxy-header", .options(["close", "keep-alive"])) ?? ""
    }
}
