extension Kubernetes {
    /// An Event of the core group. The simulation keeps `ClusterEvent`s; this is how they are shown.
    public struct Event: KubernetesObject {
        public static let apiVersion = "v1"
        public static let kind = "Event"
        public static let plural = "events"
        public static var shortNames: [String] { ["ev"] }

        public var metadata = ObjectMeta()
        public var involvedObject = ObjectReference()
        public var reason = ""
        public var message = ""
        public var source = EventSource()
        public var firstTimestamp: Time?
        public var lastTimestamp: Time?
        public var eventTime: Time?
        public var count = 0
        /// `Normal` or `Warning`.
        public var type = ""
        public var reportingComponent = ""
        public var reportingInstance = ""

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("count", &count)
            map.always("eventTime", &eventTime)
            map.always("firstTimestamp", &firstTimestamp)
            map("involvedObject", &involvedObject)
            map.always("lastTimestamp", &lastTimestamp)
            map("message", &message)
            map("metadata", &metadata)
            map("reason", &reason)
            map.always("reportingComponent", &reportingComponent)
            map.always("reportingInstance", &reportingInstance)
            map("source", &source)
            map("type", &type)
        }
    }

    public struct EventSource: FieldMap {
        public var component = ""
        public var host = ""
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("component", &component)
            map("host", &host)
        }
    }
}

extension Kubernetes.Event {
    /// As `client-go`'s recorder makes it: named after the object and the moment, in hexadecimal nanoseconds.
    init(_ event: ClusterEvent, uid: String) {
        self.init()
        metadata.namespace = event.key.namespace.isEmpty ? "default" : event.key.namespace
        metadata.creationTimestamp = event.time
        involvedObject = Kubernetes.ObjectReference(
            kind: event.kind, namespace: event.key.namespace, name: event.key.name, uid: uid)
        involvedObject.apiVersion = Kubernetes.type(resource: event.kind)?.apiVersion ?? ""
        involvedObject.fieldPath = event.fieldPath
        (reason, message) = (event.reason, event.message)
        (firstTimestamp, lastTimestamp, count) = (event.time, event.time, 1)
        type = event.isWarning ? "Warning" : "Normal"
        source.component = event.component
        reportingComponent = event.component
        name(0)
    }

    /// The name of an event that came so many microseconds behind its time.
    mutating func name(_ turn: Int64) {
        let moment = (metadata.creationTimestamp?.microseconds ?? 0) &+ turn
        metadata.name = "\(involvedObject.name).\(String(moment &* 1000, radix: 16))"
    }
}
