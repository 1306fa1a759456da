/// Something worth telling: what becomes an Event object of the API.
public struct ClusterEvent: Sendable, Hashable {
    public var time: Kubernetes.Time
    /// The object that it is about.
    public var kind: String
    public var key: ObjectKey
    public var reason: String
    public var message: String
    /// The part of the object that is meant: `spec.containers{web}`; empty: all of it.
    public var fieldPath = ""

    public var isWarning: Bool { reason.hasPrefix("Failed") || Self.warnings.contains(reason) }

    private static let warnings: Set<String> = [
        "AmbiguousSelector", "BackOff", "BackoffLimitExceeded", "Crashed", "DeadlineExceeded", "EvictionRefused",
        "MaxFailedIndexesExceeded", "MissSchedule", "PodFailurePolicy", "TooManyAddressesToMirror", "TooManyMissedTimes",
        "UnexpectedJob", "Unhealthy", "UnknownTimeZone",
    ]

    /// Who tells it (`source.component`).
    public var component: String {
        switch (kind, reason) {
        case ("Pod", "Scheduled"), ("Pod", "FailedScheduling"), ("Pod", "Preempted"): "default-scheduler"
        case ("Pod", "TaintManagerEviction"): "taint-eviction-controller"
        case ("Pod", _): "kubelet"
        case ("Node", _): "node-controller"
        case ("Endpoints", _): "endpoint-slice-mirroring-controller"
        case ("ReplicationController", _): "replication-controller"
        case ("HorizontalPodAutoscaler", _): "horizontal-pod-autoscaler"
        case ("Deployment", _), ("ReplicaSet", _), ("StatefulSet", _), ("DaemonSet", _), ("Job", _), ("CronJob", _):
            kind.lowercased() + "-controller"
        default: "hawse"
        }
    }

    /// What is the same in events that are counted together (`EventCorrelator`).
    struct Sameness: Hashable {
        private let kind, reason, message, fieldPath: String
        private let key: ObjectKey

        init(_ event: ClusterEvent) {
            (kind, key, reason, message, fieldPath) = (event.kind, event.key, event.reason, event.message, event.fieldPath)
        }
    }
}

extension ClusterState {
    mutating func note(_ reason: String, _ message: String, kind: String, key: ObjectKey, fieldPath: String = "") {
        events.append(ClusterEvent(time: now, kind: kind, key: key, reason: reason, message: message, fieldPath: fieldPath))
    }

    /// The events of all objects, or of one, as the API server would hold them: like ones counted together, by name. What kubelets
    /// tell of containers that run is worked out of what they remember.
    func eventObjects(of only: (kind: String, key: ObjectKey)? = nil) -> [Kubernetes.Event] {
        var found: [Kubernetes.Event] = []
        var places: [ClusterEvent.Sameness: Int] = [:]
        func isWanted(_ kind: String, _ key: ObjectKey) -> Bool { only.map { $0.kind == kind && $0.key == key } ?? true }
        for event in events where isWanted(event.kind, event.key) {
            if let place = places[ClusterEvent.Sameness(event)] {
                found[place].count += 1
                found[place].lastTimestamp = max(found[place].lastTimestamp ?? event.time, event.time)
            } else {
                places[ClusterEvent.Sameness(event)] = found.count
                found.append(Kubernetes.Event(event, uid: uid(of: event)))
            }
        }
        for pod in store.pods.sorted where isWanted("Pod", pod.key) {
            found += containerEvents(of: pod).map { event, first, count in
                var object = Kubernetes.Event(event, uid: pod.metadata.uid)
                (object.firstTimestamp, object.count) = (first, count)
                return object
            }
        }
        // Those of one moment get a microsecond each: no two have the same name.
        var taken: Set<ObjectKey> = []
        for index in found.indices {
            var turn: Int64 = 0
            while !taken.insert(found[index].key).inserted {
                turn += 1
                found[index].name(turn)
            }
        }
        return found.sorted { $0.key < $1.key }
    }

    private func uid(of event: ClusterEvent) -> String {
        guard let type = Kubernetes.type(resource: event.kind) as? any StoredKind.Type else { return "" }
        func uid<T: StoredKind>(_ type: T.Type) -> String { store[keyPath: T.shelf][event.key]?.metadata.uid ?? "" }
        return uid(type)
    }
}
