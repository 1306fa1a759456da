import HawseModel

extension Kubernetes {
    public struct Pod: KubernetesObject {
        public static let apiVersion = "v1"
        public static let kind = "Pod"
        public static let plural = "pods"
        public static let shortNames = ["po"]

        public var metadata = ObjectMeta()
        public var spec = PodSpec()
        public var status = PodStatus()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }

        public func condition(_ type: String) -> Condition? { status.conditions.first { $0.type == type } }
        public var isReady: Bool { condition("Ready")?.status == "True" }
        /// Succeeded or Failed.
        public var isFinished: Bool { status.phase == "Succeeded" || status.phase == "Failed" }
    }

    public struct PodTemplate: FieldMap {
        public var metadata = ObjectMeta()
        public var spec = PodSpec()

        public static var goType: String { "PodTemplateSpec" }
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
        }
    }

    public struct PodSpec: FieldMap {
        public var containers: [Container] = []
        public var initContainers: [Container] = []
        public var ephemeralContainers: [Container] = []
        public var nodeName = ""
        public var nodeSelector: [String: String] = [:]
        public var affinity: Affinity?
        public var tolerations: [Toleration] = []
        public var topologySpreadConstraints: [TopologySpreadConstraint] = []
        public var hostNetwork = false
        public var hostname = ""
        public var subdomain = ""
        public var setHostnameAsFQDN: Bool?
        public var hostAliases: [ManifestNode] = []
        public var dnsPolicy = ""
        public var dnsConfig: ManifestNode?
        public var restartPolicy = ""
        public var terminationGracePeriodSeconds: Int64?
        public var activeDeadlineSeconds: Int64?
        public var schedulerName = ""
        public var priority: Int?
        public var priorityClassName = ""
        public var preemptionPolicy: String?
        public var readinessGates: [ReadinessGate] = []
        public var schedulingGates: [ManifestNode] = []
        public var enableServiceLinks: Bool?
        public var overhead: [String: Quantity] = [:]
        public var resources: ResourceRequirements?
        /// Fields that change nothing on the wire, kept as they came.
        public var other: [String: ManifestNode] = [:]

        /// The API's remaining fields.
        static let otherFields = [
            "automountServiceAccountToken", "hostIPC", "hostPID", "hostUsers", "hostnameOverride",
            "imagePullSecrets", "os", "resourceClaims", "runtimeClassName", "securityContext", "serviceAccount",
            "serviceAccountName", "shareProcessNamespace", "volumes", "workloadRef", "schedulingGroup",
        ]

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("activeDeadlineSeconds", &activeDeadlineSeconds)
            map("affinity", &affinity)
            map("containers", &containers)
            map.shaped("dnsConfig", &dnsConfig, PodShapes.dnsConfig)
            map("dnsPolicy", &dnsPolicy)
            map("enableServiceLinks", &enableServiceLinks)
            map("ephemeralContainers", &ephemeralContainers)
            map("hostAliases", &hostAliases)
            map("hostNetwork", &hostNetwork)
            map("hostname", &hostname)
            map("initContainers", &initContainers)
            map("nodeName", &nodeName)
            map("nodeSelector", &nodeSelector)
            map("overhead", &overhead)
            map("preemptionPolicy", &preemptionPolicy)
            map("priority", &priority)
            map("priorityClassName", &priorityClassName)
            map("readinessGates", &readinessGates)
            map("resources", &resources)
            map("restartPolicy", &restartPolicy)
            map("schedulerName", &schedulerName)
            map("schedulingGates", &schedulingGates)
            map("setHostnameAsFQDN", &setHostnameAsFQDN)
            map("subdomain", &subdomain)
            map("terminationGracePeriodSeconds", &terminationGracePeriodSeconds)
            map("tolerations", &tolerations)
            map("topologySpreadConstraints", &topologySpreadConstraints)
            for name in Self.otherFields { map.shaped(name, &other[name], PodShapes.pod[name] ?? .any) }
        }
    }

    public struct ReadinessGate: FieldMap {
        public static var goType: String { "PodReadinessGate" }
        public var conditionType = ""
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map("conditionType", &conditionType) }
    }

    public struct Toleration: FieldMap {
        public var key = ""
        /// `Exists` or `Equal`, the default.
        public var op = ""
        public var value = ""
        public var effect = ""
        public var tolerationSeconds: Int64?

        public init() {}
        public init(key: String, op: String, effect: String, tolerationSeconds: Int64? = nil) {
            self.key = key
            self.op = op
            self.effect = effect
            self.tolerationSeconds = tolerationSeconds
        }
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("effect", &effect)
            map("key", &key)
            map("operator", &op)
            map("tolerationSeconds", &tolerationSeconds)
            map("value", &value)
        }

        /// `v1.Toleration.ToleratesTaint`
        public func tolerates(_ taint: Taint) -> Bool {
            if !effect.isEmpty, effect != taint.effect { return false }
            if !key.isEmpty, key != taint.key { return false }
            switch op {
            case "Exists": return true
            case "", "Equal": return !key.isEmpty && value == taint.value
            default: return false
            }
        }
    }
}
