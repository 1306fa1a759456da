import HawseModel

extension Kubernetes {
    public struct StatefulSet: KubernetesObject {
        public static let apiVersion = "apps/v1"
        public static let kind = "StatefulSet"
        public static let plural = "statefulsets"
        public static let shortNames = ["sts"]

        public var metadata = ObjectMeta()
        public var spec = StatefulSetSpec()
        public var status = StatefulSetStatus()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }
    }

    public struct StatefulSetSpec: FieldMap {
        public var replicas: Int?
        public var selector: LabelSelector?
        public var template = PodTemplate()
        public var serviceName = ""
        /// `OrderedReady` or `Parallel`.
        public var podManagementPolicy = ""
        public var updateStrategy = UpdateStrategy()
        public var revisionHistoryLimit: Int?
        public var minReadySeconds = 0
        public var ordinals: StatefulSetOrdinals?
        public var volumeClaimTemplates: [ManifestNode] = []
        public var persistentVolumeClaimRetentionPolicy: ManifestNode?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("minReadySeconds", &minReadySeconds)
            map("ordinals", &ordinals)
            map("persistentVolumeClaimRetentionPolicy", &persistentVolumeClaimRetentionPolicy)
            map("podManagementPolicy", &podManagementPolicy)
            map("replicas", &replicas)
            map("revisionHistoryLimit", &revisionHistoryLimit)
            map("selector", &selector)
            map.always("serviceName", &serviceName)
            map("template", &template)
            map("updateStrategy", &updateStrategy)
            map("volumeClaimTemplates", &volumeClaimTemplates)
        }
    }

    public struct StatefulSetOrdinals: FieldMap {
        public var start = 0
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map("start", &start) }
    }

    /// `RollingUpdate` or `OnDelete`, of StatefulSets and DaemonSets.
    public struct UpdateStrategy: FieldMap {
        public var type = ""
        public var rollingUpdate: RollingUpdate?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("rollingUpdate", &rollingUpdate)
            map("type", &type)
        }
    }

    public struct StatefulSetStatus: FieldMap {
        public var observedGeneration: Int64 = 0
        public var replicas = 0
        public var readyReplicas = 0
        public var currentReplicas = 0
        public var updatedReplicas = 0
        public var availableReplicas = 0
        public var currentRevision = ""
        public var updateRevision = ""
        public var collisionCount: Int?
        public var conditions: [Condition] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("availableReplicas", &availableReplicas)
            map("collisionCount", &collisionCount)
            map("conditions", &conditions)
            map("currentReplicas", &currentReplicas)
            map("currentRevision", &currentRevision)
            map("observedGeneration", &observedGeneration)
            map("readyReplicas", &readyReplicas)
            map.always("replicas", &replicas)
            map("updateRevision", &updateRevision)
            map("updatedReplicas", &updatedReplicas)
        }
    }
}
