/// `server-alias`: other names of a rule's host.
struct NginxServerAlias: NginxAnnotation {
    static let names = ["server-alias"]

    var aliases: [String] = []

    init() {}

    init(_ reader: AnnotationReader) throws(AnnotationRefusal) {
        let names = try reader.text("server-alias", .any)?.split(separator: ",").map { String($0).trimmedBlanks } ?? []
        for name in names where !AnnotationForm.expression.accepts(name) {
            throw .invalid("server-alias: \"\(name)\" is not a server name")
        }
        aliases = Array(Set(names.filter { !$0.isEmpty })).sorted()
    }
}
