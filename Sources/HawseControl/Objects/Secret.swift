extension Kubernetes {
    public struct Secret: KubernetesObject {
        public static let apiVersion = "v1"
        public static let kind = "Secret"
        public static let plural = "secrets"

        public var metadata = ObjectMeta()
        public var type = ""
        public var data: [String: Base64Text] = [:]
        public var stringData: [String: String] = [:]
        public var immutable: Bool?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("data", &data)
            map("immutable", &immutable)
            map("metadata", &metadata)
            map("stringData", &stringData)
            map("type", &type)
        }
    }
}
