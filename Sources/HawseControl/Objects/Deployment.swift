extension Kubernetes {
    public struct Deployment: KubernetesObject {
        public static let apiVersion = "apps/v1"
        public static let kind = "Deployment"
        public static let plural = "deployments"
        public static let shortNames = ["deploy"]

        public var metadata = ObjectMeta()
        public var spec = DeploymentSpec()
        public var status = DeploymentStatus()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }
    }

    public struct DeploymentSpec: FieldMap {
        public var replicas: Int?
        public var selector: LabelSelector?
        public var template = PodTemplate()
        public var strategy = DeploymentStrategy()
        public var minReadySeconds = 0
        public var revisionHistoryLimit: Int?
        public var progressDeadlineSeconds: Int?
        public var paused = false

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("minReadySeconds", &minReadySeconds)
            map("paused", &paused)
            map("progressDeadlineSeconds", &progressDeadlineSeconds)
            map("replicas", &replicas)
            map("revisionHistoryLimit", &revisionHistoryLimit)
            map("selector", &selector)
            map("strategy", &strategy)
            map("template", &template)
        }
    }

    public struct DeploymentStrategy: FieldMap {
        /// `RollingUpdate` or `Recreate`.
        public var type = ""
        public var rollingUpdate: RollingUpdate?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("rollingUpdate", &rollingUpdate)
            map("type", &type)
        }
    }

    /// Of Deployments, DaemonSets and (partition) StatefulSets.
    public struct RollingUpdate: FieldMap {
        public var maxSurge: IntOrString?
        public var maxUnavailable: IntOrString?
        public var partition: Int?
        public static var goType: String { "RollingUpdateDeployment" }
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("maxSurge", &maxSurge)
            map("maxUnavailable", &maxUnavailable)
            map("partition", &partition)
        }
    }

    public struct DeploymentStatus: FieldMap {
        public var observedGeneration: Int64 = 0
        public var replicas = 0
        public var updatedReplicas = 0
        public var readyReplicas = 0
        public var availableReplicas = 0
        public var unavailableReplicas = 0
        public var terminatingReplicas: Int?
        public var collisionCount: Int?
        public var conditions: [Condition] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("availableReplicas", &availableReplicas)
            map("collisionCount", &collisionCount)
            map("conditions", &conditions)
            map("observedGeneration", &observedGeneration)
            map("readyReplicas", &readyReplicas)
            map("replicas", &replicas)
            map("terminatingReplicas", &terminatingReplicas)
            map("unavailableReplicas", &unavailableReplicas)
            map("updatedReplicas", &updatedReplicas)
        }
    }
}
