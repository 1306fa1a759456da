import HawseWire

/// Of the controller's ConfigMap and its command line, what decides about requests. Defaults are the controller's own.
struct NginxSettings: Sendable {
    // The command line.
    var className = "nginx"
    var controllerName = "k8s.io/ingress-nginx"
    var watchesWithoutClass = false
    var matchesClassByName = false
    var disablesCatchAll = false
    var enablesPassthrough = false
    var defaultService: ObjectKey?
    var defaultCertificate: ObjectKey?
    var httpsPort = 443

    // The ConfigMap.
    var allowsSnippets = false
    var riskLevel: String?
    var sslRedirect = true
    var forceSSLRedirect = false
    var preservesTrailingSlash = false
    var usesPortInRedirects = false
    var redirectCode = 308
    var noTLSRedirectPaths = ["/.well-known/acme-challenge"]
    var hsts = true
    var hstsMaxAge = "31536000"
    var hstsSubdomains = true
    var hstsPreload = false
    var usesForwardedHeaders = false
    var enablesRealIP = false
    var computesFullForwardedFor = false
    var forwardedForHeader = "X-Forwarded-For"
    var trustedProxies = [IPPrefix("0.0.0.0/0")].compactMap { $0 }
    var addsOriginalURI = false
    var blockedRanges: [String] = []
    var blockedAgents: [String] = []
    var blockedReferers: [String] = []
    var allowedRanges: [String] = []
    var deniedRanges: [String] = []
    var allowedResponseHeaders: [String] = []
    var errorCodes: [Int] = []
    var interceptsErrors = true
    var relativeRedirects = false
    var serviceUpstream = false
    var loadBalancing = ""
    var keepsUpstreamsAlive = true
    /// Header fields from the ConfigMaps that `add-headers` and `proxy-set-headers` name.
    var answerHeaders: [(String, String)] = []
    var backendHeaders: [(String, String)] = []

    init() {}

    /// - Parameters:
    ///   - words: of the command line, as `--flag=value` or `--flag value`.
    ///   - configMap: its ConfigMap, when the manifests do not say which it is.
    init(words: [String], configMap: ObjectKey?, objects: RouteObjects) {
        var map = configMap
        var at = 0
        while at < words.count {
            let word = words[at]
            at += 1
            guard word.hasPrefix("-") else { continue }
            let parts = word.drop { $0 == "-" }.split(separator: "=", maxSplits: 1).map(String.init)
            guard let name = parts.first else { continue }
            var value = parts.count > 1 ? parts[1] : nil
            if value == nil, at < words.count, !words[at].hasPrefix("-") {
                value = words[at]
                at += 1
            }
            take(flag: name, value ?? "true", &map)
        }
        guard let found = map ?? Self.usualMap(objects), let data = Self.find(found, objects)?.data else { return }
        for (key, value) in data { take(key, value.trimmedBlanks, objects) }
    }

    /// By the names that its manifests and its chart give it.
    static func usualMap(_ objects: RouteObjects) -> ObjectKey? {
        objects.configMaps.keys.filter { $0.name == "ingress-nginx-controller" || $0.name == "nginx-configuration" }.min()
    }

    /// `$(POD_NAMESPACE)` is not known: the name decides then.
    private static func find(_ key: ObjectKey, _ objects: RouteObjects) -> Kubernetes.ConfigMap? {
        objects.configMaps[key]
            ?? objects.configMaps.values.filter { $0.metadata.name == key.name && key.namespace.contains("$") }
            .min { $0.key < $1.key }
    }

    private mutating func take(flag: String, _ value: String, _ map: inout ObjectKey?) {
        let key = value.split(separator: "/", maxSplits: 1).map(String.init)
        let object = key.count == 2 ? ObjectKey(namespace: key[0], name: key[1]) : nil
        switch flag {
        case "ingress-class": className = value
        case "controller-class": controllerName = value
        case "watch-ingress-without-class": watchesWithoutClass = GoBool.read(value) ?? false
        case "ingress-class-by-name": matchesClassByName = GoBool.read(value) ?? false
        case "disable-catch-all": disablesCatchAll = GoBool.read(value) ?? false
        case "enable-ssl-passthrough": enablesPassthrough = GoBool.read(value) ?? false
        case "default-backend-service": defaultService = object
        case "default-ssl-certificate": defaultCertificate = object
        case "https-port": httpsPort = Int(value) ?? 443
        case "configmap": map = map ?? object
        default: break
        }
    }

    private mutating func take(_ key: String, _ value: String, _ objects: RouteObjects) {
        let flag = GoBool.read(value)
        func words() -> [String] { value.split(separator: ",").map { String($0).trimmedBlanks }.filter { !$0.isEmpty } }
        switch key {
        case "allow-snippet-annotations": allowsSnippets = flag ?? false
        case "annotations-risk-level": riskLevel = value.lowercased()
        case "ssl-redirect": sslRedirect = flag ?? sslRedirect
        case "force-ssl-redirect": forceSSLRedirect = flag ?? forceSSLRedirect
        case "preserve-trailing-slash": preservesTrailingSlash = flag ?? preservesTrailingSlash
        case "use-port-in-redirects": usesPortInRedirects = flag ?? usesPortInRedirects
        case "http-redirect-code": if let code = Int(value), [301, 302, 307, 308].contains(code) { redirectCode = code }
        case "no-tls-redirect-locations": noTLSRedirectPaths = words()
        case "hsts": hsts = flag ?? hsts
        case "hsts-max-age": hstsMaxAge = value
        case "hsts-include-subdomains": hstsSubdomains = flag ?? hstsSubdomains
        case "hsts-preload": hstsPreload = flag ?? hstsPreload
        case "use-forwarded-headers": usesForwardedHeaders = flag ?? false
        case "enable-real-ip": enablesRealIP = flag ?? false
        case "compute-full-forwarded-for": computesFullForwardedFor = flag ?? false
        case "forwarded-for-header": forwardedForHeader = value
        case "proxy-real-ip-cidr": trustedProxies = words().compactMap { SourceRange($0)?.prefix }
        case "proxy-add-original-uri-header": addsOriginalURI = flag ?? false
        case "block-cidrs": blockedRanges = words()
        case "block-user-agents": blockedAgents = words()
        case "block-referers": blockedReferers = words()
        case "whitelist-source-range": allowedRanges = words()
        case "denylist-source-range": deniedRanges = words()
        case "global-allowed-response-headers": allowedResponseHeaders = words()
        case "custom-http-errors": errorCodes = words().compactMap { Int($0) }
        case "disable-proxy-intercept-errors": interceptsErrors = !(flag ?? false)
        case "relative-redirects": relativeRedirects = flag ?? false
        case "service-upstream": serviceUpstream = flag ?? false
        case "load-balance": loadBalancing = value
        case "upstream-keepalive-connections": keepsUpstreamsAlive = (Int(value) ?? 1) > 0
        case "add-headers": answerHeaders = Self.headers(value, objects)
        case "proxy-set-headers": backendHeaders = Self.headers(value, objects)
        default: break
        }
    }

    private static func headers(_ name: String, _ objects: RouteObjects) -> [(String, String)] {
        let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2, let map = objects.configMaps[ObjectKey(namespace: parts[0], name: parts[1])] else { return [] }
        return map.data.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

/// Go's `strconv.ParseBool`.
enum GoBool {
    static func read(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }
}

/// An address or a prefix, printed as Go prints a network: with its host bits cleared.
struct SourceRange: Hashable, Sendable {
    var prefix: IPPrefix
    var text: String

    init?(_ word: String) {
        let word = word.trimmedBlanks
        if word.contains("/") {
            guard let prefix = IPPrefix(word) else { return nil }
            self.prefix = prefix.network
            text = prefix.network.description
        } else {
            guard let address = IPAddress(word) else { return nil }
            prefix = IPPrefix(address, length: address.family.bitCount)
            text = address.description
        }
    }
}

extension String {
    /// Without blanks and line ends at both ends.
    var trimmedBlanks: String {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" || $0 == "\r\n" }
        var rest = self[...]
        while let first = rest.first, blank(first) { rest.removeFirst() }
        while let last = rest.last, blank(last) { rest.removeLast() }
        return String(rest)
    }
}
