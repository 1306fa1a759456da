/// `temporal-redirect`, `permanent-redirect` with their codes, `from-to-www-redirect`, `relative-redirects`.
struct NginxRedirect: NginxAnnotation {
    static let names = [
        "temporal-redirect", "temporal-redirect-code", "permanent-redirect", "permanent-redirect-code", "from-to-www-redirect",
        "relative-redirects",
    ]

    var url = ""
    var code = 0
    var isFromToWWW = false
    var isRelative = false

    init() {}

    init(_ reader: AnnotationReader) throws(AnnotationRefusal) {
        isFromToWWW = try reader.flag("from-to-www-redirect") ?? false
        isRelative = try reader.flag("relative-redirects") ?? false
        if let target = try reader.text("temporal-redirect", .url) {
            let wanted = try reader.number("temporal-redirect-code") ?? 302
            guard target.hasPrefix("http") else { throw .ignored("temporal-redirect: \"\(target)\" is neither http nor https") }
            url = target
            code = (300...307).contains(wanted) ? wanted : 302
            return
        }
        url = try reader.text("permanent-redirect", .url) ?? ""
        let wanted = try reader.number("permanent-redirect-code") ?? 301
        code = (300...308).contains(wanted) ? wanted : 301
    }
}
