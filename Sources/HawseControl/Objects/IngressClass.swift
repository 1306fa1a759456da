extension Kubernetes {
    public struct IngressClass: KubernetesObject {
        public static let apiVersion = "networking.k8s.io/v1"
        public static let kind = "IngressClass"
        public static let plural = "ingressclasses"
        public static let isNamespaced = false

        public var metadata = ObjectMeta()
        public var spec = IngressClassSpec()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
        }

        public var isDefault: Bool { metadata.annotations["ingressclass.kubernetes.io/is-default-class"] == "true" }
    }

    public struct IngressClassSpec: FieldMap {
        public var controller = ""
        public var parameters: IngressClassParameters?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("controller", &controller)
            map("parameters", &parameters)
        }
    }

    public struct IngressClassParameters: FieldMap {
        public var apiGroup: String?
        public var kind = ""
        public var name = ""
        public var scope: String?
        public var namespace: String?
        public static var goType: String { "IngressClassParametersReference" }
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("apiGroup", &apiGroup)
            map.always("kind", &kind)
            map.always("name", &name)
            map("namespace", &namespace)
            map("scope", &scope)
        }
    }
}
