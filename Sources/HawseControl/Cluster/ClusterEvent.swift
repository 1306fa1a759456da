/// Something worth telling: what becomes an Event object of the API.
public struct ClusterEvent: Sendable, Hashable {
    public var time: Kubernetes.Time
    /// The object that it is about; its uid as it was then.
    public var kind: String
    public var key: ObjectKey
    public var uid: String
    public var reason: String
    public var message: String
    /// The part of the object that is meant: `spec.containers{web}`; empty: all of it.
    public var fieldPath = ""
    /// The node whose kubelet tells it.
    public var host = ""
    /// What decided, in words of the simulation.
    public var explanation = ""
    /// How often it has happened, and when first.
    public var count = 1
    public var first: Kubernetes.Time?

    public var isWarning: Bool { reason.hasPrefix("Failed") || Self.warnings.contains(reason) }

    private static let warnings: Set<String> = [
        "AmbiguousSelector", "BackOff", "BackoffLimitExceeded", "Crashed", "DeadlineExceeded",
        "MaxFailedIndexesExceeded", "MissSchedule", "PodFailurePolicy", "TooManyAddressesToMirror", "TooManyMissedTimes",
        "UnexpectedJob", "Unhealthy", "UnknownTimeZone",
    ]
    /// Of the simulation's own steps: no component of a cluster tells them.
    private static let own: Set<String> = ["Crashed", "NodeStopped", "NodeStarted", "NodeReady"]

    static let scheduler = "default-scheduler"

    /// Who tells it (`source.component`).
    public var component: String {
        if Self.own.contains(reason) { return "hawse" }
        return switch (kind, reason) {
        case ("Pod", "Scheduled"), ("Pod", "FailedScheduling"), ("Pod", "Preempted"): Self.scheduler
        case ("Pod", "TaintManagerEviction"): "taint-eviction-controller"
        case ("Pod", _): "kubelet"
        case ("Endpoints", _): "endpoint-slice-mirroring-controller"
        case ("ReplicationController", _): "replication-controller"
        case ("HorizontalPodAutoscaler", _): "horizontal-pod-autoscaler"
        case ("Deployment", _), ("ReplicaSet", _), ("StatefulSet", _), ("DaemonSet", _), ("Job", _), ("CronJob", _):
            kind.lowercased() + "-controller"
        default: "hawse"
        }
    }

    /// What is the same in events that are counted together (`eventLogger`).
    struct Sameness: Hashable {
        private let kind, uid, reason, message, fieldPath, host: String
        private let key: ObjectKey

        init(_ event: ClusterEvent) {
            (kind, key, uid, reason) = (event.kind, event.key, event.uid, event.reason)
            (message, fieldPath, host) = (event.message, event.fieldPath, event.host)
        }
    }
}

extension ClusterState {
    mutating func note(_ reason: String, _ message: String, kind: String, key: ObjectKey, explanation: String = "") {
        events.append(
            ClusterEvent(
                time: now, kind: kind, key: key, uid: uid(of: kind, key), reason: reason, message: message, explanation: explanation))
    }

    /// What a kubelet tells of one container.
    mutating func note(_ reason: String, _ message: String, container: String, of pod: Kubernetes.Pod) {
        events.append(Self.event(reason, message, "spec.containers{\(container)}", of: pod, at: now))
    }

    static func event(
        _ reason: String, _ message: String, _ path: String, of pod: Kubernetes.Pod, at time: Kubernetes.Time
    ) -> ClusterEvent {
        ClusterEvent(
            time: time, kind: "Pod", key: pod.key, uid: pod.metadata.uid, reason: reason, message: message, fieldPath: path,
            host: pod.spec.nodeName)
    }

    /// The events of all objects, or of one, by name; like ones are counted together. Unlike client-go's correlator nothing is left out
    /// where there are many, or put together for being similar. What kubelets tell of containers that run is worked out of what
    /// they remember.
    func eventObjects(of only: (any KubernetesObject)? = nil) -> [Kubernetes.Event] {
        var all = events
        if let only {
            all = events.filter { $0.key == only.key && $0.kind == only.kindName && $0.uid == only.metadata.uid }
            if let pod = only as? Kubernetes.Pod { all += containerEvents(of: pod) }
        } else {
            for pod in store.pods.sorted { all += containerEvents(of: pod) }
        }
        var found: [ClusterEvent] = []
        var places: [ClusterEvent.Sameness: Int] = [:]
        for event in all {
            guard let place = places[ClusterEvent.Sameness(event)] else {
                places[ClusterEvent.Sameness(event)] = found.count
                found.append(event)
                continue
            }
            found[place].first = min(found[place].first ?? found[place].time, event.first ?? event.time)
            found[place].time = max(found[place].time, event.time)
            found[place].count += event.count
        }
        return named(found.map { Kubernetes.Event($0) }).sorted { $0.key < $1.key }
    }

    /// Those of one moment get a microsecond each: no two have the same name.
    private func named(_ events: [Kubernetes.Event]) -> [Kubernetes.Event] {
        var events = events
        var taken: Set<ObjectKey> = []
        var turns: [ObjectKey: Int64] = [:]
        for index in events.indices {
            let first = events[index].key
            var turn = turns[first] ?? 0
            if turn > 0 { events[index].name(turn) }
            while !taken.insert(events[index].key).inserted {
                turn += 1
                events[index].name(turn)
            }
            turns[first] = turn + 1
        }
        return events
    }

    private func uid(of kind: String, _ key: ObjectKey) -> String {
        guard let type = Kubernetes.type(kind: kind) as? any StoredKind.Type else { return "" }
        func uid<T: StoredKind>(_ type: T.Type) -> String { store[keyPath: T.shelf][key]?.metadata.uid ?? "" }
        return uid(type)
    }
}
