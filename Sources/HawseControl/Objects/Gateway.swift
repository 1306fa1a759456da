import HawseModel

extension Kubernetes {
    /// `gateway.networking.k8s.io` Gateway: listeners that routes attach to.
    public struct Gateway: KubernetesObject {
        public static let apiVersion = "gateway.networking.k8s.io/v1"
        public static let kind = "Gateway"
        public static let plural = "gateways"
        public static let shortNames = ["gtw"]

        public var metadata = ObjectMeta()
        public var spec = GatewaySpec()
        var status: ManifestNode?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }
    }

    public struct GatewaySpec: FieldMap {
        public var gatewayClassName = ""
        public var listeners: [GatewayListener] = []
        public var addresses: [GatewayAddress] = []
        var infrastructure: ManifestNode?
        var allowedListeners: ManifestNode?
        var tls: ManifestNode?
        var defaultScope: ManifestNode?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("gatewayClassName", &gatewayClassName)
            map("listeners", &listeners)
            map("addresses", &addresses)
            map("infrastructure", &infrastructure)
            map("allowedListeners", &allowedListeners)
            map("tls", &tls)
            map("defaultScope", &defaultScope)
        }
    }

    public struct GatewayAddress: FieldMap {
        public var type: String?
        public var value = ""
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("type", &type)
            map("value", &value)
        }
    }

    public struct GatewayListener: FieldMap {
        public static var goType: String { "Listener" }
        public var name = ""
        public var hostname: String?
        public var port = 0
        /// HTTP, HTTPS, TLS, TCP or UDP.
        public var `protocol` = ""
        public var tls: GatewayTLS?
        public var allowedRoutes = AllowedRoutes()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("name", &name)
            map("hostname", &hostname)
            map("port", &port)
            map("protocol", &`protocol`)
            map("tls", &tls)
            map("allowedRoutes", &allowedRoutes)
        }
    }

    public struct GatewayTLS: FieldMap {
        public static var goType: String { "ListenerTLSConfig" }
        public var mode: String?
        public var certificateRefs: [RouteReference] = []
        public var options: [String: String] = [:]
        var frontendValidation: ManifestNode?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("mode", &mode)
            map("certificateRefs", &certificateRefs)
            map("options", &options)
            map("frontendValidation", &frontendValidation)
        }
    }

    public struct AllowedRoutes: FieldMap {
        public var namespaces = RouteNamespaces()
        public var kinds: [RouteGroupKind] = []

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("namespaces", &namespaces)
            map("kinds", &kinds)
        }
    }

    public struct RouteNamespaces: FieldMap {
        /// All, Selector or Same.
        public var from: String?
        public var selector: LabelSelector?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("from", &from)
            map("selector", &selector)
        }
    }

    public struct RouteGroupKind: FieldMap {
        public var group: String?
        public var kind = ""

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("group", &group)
            map("kind", &kind)
        }
    }

    /// A reference to an object: of a Gateway's certificate, a route's backend or mirror. The group and the kind are those
    /// of the place when they are not given.
    public struct RouteReference: FieldMap {
        public static var goType: String { "ObjectReference" }
        public var group: String?
        public var kind: String?
        public var namespace: String?
        public var name = ""
        public var port: Int?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("group", &group)
            map("kind", &kind)
            map("namespace", &namespace)
            map("name", &name)
            map("port", &port)
        }
    }

    /// `gateway.networking.k8s.io` ReferenceGrant: who of other namespaces may refer to objects of this one.
    public struct ReferenceGrant: KubernetesObject {
        public static let apiVersion = "gateway.networking.k8s.io/v1"
        public static let kind = "ReferenceGrant"
        public static let plural = "referencegrants"
        public static let shortNames = ["refgrant"]

        public var metadata = ObjectMeta()
        public var spec = ReferenceGrantSpec()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
        }
    }

    public struct ReferenceGrantSpec: FieldMap {
        public var from: [ReferenceGrantPeer] = []
        public var to: [ReferenceGrantPeer] = []

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("from", &from)
            map("to", &to)
        }
    }

    /// Of `from` with a namespace, of `to` perhaps with a name.
    public struct ReferenceGrantPeer: FieldMap {
        public var group = ""
        public var kind = ""
        public var namespace = ""
        public var name: String?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("group", &group)
            map("kind", &kind)
            map("namespace", &namespace)
            map("name", &name)
        }
    }
}
