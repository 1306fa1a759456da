extension Kubernetes {
    public struct Namespace: KubernetesObject {
        public static let apiVersion = "v1"
        public static let kind = "Namespace"
        public static let plural = "namespaces"
        public static let shortNames = ["ns"]
        public static let isNamespaced = false

        public var metadata = ObjectMeta()
        public var spec = NamespaceSpec()
        public var status = NamespaceStatus()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }
    }

    public struct NamespaceSpec: FieldMap {
        public var finalizers: [String] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map("finalizers", &finalizers) }
    }

    public struct NamespaceStatus: FieldMap {
        public var phase = ""
        public var conditions: [Condition] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("conditions", &conditions)
            map("phase", &phase)
        }
    }
}
