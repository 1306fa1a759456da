import HawseModel

extension Kubernetes {
    /// `gateway.networking.k8s.io` HTTPRoute: rules that send HTTP requests from Gateways to Services.
    public struct HTTPRoute: KubernetesObject {
        public static let apiVersion = "gateway.networking.k8s.io/v1"
        public static let kind = "HTTPRoute"
        public static let plural = "httproutes"

        public var metadata = ObjectMeta()
        public var spec = HTTPRouteSpec()
        var status: ManifestNode?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }
    }

    public struct HTTPRouteSpec: FieldMap {
        public var parentRefs: [RouteParentReference] = []
        public var hostnames: [String] = []
        public var rules: [HTTPRouteRule] = []
        var useDefaultGateways: ManifestNode?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("parentRefs", &parentRefs)
            map("hostnames", &hostnames)
            map("rules", &rules)
            map("useDefaultGateways", &useDefaultGateways)
        }
    }

    public struct RouteParentReference: FieldMap {
        public static var goType: String { "ParentReference" }
        public var group: String?
        public var kind: String?
        public var namespace: String?
        public var name = ""
        public var sectionName: String?
        public var port: Int?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("group", &group)
            map("kind", &kind)
            map("namespace", &namespace)
            map("name", &name)
            map("sectionName", &sectionName)
            map("port", &port)
        }
    }

    public struct HTTPRouteRule: FieldMap {
        public var name: String?
        public var matches: [HTTPRouteMatch] = []
        public var filters: [HTTPRouteFilter] = []
        public var backendRefs: [HTTPBackendRef] = []
        public var timeouts: HTTPRouteTimeouts?
        var retry: ManifestNode?
        var sessionPersistence: ManifestNode?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("name", &name)
            map("matches", &matches)
            map("filters", &filters)
            map("backendRefs", &backendRefs)
            map("timeouts", &timeouts)
            map("retry", &retry)
            map("sessionPersistence", &sessionPersistence)
        }
    }

    public struct HTTPRouteMatch: FieldMap {
        public var path: HTTPValueMatch?
        public var headers: [HTTPValueMatch] = []
        public var queryParams: [HTTPValueMatch] = []
        public var method: String?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("path", &path)
            map("headers", &headers)
            map("queryParams", &queryParams)
            map("method", &method)
        }
    }

    /// Of a path (without a name), a header field or a query parameter.
    public struct HTTPValueMatch: FieldMap {
        /// Exact, PathPrefix or RegularExpression.
        public var type: String?
        public var name = ""
        public var value: String?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("type", &type)
            map("name", &name)
            map("value", &value)
        }
    }

    public struct HTTPRouteTimeouts: FieldMap {
        public var request: String?
        public var backendRequest: String?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("request", &request)
            map("backendRequest", &backendRequest)
        }
    }

    public struct HTTPBackendRef: FieldMap {
        public var reference = RouteReference()
        public var weight: Int?
        public var filters: [HTTPRouteFilter] = []

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            reference.fields(&map)
            map("weight", &weight)
            map("filters", &filters)
        }
    }

    public struct HTTPRouteFilter: FieldMap {
        public var type = ""
        public var requestHeaderModifier: HTTPHeaderFilter?
        public var responseHeaderModifier: HTTPHeaderFilter?
        public var requestMirror: HTTPMirrorFilter?
        public var requestRedirect: HTTPRedirectFilter?
        public var urlRewrite: HTTPRewriteFilter?
        public var cors: HTTPCORSFilter?
        var extensionRef: ManifestNode?
        var externalAuth: ManifestNode?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("type", &type)
            map("requestHeaderModifier", &requestHeaderModifier)
            map("responseHeaderModifier", &responseHeaderModifier)
            map("requestMirror", &requestMirror)
            map("requestRedirect", &requestRedirect)
            map("urlRewrite", &urlRewrite)
            map("cors", &cors)
            map("extensionRef", &extensionRef)
            map("externalAuth", &externalAuth)
        }
    }

    public struct HTTPHeaderFilter: FieldMap {
        public var set: [HTTPValueMatch] = []
        public var add: [HTTPValueMatch] = []
        public var remove: [String] = []

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("set", &set)
            map("add", &add)
            map("remove", &remove)
        }
    }

    public struct HTTPMirrorFilter: FieldMap {
        public static var goType: String { "HTTPRequestMirrorFilter" }
        public var backendRef = RouteReference()
        public var percent: Int?
        public var fraction: Fraction?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("backendRef", &backendRef)
            map("percent", &percent)
            map("fraction", &fraction)
        }
    }

    public struct Fraction: FieldMap {
        public var numerator = 0
        public var denominator: Int?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map.always("numerator", &numerator)
            map("denominator", &denominator)
        }
    }

    public struct HTTPRedirectFilter: FieldMap {
        public static var goType: String { "HTTPRequestRedirectFilter" }
        public var scheme: String?
        public var hostname: String?
        public var path: HTTPPathModifier?
        public var port: Int?
        public var statusCode: Int?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("scheme", &scheme)
            map("hostname", &hostname)
            map("path", &path)
            map("port", &port)
            map("statusCode", &statusCode)
        }
    }

    public struct HTTPRewriteFilter: FieldMap {
        public static var goType: String { "HTTPURLRewriteFilter" }
        public var hostname: String?
        public var path: HTTPPathModifier?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("hostname", &hostname)
            map("path", &path)
        }
    }

    public struct HTTPPathModifier: FieldMap {
        public var type = ""
        public var replaceFullPath: String?
        public var replacePrefixMatch: String?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("type", &type)
            map("replaceFullPath", &replaceFullPath)
            map("replacePrefixMatch", &replacePrefixMatch)
        }
    }

    public struct HTTPCORSFilter: FieldMap {
        public var allowOrigins: [String] = []
        public var allowCredentials: Bool?
        public var allowMethods: [String] = []
        public var allowHeaders: [String] = []
        public var exposeHeaders: [String] = []
        /// Seconds.
        public var maxAge: Int?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("allowOrigins", &allowOrigins)
            map("allowCredentials", &allowCredentials)
            map("allowMethods", &allowMethods)
            map("allowHeaders", &allowHeaders)
            map("exposeHeaders", &exposeHeaders)
            map("maxAge", &maxAge)
        }
    }
}
