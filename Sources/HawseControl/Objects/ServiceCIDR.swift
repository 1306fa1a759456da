import HawseModel

extension Kubernetes {
    public struct ServiceCIDR: KubernetesObject {
        public static let apiVersion = "networking.k8s.io/v1"
        public static let kind = "ServiceCIDR"
        public static let plural = "servicecidrs"
        public static let isNamespaced = false

        public var metadata = ObjectMeta()
        public var spec = ServiceCIDRSpec()
        public var status = ServiceCIDRStatus()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }
    }

    public struct ServiceCIDRSpec: FieldMap {
        public var cidrs: [String] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map("cidrs", &cidrs) }
    }

    public struct ServiceCIDRStatus: FieldMap {
        public var conditions: [Condition] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map("conditions", &conditions) }

        /// `metav1.Condition` has no optional words.
        public func written() -> ManifestNode {
            var copy = self
            var writer = FieldWriter()
            copy.fields(&writer)
            writer.complete("conditions", with: [.init("message", .string("")), .init("reason", .string(""))])
            return ManifestNode(.map(writer.entries))
        }
    }
}
