extension Kubernetes {
    public struct ReplicaSet: KubernetesObject {
        public static let apiVersion = "apps/v1"
        public static let kind = "ReplicaSet"
        public static let plural = "replicasets"
        public static let shortNames = ["rs"]

        public var metadata = ObjectMeta()
        public var spec = ReplicaSetSpec()
        public var status = ReplicaSetStatus()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }
    }

    public struct ReplicaSetSpec: FieldMap {
        public var replicas: Int?
        public var minReadySeconds = 0
        public var selector: LabelSelector?
        public var template = PodTemplate()
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("minReadySeconds", &minReadySeconds)
            map("replicas", &replicas)
            map("selector", &selector)
            map("template", &template)
        }
    }

    /// Of ReplicaSets and ReplicationControllers.
    public struct ReplicaSetStatus: FieldMap {
        public var replicas = 0
        public var fullyLabeledReplicas = 0
        public var readyReplicas = 0
        public var availableReplicas = 0
        public var terminatingReplicas: Int?
        public var observedGeneration: Int64 = 0
        public var conditions: [Condition] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("availableReplicas", &availableReplicas)
            map("conditions", &conditions)
            map("fullyLabeledReplicas", &fullyLabeledReplicas)
            map("observedGeneration", &observedGeneration)
            map("readyReplicas", &readyReplicas)
            map.always("replicas", &replicas)
            map("terminatingReplicas", &terminatingReplicas)
        }
    }
}
