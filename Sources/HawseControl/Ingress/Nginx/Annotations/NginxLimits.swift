/// `limit-…`.
struct NginxLimits: NginxAnnotation {
    static let names = [
        "limit-rate", "limit-rate-after", "limit-rpm", "limit-rps", "limit-connections", "limit-burst-multiplier",
        "limit-allowlist",
        "limit-whitelist",
    ]

    var limits = RouteDecision.Limits()

    init() {}

    init(_ reader: AnnotationReader) {
        func number(_ name: String) -> Int { max(0, reader.lenientNumber(name) ?? 0) }
        limits.rate = number("limit-rate")
        limits.rateAfter = number("limit-rate-after")
        limits.requestsPerMinute = number("limit-rpm")
        limits.requestsPerSecond = number("limit-rps")
        limits.connections = number("limit-connections")
        let multiplier = number("limit-burst-multiplier")
        let requests = max(limits.requestsPerSecond, limits.requestsPerMinute)
        limits.burst = requests.multipliedReportingOverflow(by: multiplier == 0 ? 5 : multiplier).partialValue
    }
}
