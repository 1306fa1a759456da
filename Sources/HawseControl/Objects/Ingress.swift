extension Kubernetes {
    public struct Ingress: KubernetesObject {
        public static let apiVersion = "networking.k8s.io/v1"
        public static let kind = "Ingress"
        public static let plural = "ingresses"
        public static let shortNames = ["ing"]

        public var metadata = ObjectMeta()
        public var spec = IngressSpec()
        public var status = IngressStatus()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }
    }

    public struct IngressSpec: FieldMap {
        public var ingressClassName: String?
        public var defaultBackend: IngressBackend?
        public var tls: [IngressTLS] = []
        public var rules: [IngressRule] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("defaultBackend", &defaultBackend)
            map("ingressClassName", &ingressClassName)
            map("rules", &rules)
            map("tls", &tls)
        }
    }

    public struct IngressTLS: FieldMap {
        public var hosts: [String] = []
        public var secretName = ""
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("hosts", &hosts)
            map("secretName", &secretName)
        }
    }

    public struct IngressRule: FieldMap {
        public var host = ""
        public var http: HTTPIngressRule?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("host", &host)
            map("http", &http)
        }
    }

    public struct HTTPIngressRule: FieldMap {
        public var paths: [HTTPIngressPath] = []
        public static var goType: String { "HTTPIngressRuleValue" }
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map.always("paths", &paths) }
    }

    public struct HTTPIngressPath: FieldMap {
        public var path = ""
        /// Exact, Prefix or ImplementationSpecific.
        public var pathType: String?
        public var backend = IngressBackend()
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("backend", &backend)
            map("path", &path)
            map("pathType", &pathType)
        }
    }

    public struct IngressBackend: FieldMap {
        public var service: IngressServiceBackend?
        public var resource: TypedLocalObjectReference?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("resource", &resource)
            map("service", &service)
        }
    }

    public struct IngressServiceBackend: FieldMap {
        public var name = ""
        public var port = ServiceBackendPort()
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map.always("name", &name)
            map("port", &port)
        }
    }

    public struct ServiceBackendPort: FieldMap {
        public var name = ""
        public var number = 0
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("name", &name)
            map("number", &number)
        }
    }

    public struct TypedLocalObjectReference: FieldMap {
        public var apiGroup: String?
        public var kind = ""
        public var name = ""
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("apiGroup", &apiGroup)
            map.always("kind", &kind)
            map.always("name", &name)
        }
    }

    public struct IngressStatus: FieldMap {
        public var loadBalancer = LoadBalancerStatus()
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map("loadBalancer", &loadBalancer) }
    }
}
