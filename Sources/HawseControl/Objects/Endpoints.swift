extension Kubernetes {
    /// The legacy v1 Endpoints object.
    public struct Endpoints: KubernetesObject {
        public static let apiVersion = "v1"
        public static let kind = "Endpoints"
        public static let plural = "endpoints"
        public static let shortNames = ["ep"]

        public var metadata = ObjectMeta()
        public var subsets: [EndpointSubset] = []

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("subsets", &subsets)
        }
    }

    public struct EndpointSubset: FieldMap {
        public var addresses: [EndpointAddress] = []
        public var notReadyAddresses: [EndpointAddress] = []
        public var ports: [LegacyEndpointPort] = []

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("addresses", &addresses)
            map("notReadyAddresses", &notReadyAddresses)
            map("ports", &ports)
        }
    }

    public struct EndpointAddress: FieldMap {
        public var ip = ""
        public var hostname = ""
        public var nodeName: String?
        public var targetRef: ObjectReference?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("hostname", &hostname)
            map("ip", &ip)
            map("nodeName", &nodeName)
            map("targetRef", &targetRef)
        }
    }

    /// `v1.EndpointPort`, where port and protocol are not pointers.
    public struct LegacyEndpointPort: FieldMap {
        public var name = ""
        public var port = 0
        public var `protocol`: TransportProtocol = ""
        public var appProtocol: String?

        public static var goType: String { "EndpointPort" }
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("appProtocol", &appProtocol)
            map("name", &name)
            map.always("port", &port)
            map("protocol", &`protocol`)
        }
    }
}
