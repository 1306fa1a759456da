extension Kubernetes {
    /// What a pod's `priorityClassName` stands for.
    public struct PriorityClass: KubernetesObject {
        public static let apiVersion = "scheduling.k8s.io/v1"
        public static let kind = "PriorityClass"
        public static let plural = "priorityclasses"
        public static let shortNames = ["pc"]
        public static let isNamespaced = false

        public var metadata = ObjectMeta()
        public var value = 0
        /// Of pods that name no class.
        public var globalDefault = false
        public var text = ""
        public var preemptionPolicy: String?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("description", &text)
            map("globalDefault", &globalDefault)
            map("metadata", &metadata)
            map("preemptionPolicy", &preemptionPolicy)
            map.always("value", &value)
        }

        /// The two classes that every cluster has (`SystemPriorityClasses`).
        static let system: [PriorityClass] = [
            make(
                "system-node-critical", 2_000_001_000,
                "Used for system critical pods that must not be moved from their current node."),
            make(
                "system-cluster-critical", 2_000_000_000,
                "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."),
        ]

        private static func make(_ name: String, _ value: Int, _ text: String) -> PriorityClass {
            var object = PriorityClass()
            object.metadata.name = name
            object.metadata.generation = 1
            object.value = value
            object.text = text
            object.preemptionPolicy = "PreemptLowerPriority"
            return object
        }
    }
}
