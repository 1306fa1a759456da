/// `affinity` and its cookie.
struct NginxAffinity: NginxAnnotation {
    static let names = [
        "affinity", "affinity-mode", "affinity-canary-behavior", "session-cookie-name", "session-cookie-secure",
        "session-cookie-expires",
        "session-cookie-max-age", "session-cookie-path", "session-cookie-domain", "session-cookie-samesite",
        "session-cookie-conditional-samesite-none", "session-cookie-change-on-failure",
    ]

    struct Cookie: Hashable, Sendable {
        var name = "INGRESSCOOKIE"
        /// Seconds from now; nil: not said.
        var expires: Int?
        var maxAge: Int?
        var path = ""
        var domain = ""
        var sameSite = ""
        var isSecure = false
    }

    var isCookie = false
    var isPersistent = false
    var isLegacyCanary = false
    var cookie = Cookie()

    init() {}

    init(_ reader: AnnotationReader) {
        isCookie = reader.lenient("affinity", .options(["cookie"])) != nil
        isPersistent = reader.lenient("affinity-mode", .options(["balanced", "persistent"])) == "persistent"
        isLegacyCanary = reader.lenient("affinity-canary-behavior", .options(["sticky", "legacy"])) == "legacy"
        guard isCookie else { return }
        if let name = reader.lenient("session-cookie-name", .basic) { cookie.name = name }
        cookie.expires = reader.lenient("session-cookie-expires", .digits).flatMap { Int($0) }
        cookie.maxAge = reader.lenient("session-cookie-max-age", .digits).flatMap { Int($0) }
        cookie.path = reader.lenient("session-cookie-path", .url) ?? ""
        cookie.domain = reader.lenient("session-cookie-domain", .basic) ?? ""
        cookie.sameSite = reader.lenient("session-cookie-samesite", .options(["none", "lax", "strict"], ignoresCase: true)) ?? ""
        cookie.isSecure = reader.lenientFlag("session-cookie-secure") ?? false
    }
}
