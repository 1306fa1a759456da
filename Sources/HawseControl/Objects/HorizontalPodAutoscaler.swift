import HawseModel

extension Kubernetes {
    public struct HorizontalPodAutoscaler: KubernetesObject {
        public static let apiVersion = "autoscaling/v2"
        public static let kind = "HorizontalPodAutoscaler"
        public static let plural = "horizontalpodautoscalers"
        public static let shortNames = ["hpa"]

        public var metadata = ObjectMeta()
        public var spec = AutoscalerSpec()
        public var status = AutoscalerStatus()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }
    }

    public struct CrossVersionObjectReference: FieldMap {
        public static var goName: String { "v2.\(goType)" }
        public var apiVersion = ""
        public var kind = ""
        public var name = ""
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("apiVersion", &apiVersion)
            map("kind", &kind)
            map("name", &name)
        }
    }

    public struct AutoscalerSpec: FieldMap {
        public static var goName: String { "v2.\(goType)" }
        public var scaleTargetRef = CrossVersionObjectReference()
        public var minReplicas: Int?
        public var maxReplicas = 0
        public var metrics: [MetricSpec] = []
        public var behavior: ScalingBehavior?
        /// autoscaling/v1's only target.
        public var targetCPUUtilizationPercentage: Int?

        public static var goType: String { "HorizontalPodAutoscalerSpec" }
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("behavior", &behavior)
            map.always("maxReplicas", &maxReplicas)
            map("metrics", &metrics)
            map("minReplicas", &minReplicas)
            map("scaleTargetRef", &scaleTargetRef)
            map("targetCPUUtilizationPercentage", &targetCPUUtilizationPercentage)
        }
    }

    public struct MetricSpec: FieldMap {
        public static var goName: String { "v2.\(goType)" }
        /// Resource, ContainerResource, Pods, Object or External.
        public var type = ""
        public var resource: MetricSource?
        public var containerResource: MetricSource?
        public var pods: MetricSource?
        public var object: MetricSource?
        public var external: MetricSource?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("containerResource", &containerResource)
            map("external", &external)
            map("object", &object)
            map("pods", &pods)
            map("resource", &resource)
            map("type", &type)
        }
        public var source: MetricSource? { resource ?? containerResource ?? pods ?? object ?? external }
    }

    /// The five kinds of metric sources in one shape.
    public struct MetricSource: FieldMap {
        public var name = ""
        public var container = ""
        public var metric: MetricIdentifier?
        public var describedObject: CrossVersionObjectReference?
        public var target = MetricTarget()
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("container", &container)
            map("describedObject", &describedObject)
            map("metric", &metric)
            map("name", &name)
            map("target", &target)
        }
    }

    public struct MetricIdentifier: FieldMap {
        public var name = ""
        public var selector: LabelSelector?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("name", &name)
            map("selector", &selector)
        }
    }

    public struct MetricTarget: FieldMap {
        public static var goName: String { "v2.\(goType)" }
        /// Utilization, Value or AverageValue.
        public var type = ""
        public var value: Quantity?
        public var averageValue: Quantity?
        public var averageUtilization: Int?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("averageUtilization", &averageUtilization)
            map("averageValue", &averageValue)
            map("type", &type)
            map("value", &value)
        }
    }

    public struct ScalingBehavior: FieldMap {
        public static var goName: String { "v2.\(goType)" }
        public var scaleUp: ScalingRules?
        public var scaleDown: ScalingRules?
        public static var goType: String { "HorizontalPodAutoscalerBehavior" }
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("scaleDown", &scaleDown)
            map("scaleUp", &scaleUp)
        }
    }

    public struct ScalingRules: FieldMap {
        public static var goName: String { "v2.\(goType)" }
        public var stabilizationWindowSeconds: Int?
        /// Max, Min or Disabled.
        public var selectPolicy: String?
        /// None at all is an error; without the list there are the default ones.
        public var policies: [ScalingPolicy]?
        public var tolerance: Quantity?
        public static var goType: String { "HPAScalingRules" }
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("policies", &policies)
            map("selectPolicy", &selectPolicy)
            map("stabilizationWindowSeconds", &stabilizationWindowSeconds)
            map("tolerance", &tolerance)
        }
    }

    public struct ScalingPolicy: FieldMap {
        public static var goName: String { "v2.\(goType)" }
        /// Pods or Percent.
        public var type = ""
        public var value = 0
        public var periodSeconds = 0
        public static var goType: String { "HPAScalingPolicy" }
        public init() {}
        public init(type: String, value: Int, periodSeconds: Int) {
            self.type = type
            self.value = value
            self.periodSeconds = periodSeconds
        }
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map.always("periodSeconds", &periodSeconds)
            map("type", &type)
            map.always("value", &value)
        }
    }

    public struct AutoscalerStatus: FieldMap {
        public static var goName: String { "v2.\(goType)" }
        public var observedGeneration: Int64?
        public var lastScaleTime: Time?
        public var currentReplicas = 0
        public var desiredReplicas = 0
        public var currentMetrics: [ManifestNode]?
        public var conditions: [Condition] = []
        public var currentCPUUtilizationPercentage: Int?
        public static var goType: String { "HorizontalPodAutoscalerStatus" }
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("conditions", &conditions)
            map("currentCPUUtilizationPercentage", &currentCPUUtilizationPercentage)
            map.always("currentMetrics", &currentMetrics)
            map("currentReplicas", &currentReplicas)
            map.always("desiredReplicas", &desiredReplicas)
            map("lastScaleTime", &lastScaleTime)
            map("observedGeneration", &observedGeneration)
        }
    }
}
