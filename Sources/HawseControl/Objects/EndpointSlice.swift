extension Kubernetes {
    /// `discovery.k8s.io/v1` EndpointSlice: up to 1,000 endpoints of one address family that share their ports.
    public struct EndpointSlice: KubernetesObject {
        public static let apiVersion = "discovery.k8s.io/v1"
        public static let kind = "EndpointSlice"
        public static let plural = "endpointslices"

        public var metadata = ObjectMeta()
        /// `IPv4`, `IPv6` or `FQDN`.
        public var addressType = ""
        public var endpoints: [Endpoint] = []
        public var ports: [EndpointPort] = []

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("addressType", &addressType)
            map.always("endpoints", &endpoints)
            map.always("ports", &ports)
        }

        /// The Service this slice belongs to (label kubernetes.io/service-name).
        public var serviceName: String? { metadata.labels["kubernetes.io/service-name"] }
    }

    public struct Endpoint: FieldMap {
        /// kube-proxy uses the first one only.
        public var addresses: [String] = []
        public var conditions = EndpointConditions()
        public var hostname: String?
        public var nodeName: String?
        public var zone: String?
        public var targetRef: ObjectReference?
        public var hints: EndpointHints?
        public var deprecatedTopology: [String: String] = [:]

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("addresses", &addresses)
            map("conditions", &conditions)
            map("deprecatedTopology", &deprecatedTopology)
            map("hints", &hints)
            map("hostname", &hostname)
            map("nodeName", &nodeName)
            map("targetRef", &targetRef)
            map("zone", &zone)
        }
    }

    public struct EndpointConditions: FieldMap {
        public var ready: Bool?
        public var serving: Bool?
        public var terminating: Bool?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("ready", &ready)
            map("serving", &serving)
            map("terminating", &terminating)
        }
    }

    public struct EndpointHints: FieldMap {
        public var forZones: [NamedHint] = []
        public var forNodes: [NamedHint] = []

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("forNodes", &forNodes)
            map("forZones", &forZones)
        }
    }

    /// `ForZone` and `ForNode`: a name.
    public struct NamedHint: FieldMap {
        public var name = ""
        public static var goType: String { "ForZone" }
        public init() {}
        public init(_ name: String) { self.name = name }
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map.always("name", &name) }
    }

    public struct EndpointPort: FieldMap {
        public var name: String?
        public var `protocol`: TransportProtocol?
        public var port: Int?
        public var appProtocol: String?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("appProtocol", &appProtocol)
            map("name", &name)
            map("port", &port)
            map("protocol", &`protocol`)
        }
    }
}
