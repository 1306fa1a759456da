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
        public var count = 0
        /// The scheduler writes the newer form (events.k8s.io), with these instead of the three above.
        public var eventTime: Time?
        public var series: EventSeries?
        public var action = ""
        /// `Normal` or `Warning`.
        public var type = ""
        public var reportingComponent = ""
        public var reportingInstance = ""

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("action", &action)
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
            map("series", &series)
            map.always("source", &source)
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

    public struct EventSeries: FieldMap {
        public var count = 0
        public var lastObservedTime: Time?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("count", &count)
            map("lastObservedTime", &lastObservedTime)
        }
    }
}

extension Kubernetes.Event {
    /// As `client-go`'s recorders make it.
    init(_ event: ClusterEvent) {
        self.init()
        metadata.namespace = event.key.namespace.isEmpty ? "default" : event.key.namespace
        metadata.creationTimestamp = event.first ?? event.time
        if !event.explanation.isEmpty { metadata.annotations["hawse/explanation"] = event.explanation }
        involvedObject = Kubernetes.ObjectReference(
            kind: event.kind, namespace: event.key.namespace, name: event.key.name, uid: event.uid)
        involvedObject.apiVersion = Kubernetes.type(kind: event.kind)?.apiVersion ?? ""
        involvedObject.fieldPath = event.fieldPath
        (reason, message) = (event.reason, event.message)
        type = event.isWarning ? "Warning" : "Normal"
        reportingComponent = event.component
        if event.component == ClusterEvent.scheduler {
            eventTime = event.first ?? event.time
            action = event.reason == "Scheduled" ? "Binding" : event.reason == "Preempted" ? "Preempting" : "Scheduling"
            if event.count > 1 {
                var repeated = Kubernetes.EventSeries()
                (repeated.count, repeated.lastObservedTime) = (event.count, event.time)
                series = repeated
            }
        } else {
            (firstTimestamp, lastTimestamp, count) = (event.first ?? event.time, event.time, event.count)
            (source.component, source.host, reportingInstance) = (event.component, event.host, event.host)
        }
        name(0)
    }

    /// The name: the object's, and the moment in hexadecimal nanoseconds, so many microseconds later.
    mutating func name(_ turn: Int64) {
        let moment = (metadata.creationTimestamp?.microseconds ?? 0) &+ turn
        metadata.name = "\(involvedObject.name).\(String(moment &* 1000, radix: 16))"
    }

    /// When it was seen last and first, and how often (`printEvent`).
    var seen: (last: Kubernetes.Time?, first: Kubernetes.Time?, count: Int) {
        let first = firstTimestamp ?? eventTime
        return (series?.lastObservedTime ?? lastTimestamp ?? first, first, max(series?.count ?? count, 1))
    }
}
