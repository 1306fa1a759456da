extension Kubernetes {
    public struct Affinity: FieldMap {
        public var nodeAffinity: NodeAffinity?
        public var podAffinity: PodAffinity?
        public var podAntiAffinity: PodAffinity?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("nodeAffinity", &nodeAffinity)
            map("podAffinity", &podAffinity)
            map("podAntiAffinity", &podAntiAffinity)
        }
    }

    public struct NodeAffinity: FieldMap {
        public var required: NodeSelector?
        public var preferred: [PreferredNodeTerm] = []

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("preferredDuringSchedulingIgnoredDuringExecution", &preferred)
            map("requiredDuringSchedulingIgnoredDuringExecution", &required)
        }
    }

    /// Any of the terms.
    public struct NodeSelector: FieldMap {
        public var nodeSelectorTerms: [NodeSelectorTerm] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map.always("nodeSelectorTerms", &nodeSelectorTerms)
        }
        public func matches(_ node: Node) -> Bool { nodeSelectorTerms.contains { $0.matches(node) } }
    }

    /// All of the requirements; a term without any matches no node.
    public struct NodeSelectorTerm: FieldMap {
        public var matchExpressions: [LabelSelector.Requirement] = []
        public var matchFields: [LabelSelector.Requirement] = []

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("matchExpressions", &matchExpressions)
            map("matchFields", &matchFields)
        }
        public func matches(_ node: Node) -> Bool {
            guard !matchExpressions.isEmpty || !matchFields.isEmpty else { return false }
            return matchExpressions.allSatisfy { $0.matches(node.metadata.labels) }
                && matchFields.allSatisfy { $0.matches(["metadata.name": node.metadata.name]) }
        }
    }

    public struct PreferredNodeTerm: FieldMap {
        public var weight = 0
        public var preference = NodeSelectorTerm()
        public static var goType: String { "PreferredSchedulingTerm" }
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("preference", &preference)
            map.always("weight", &weight)
        }
    }

    /// Of pod affinity and pod anti-affinity.
    public struct PodAffinity: FieldMap {
        public var required: [PodAffinityTerm] = []
        public var preferred: [WeightedPodAffinityTerm] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("preferredDuringSchedulingIgnoredDuringExecution", &preferred)
            map("requiredDuringSchedulingIgnoredDuringExecution", &required)
        }
    }

    public struct WeightedPodAffinityTerm: FieldMap {
        public var weight = 0
        public var podAffinityTerm = PodAffinityTerm()
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("podAffinityTerm", &podAffinityTerm)
            map.always("weight", &weight)
        }
    }

    public struct PodAffinityTerm: FieldMap {
        public var labelSelector: LabelSelector?
        public var namespaces: [String] = []
        public var namespaceSelector: LabelSelector?
        public var topologyKey = ""
        public var matchLabelKeys: [String] = []
        public var mismatchLabelKeys: [String] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("labelSelector", &labelSelector)
            map("matchLabelKeys", &matchLabelKeys)
            map("mismatchLabelKeys", &mismatchLabelKeys)
            map("namespaceSelector", &namespaceSelector)
            map("namespaces", &namespaces)
            map.always("topologyKey", &topologyKey)
        }
    }

    public struct TopologySpreadConstraint: FieldMap {
        public var maxSkew = 0
        public var topologyKey = ""
        /// `DoNotSchedule` or `ScheduleAnyway`.
        public var whenUnsatisfiable = ""
        public var labelSelector: LabelSelector?
        public var minDomains: Int?
        public var nodeAffinityPolicy: String?
        public var nodeTaintsPolicy: String?
        public var matchLabelKeys: [String] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("labelSelector", &labelSelector)
            map("matchLabelKeys", &matchLabelKeys)
            map.always("maxSkew", &maxSkew)
            map("minDomains", &minDomains)
            map("nodeAffinityPolicy", &nodeAffinityPolicy)
            map("nodeTaintsPolicy", &nodeTaintsPolicy)
            map.always("topologyKey", &topologyKey)
            map.always("whenUnsatisfiable", &whenUnsatisfiable)
        }
    }
}
