extension Kubernetes {
    /// One allocated ClusterIP; the object's name is the address.
    public struct IPAddress: KubernetesObject {
        public static let apiVersion = "networking.k8s.io/v1"
        public static let kind = "IPAddress"
        public static let plural = "ipaddresses"
        public static let shortNames = ["ip"]
        public static let isNamespaced = false

        public var metadata = ObjectMeta()
        public var spec = IPAddressSpec()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
        }
    }

    public struct IPAddressSpec: FieldMap {
        public var parentRef: ParentReference?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map("parentRef", &parentRef) }
    }

    public struct ParentReference: FieldMap {
        public var group = ""
        public var resource = ""
        public var namespace = ""
        public var name = ""
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("group", &group)
            map("name", &name)
            map("namespace", &namespace)
            map("resource", &resource)
        }
    }
}
