import HawseModel

extension Kubernetes {
    /// `metav1.ObjectMeta`
    public struct ObjectMeta: FieldMap {
        public var name = ""
        public var generateName = ""
        public var namespace = ""
        public var uid = ""
        public var resourceVersion = ""
        public var generation: Int64 = 0
        public var creationTimestamp: Time?
        public var deletionTimestamp: Time?
        public var deletionGracePeriodSeconds: Int64?
        public var labels: [String: String] = [:]
        public var annotations: [String: String] = [:]
        public var ownerReferences: [OwnerReference] = []
        public var finalizers: [String] = []
        var selfLink = ""
        var managedFields: ManifestNode?

        public init() {}
        public init(name: String, namespace: String = "", labels: [String: String] = [:]) {
            self.name = name
            self.namespace = namespace
            self.labels = labels
        }

        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("annotations", &annotations)
            map("creationTimestamp", &creationTimestamp)
            map("deletionGracePeriodSeconds", &deletionGracePeriodSeconds)
            map("deletionTimestamp", &deletionTimestamp)
            map("finalizers", &finalizers)
            map("generateName", &generateName)
            map("generation", &generation)
            map("labels", &labels)
            map("managedFields", &managedFields)
            map("name", &name)
            map("namespace", &namespace)
            map("ownerReferences", &ownerReferences)
            map("resourceVersion", &resourceVersion)
            map("selfLink", &selfLink)
            map("uid", &uid)
        }

        public var isTerminating: Bool { deletionTimestamp != nil }
        /// The owner that reconciles this object (`metav1.GetControllerOf`).
        public var controller: OwnerReference? { ownerReferences.first { $0.controller == true } }
    }

    public struct OwnerReference: FieldMap {
        public var apiVersion = ""
        public var kind = ""
        public var name = ""
        public var uid = ""
        public var controller: Bool?
        public var blockOwnerDeletion: Bool?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("apiVersion", &apiVersion)
            map("blockOwnerDeletion", &blockOwnerDeletion)
            map("controller", &controller)
            map("kind", &kind)
            map("name", &name)
            map("uid", &uid)
        }
    }

    /// `v1.ObjectReference`
    public struct ObjectReference: FieldMap {
        public var kind = ""
        public var namespace = ""
        public var name = ""
        public var uid = ""
        public var apiVersion = ""
        public var resourceVersion = ""
        public var fieldPath = ""

        public init() {}
        public init(kind: String, namespace: String, name: String, uid: String) {
            self.kind = kind
            self.namespace = namespace
            self.name = name
            self.uid = uid
        }
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("apiVersion", &apiVersion)
            map("fieldPath", &fieldPath)
            map("kind", &kind)
            map("name", &name)
            map("namespace", &namespace)
            map("resourceVersion", &resourceVersion)
            map("uid", &uid)
        }
    }

    /// A condition of an object's status: `Ready`, `PodScheduled`, `Progressing`.
    public struct Condition: FieldMap {
        public var type = ""
        public var status = ""
        public var reason = ""
        public var message = ""
        public var lastTransitionTime: Time?
        public var lastProbeTime: Time?
        public var lastUpdateTime: Time?
        public var lastHeartbeatTime: Time?
        public var observedGeneration: Int64 = 0

        public init() {}
        public init(type: String, status: Bool, reason: String = "", message: String = "", at time: Time? = nil) {
            self.type = type
            self.status = status ? "True" : "False"
            self.reason = reason
            self.message = message
            lastTransitionTime = time
        }
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("lastHeartbeatTime", &lastHeartbeatTime)
            map("lastProbeTime", &lastProbeTime)
            map("lastTransitionTime", &lastTransitionTime)
            map("lastUpdateTime", &lastUpdateTime)
            map("message", &message)
            map("observedGeneration", &observedGeneration)
            map("reason", &reason)
            map("status", &status)
            map("type", &type)
        }
    }

    /// `v1.LocalObjectReference`
    public struct LocalObjectReference: FieldMap {
        public var name = ""
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map("name", &name) }
    }
}

extension [Kubernetes.Condition] {
    /// Puts a condition in the place of the one of its type, or at the end, where `movesToEnd` wants it always. While its
    /// status stays, so does the time of its last change (`meta.SetStatusCondition`).
    mutating func set(_ condition: Kubernetes.Condition, movesToEnd: Bool = false) {
        var condition = condition
        let place = firstIndex { $0.type == condition.type }
        if let place, self[place].status == condition.status {
            condition.lastTransitionTime = self[place].lastTransitionTime
        }
        if let place, !movesToEnd {
            self[place] = condition
        } else {
            removeAll { $0.type == condition.type }
            append(condition)
        }
    }
}
