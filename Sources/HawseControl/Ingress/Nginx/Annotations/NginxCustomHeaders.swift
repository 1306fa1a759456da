/// `custom-headers`: header fields from a ConfigMap, for the answer.
struct NginxCustomHeaders: NginxAnnotation {
    static let names = ["custom-headers"]

    var fields: [(name: String, value: String)] = []

    init() {}

    init(_ reader: AnnotationReader) throws(AnnotationRefusal) {
        guard let name = try reader.text("custom-headers", .basic) else { return }
        let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2, let map = reader.objects.configMaps[ObjectKey(namespace: parts[0], name: parts[1])] else {
            throw .denied("custom-headers: there is no ConfigMap \(name)")
        }
        for (header, value) in map.data.sorted(by: { $0.key < $1.key }) {
            guard reader.settings.allowedResponseHeaders.contains(header) else {
                throw .denied("custom-headers: \(header) is not in global-allowed-response-headers")
            }
            fields.append((header, value))
        }
    }
}
