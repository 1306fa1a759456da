extension Kubernetes {
    /// How many pods of a selection may be evicted at a time.
    public struct PodDisruptionBudget: KubernetesObject {
        public static let apiVersion = "policy/v1"
        public static let kind = "PodDisruptionBudget"
        public static let plural = "poddisruptionbudgets"
        public static let shortNames = ["pdb"]

        public var metadata = ObjectMeta()
        public var spec = PodDisruptionBudgetSpec()
        public var status = PodDisruptionBudgetStatus()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }

        /// A budget without a selector is about no pod, one with an empty selector about all of its namespace.
        func selects(_ pod: Pod) -> Bool {
            pod.metadata.namespace == metadata.namespace && spec.selector?.matches(pod.metadata.labels) ?? false
        }
    }

    public struct PodDisruptionBudgetSpec: FieldMap {
        public var minAvailable: IntOrString?
        public var maxUnavailable: IntOrString?
        public var selector: LabelSelector?
        /// `IfHealthyBudget` (the default) or `AlwaysAllow`.
        public var unhealthyPodEvictionPolicy: String?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("maxUnavailable", &maxUnavailable)
            map("minAvailable", &minAvailable)
            map("selector", &selector)
            map("unhealthyPodEvictionPolicy", &unhealthyPodEvictionPolicy)
        }
    }

    public struct PodDisruptionBudgetStatus: FieldMap {
        public var conditions: [Condition] = []
        public var currentHealthy = 0
        public var desiredHealthy = 0
        /// Pods whose eviction was allowed and that are not on their way out yet.
        public var disruptedPods: [String: Time] = [:]
        public var disruptionsAllowed = 0
        public var expectedPods = 0
        public var observedGeneration: Int64 = 0

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("conditions", &conditions)
            map.always("currentHealthy", &currentHealthy)
            map.always("desiredHealthy", &desiredHealthy)
            map("disruptedPods", &disruptedPods)
            map.always("disruptionsAllowed", &disruptionsAllowed)
            map.always("expectedPods", &expectedPods)
            map("observedGeneration", &observedGeneration)
        }
    }
}
