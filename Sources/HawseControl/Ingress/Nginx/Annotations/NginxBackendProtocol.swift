/// `backend-protocol`: how backends are spoken to.
struct NginxBackendProtocol: NginxAnnotation {
    static let names = ["backend-protocol"]

    private var word = "HTTP"

    init() {}

    init(_ reader: AnnotationReader) {
        let known = ["auto_http", "http", "https", "grpc", "grpcs", "fcgi"]
        word = reader.lenient("backend-protocol", .options(known, ignoresCase: true))?.uppercased() ?? "HTTP"
    }

    func scheme(of request: RouteRequest) -> String { word == "AUTO_HTTP" ? request.scheme : word.lowercased() }
}
