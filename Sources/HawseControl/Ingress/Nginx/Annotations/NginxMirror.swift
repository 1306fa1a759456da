/// `mirror-target`, `mirror-request-body`, `mirror-host`.
struct NginxMirror: NginxAnnotation {
    static let names = ["mirror-target", "mirror-request-body", "mirror-host"]

    var mirror: RouteDecision.Mirror?

    init() {}

    init(_ reader: AnnotationReader) {
        guard let target = reader.lenient("mirror-target", .expression) else { return }
        let withBody = reader.lenient("mirror-request-body", .options(["on", "off"])) != "off"
        let host = reader.lenient("mirror-host", .expression) ?? Self.host(of: target)
        if !host.isEmpty { mirror = .init(target: target, withBody: withBody, host: host) }
    }

    private static func host(of target: String) -> String {
        guard let scheme = target.firstRange(of: "://") else { return "" }
        return String(target[scheme.upperBound...].prefix { $0 != "/" && $0 != ":" && $0 != "$" && $0 != "?" })
    }
}
