extension Kubernetes {
    /// `spec.podFailurePolicy` of a Job: what a failed pod means, by the first rule that fits it.
    public struct PodFailurePolicy: FieldMap {
        public var rules: [PodFailurePolicyRule] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map.always("rules", &rules) }
    }

    public struct PodFailurePolicyRule: FieldMap {
        /// `FailJob`, `FailIndex`, `Ignore` or `Count`.
        public var action = ""
        public var onExitCodes: PodFailureExitCodes?
        public var onPodConditions: [PodFailureCondition] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map.always("action", &action)
            map("onExitCodes", &onExitCodes)
            map("onPodConditions", &onPodConditions)
        }
    }

    public struct PodFailureExitCodes: FieldMap {
        /// The one container that is looked at; all of them without it.
        public var containerName: String?
        /// `In` or `NotIn`.
        public var op = ""
        public var values: [Int] = []
        public static var goType: String { "PodFailurePolicyOnExitCodesRequirement" }
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("containerName", &containerName)
            map.always("operator", &op)
            map.always("values", &values)
        }
    }

    public struct PodFailureCondition: FieldMap {
        public var type = ""
        public var status = ""
        public static var goType: String { "PodFailurePolicyOnPodConditionsPattern" }
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map.always("status", &status)
            map.always("type", &type)
        }
    }

    /// `spec.successPolicy` of an indexed Job: which indexes are enough.
    public struct SuccessPolicy: FieldMap {
        public var rules: [SuccessPolicyRule] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map.always("rules", &rules) }
    }

    public struct SuccessPolicyRule: FieldMap {
        /// `0,2-4`
        public var succeededIndexes: String?
        public var succeededCount: Int?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("succeededCount", &succeededCount)
            map("succeededIndexes", &succeededIndexes)
        }
    }
}
