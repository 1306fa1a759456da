extension Kubernetes {
    public struct ConfigMap: KubernetesObject {
        public static let apiVersion = "v1"
        public static let kind = "ConfigMap"
        public static let plural = "configmaps"
        public static let shortNames = ["cm"]

        public var metadata = ObjectMeta()
        public var data: [String: String] = [:]
        public var binaryData: [String: Base64Text] = [:]
        public var immutable: Bool?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("binaryData", &binaryData)
            map("data", &data)
            map("immutable", &immutable)
            map("metadata", &metadata)
        }
    }
}
