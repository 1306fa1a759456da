/// `custom-http-errors`, `default-backend`, `disable-proxy-intercept-errors`.
struct NginxErrorPages: NginxAnnotation {
    static let names = ["custom-http-errors", "default-backend", "disable-proxy-intercept-errors"]

    var codes: [Int] = []
    var interceptsBackend = true
    var service: ObjectKey?

    init() {}

    init(_ reader: AnnotationReader) throws(AnnotationRefusal) {
        codes =
            try reader.text("custom-http-errors", .errorCodes)?.split(separator: ",").compactMap { Int(String($0).trimmedBlanks) }
            ?? []
        interceptsBackend = !(reader.lenientFlag("disable-proxy-intercept-errors") ?? false)
        if let name = try reader.text("default-backend", .serviceName) {
            let key = ObjectKey(namespace: reader.ingress.metadata.namespace, name: name)
            service = reader.objects.services[key] == nil ? nil : key
        }
    }
}
