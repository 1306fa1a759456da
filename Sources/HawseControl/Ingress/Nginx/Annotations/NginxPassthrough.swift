/// `ssl-passthrough`, with the controller's `--enable-ssl-passthrough`; `use-port-in-redirects`.
struct NginxPassthrough: NginxAnnotation {
    static let names = ["ssl-passthrough", "use-port-in-redirects"]

    var isEnabled = false
    var usesPortInRedirects = false

    init() {}

    init(_ reader: AnnotationReader) throws(AnnotationRefusal) {
        isEnabled = try reader.flag("ssl-passthrough") ?? false
        usesPortInRedirects = reader.lenientFlag("use-port-in-redirects") ?? reader.settings.usesPortInRedirects
    }
}
