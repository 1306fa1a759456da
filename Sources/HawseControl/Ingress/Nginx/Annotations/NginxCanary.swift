/// `canary` and what decides which requests go to it. Precedence: header, then cookie, then weight.
struct NginxCanary: NginxAnnotation {
    static let names = [
        "canary", "canary-weight", "canary-weight-total", "canary-by-header", "canary-by-header-value",
        "canary-by-header-pattern",
        "canary-by-cookie",
    ]

    var isEnabled = false
    var weight = 0
    var weightTotal = 100
    var header = ""
    var headerValue = ""
    var headerPattern = ""
    var cookie = ""

    init() {}

    init(_ reader: AnnotationReader) throws(AnnotationRefusal) {
        isEnabled = reader.lenientFlag("canary") ?? false
        weight = reader.lenientNumber("canary-weight") ?? 0
        weightTotal = reader.lenientNumber("canary-weight-total") ?? 100
        header = reader.lenient("canary-by-header", .basic) ?? ""
        headerValue = reader.lenient("canary-by-header-value", .basic) ?? ""
        headerPattern = reader.lenient("canary-by-header-pattern", .expression) ?? ""
        cookie = reader.lenient("canary-by-cookie", .basic) ?? ""
        if !isEnabled, weight > 0 || !(header + headerValue + headerPattern + cookie).isEmpty {
            throw .ignored("canary: set up, but not enabled")
        }
    }

    /// Whether a request goes to the alternative; `draw` is a number from 1 to the given one.
    func takes(_ request: RouteRequest, draw: (Int) -> Int) -> Bool {
        if !header.isEmpty, let value = request.headers[header] {
            if !headerValue.isEmpty {
                if headerValue == value { return true }
            } else if !headerPattern.isEmpty {
                guard let expression = NginxExpression(headerPattern) else { return false }
                if expression.matches(value) { return true }
            } else if value == "always" {
                return true
            } else if value == "never" {
                return false
            }
        }
        if !cookie.isEmpty, let value = request.cookie(cookie) {
            if value == "always" { return true }
            if value == "never" { return false }
        }
        return draw(max(100, weightTotal)) <= weight
    }
}
