extension Kubernetes {
    public struct ReplicationController: KubernetesObject {
        public static let apiVersion = "v1"
        public static let kind = "ReplicationController"
        public static let plural = "replicationcontrollers"
        public static let shortNames = ["rc"]

        public var metadata = ObjectMeta()
        public var spec = ReplicationControllerSpec()
        public var status = ReplicaSetStatus()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }
    }

    public struct ReplicationControllerSpec: FieldMap {
        public var replicas: Int?
        public var minReadySeconds = 0
        public var selector: [String: String] = [:]
        public var template: PodTemplate?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("minReadySeconds", &minReadySeconds)
            map("replicas", &replicas)
            map("selector", &selector)
            map("template", &template)
        }
    }
}
