extension Kubernetes {
    public struct DaemonSet: KubernetesObject {
        public static let apiVersion = "apps/v1"
        public static let kind = "DaemonSet"
        public static let plural = "daemonsets"
        public static let shortNames = ["ds"]

        /// Where the number of a set's template is written.
        static let templateGeneration = "deprecated.daemonset.template.generation"

        public var metadata = ObjectMeta()
        public var spec = DaemonSetSpec()
        public var status = DaemonSetStatus()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }
    }

    public struct DaemonSetSpec: FieldMap {
        public var selector: LabelSelector?
        public var template = PodTemplate()
        public var updateStrategy = UpdateStrategy()
        public var minReadySeconds = 0
        public var revisionHistoryLimit: Int?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("minReadySeconds", &minReadySeconds)
            map("revisionHistoryLimit", &revisionHistoryLimit)
            map("selector", &selector)
            map("template", &template)
            map("updateStrategy", &updateStrategy)
        }
    }

    public struct DaemonSetStatus: FieldMap {
        public var currentNumberScheduled = 0
        public var numberMisscheduled = 0
        public var desiredNumberScheduled = 0
        public var numberReady = 0
        public var observedGeneration: Int64 = 0
        public var updatedNumberScheduled = 0
        public var numberAvailable = 0
        public var numberUnavailable = 0
        public var collisionCount: Int?
        public var conditions: [Condition] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("collisionCount", &collisionCount)
            map("conditions", &conditions)
            map.always("currentNumberScheduled", &currentNumberScheduled)
            map.always("desiredNumberScheduled", &desiredNumberScheduled)
            map("numberAvailable", &numberAvailable)
            map.always("numberMisscheduled", &numberMisscheduled)
            map.always("numberReady", &numberReady)
            map("numberUnavailable", &numberUnavailable)
            map("observedGeneration", &observedGeneration)
            map("updatedNumberScheduled", &updatedNumberScheduled)
        }
    }
}
