import OrderedCollections

/// One change of one object, in the order in which watchers see them.
public struct WatchEvent: Sendable, Hashable {
    public enum Change: String, Sendable { case added = "ADDED", modified = "MODIFIED", deleted = "DELETED" }

    /// The store's revision after the change: etcd's, one number for all objects.
    public var revision: Int64
    public var change: Change
    public var kind: String
    public var key: ObjectKey
}

/// What one change did to an object.
struct ObjectChange: Sendable {
    var change: WatchEvent.Change
    /// Nil when it was not there, or is there no more.
    var before: (any KubernetesObject)?
    var after: (any KubernetesObject)?
}

/// The objects of a cluster, as etcd holds them: versioned, with one order of changes. A value: copies are snapshots.
public struct ClusterStore: Sendable {
    public internal(set) var namespaces = Shelf<Kubernetes.Namespace>()
    public internal(set) var nodes = Shelf<Kubernetes.Node>()
    public internal(set) var pods = Shelf<Kubernetes.Pod>()
    public internal(set) var services = Shelf<Kubernetes.Service>()
    public internal(set) var endpoints = Shelf<Kubernetes.Endpoints>()
    public internal(set) var endpointSlices = Shelf<Kubernetes.EndpointSlice>()
    public internal(set) var deployments = Shelf<Kubernetes.Deployment>()
    public internal(set) var replicaSets = Shelf<Kubernetes.ReplicaSet>()
    public internal(set) var replicationControllers = Shelf<Kubernetes.ReplicationController>()
    public internal(set) var statefulSets = Shelf<Kubernetes.StatefulSet>()
    public internal(set) var daemonSets = Shelf<Kubernetes.DaemonSet>()
    public internal(set) var jobs = Shelf<Kubernetes.Job>()
    public internal(set) var cronJobs = Shelf<Kubernetes.CronJob>()
    public internal(set) var autoscalers = Shelf<Kubernetes.HorizontalPodAutoscaler>()
    public internal(set) var ingresses = Shelf<Kubernetes.Ingress>()
    public internal(set) var ingressClasses = Shelf<Kubernetes.IngressClass>()
    public internal(set) var secrets = Shelf<Kubernetes.Secret>()
    public internal(set) var configMaps = Shelf<Kubernetes.ConfigMap>()
    public internal(set) var networkPolicies = Shelf<Kubernetes.NetworkPolicy>()
    public internal(set) var serviceCIDRs = Shelf<Kubernetes.ServiceCIDR>()
    public internal(set) var ipAddresses = Shelf<Kubernetes.IPAddress>()
    public internal(set) var leases = Shelf<Kubernetes.Lease>()
    public internal(set) var priorityClasses = Shelf<Kubernetes.PriorityClass>()
    public internal(set) var disruptionBudgets = Shelf<Kubernetes.PodDisruptionBudget>()
    /// Objects of kinds without a type, by kind and key.
    public internal(set) var unknown: OrderedDictionary<String, OrderedDictionary<ObjectKey, Kubernetes.Unknown>> = [:]

    /// The number of the last change.
    public private(set) var revision: Int64 = 0
    /// The changes since `firstKeptRevision`.
    public private(set) var log: [WatchEvent] = []
    /// The kind of which whole objects are kept with every change, for a watcher that shows them.
    var watchedKind: String?
    private var changes: [ObjectChange] = []
    private var podIndex = PodIndex()
    private var setsByOwner: [String: OrderedSet<ObjectKey>] = [:]
    private var sliceIndex: [ObjectKey: OrderedSet<ObjectKey>] = [:]

    public init() {}

    /// The changes after a revision, oldest first. Revisions are dense, so this is a slice.
    public func events(after seen: Int64) -> ArraySlice<WatchEvent> {
        guard let first = log.first else { return [] }
        let start = Int(max(0, min(seen - first.revision + 1, Int64(log.count))))
        return log[start...]
    }

    /// Forgets changes up to a revision that every watcher has seen.
    public mutating func compact(through seen: Int64) {
        guard let first = log.first, seen >= first.revision else { return }
        log.removeFirst(Int(min(seen - first.revision + 1, Int64(log.count))))
    }

    public func list<T: StoredKind>(_ type: T.Type) -> [T] { Array(self[keyPath: T.shelf].all) }
    public func get<T: StoredKind>(_ type: T.Type, _ key: ObjectKey) -> T? { self[keyPath: T.shelf][key] }

    private mutating func record(_ change: WatchEvent.Change, _ kind: String, _ key: ObjectKey) {
        revision += 1
        log.append(WatchEvent(revision: revision, change: change, kind: kind, key: key))
    }

    private mutating func keep<T: StoredKind>(_ change: WatchEvent.Change, _ before: T?, _ after: T?) {
        if watchedKind == T.kind { changes.append(ObjectChange(change: change, before: before, after: after)) }
    }

    /// The changes of the watched kind since the last call.
    mutating func takeChanges() -> [ObjectChange] {
        defer { changes = [] }
        return changes
    }

    /// Puts a new object, which has its UID and times already.
    @discardableResult
    mutating func insert<T: StoredKind>(_ object: T) -> T {
        var object = object
        let key = object.key
        object.metadata.resourceVersion = String(revision + 1)
        self[keyPath: T.shelf][key] = object
        if let pod = object as? Kubernetes.Pod { podIndex.insert(pod) }
        if let slice = object as? Kubernetes.EndpointSlice { index(slice, isPresent: true) }
        if let set = object as? Kubernetes.ReplicaSet { setsByOwner[Self.ownerUID(set), default: []].append(key) }
        record(.added, T.kind, key)
        keep(.added, nil, object)
        return object
    }

    /// Changes an object. Nothing is recorded when the body leaves it as it was.
    @discardableResult
    mutating func update<T: StoredKind>(_ type: T.Type, _ key: ObjectKey, _ body: (inout T) -> Void) -> Bool {
        guard let old = self[keyPath: T.shelf][key] else { return false }
        var new = old
        body(&new)
        guard new != old else { return false }
        new.metadata.resourceVersion = String(revision + 1)
        self[keyPath: T.shelf][key] = new
        if let before = old as? Kubernetes.Pod, let after = new as? Kubernetes.Pod,
            before.metadata.labels != after.metadata.labels || before.metadata.controller != after.metadata.controller
        {
            podIndex.remove(before)
            podIndex.insert(after)
        }
        if let before = old as? Kubernetes.ReplicaSet, let after = new as? Kubernetes.ReplicaSet,
            Self.ownerUID(before) != Self.ownerUID(after)
        {
            setsByOwner[Self.ownerUID(before)]?.remove(key)
            setsByOwner[Self.ownerUID(after), default: []].append(key)
        }
        if let before = old as? Kubernetes.EndpointSlice, let after = new as? Kubernetes.EndpointSlice,
            before.serviceName != after.serviceName
        {
            index(before, isPresent: false)
            index(after, isPresent: true)
        }
        record(.modified, T.kind, key)
        keep(.modified, old, new)
        return true
    }

    @discardableResult
    mutating func remove<T: StoredKind>(_ type: T.Type, _ key: ObjectKey) -> T? {
        guard let old = self[keyPath: T.shelf][key] else { return nil }
        self[keyPath: T.shelf][key] = nil
        if let pod = old as? Kubernetes.Pod { podIndex.remove(pod) }
        if let slice = old as? Kubernetes.EndpointSlice { index(slice, isPresent: false) }
        if let set = old as? Kubernetes.ReplicaSet { setsByOwner[Self.ownerUID(set)]?.remove(key) }
        record(.deleted, T.kind, key)
        keep(.deleted, old, nil)
        return old
    }

    mutating func put(_ object: Kubernetes.Unknown) {
        let known = unknown[object.kind]?[object.key] != nil
        unknown[object.kind, default: [:]][object.key] = object
        record(known ? .modified : .added, object.kind, object.key)
    }

    /// The pods of a namespace that a selector of plain labels matches, in the order of creation.
    /// An empty selector matches none, as a Service's does.
    public func pods(in namespace: String, matching selector: [String: String]) -> [Kubernetes.Pod] {
        podIndex.candidates(namespace, selector).compactMap { pods[$0] }
            .filter { pod in selector.allSatisfy { pod.metadata.labels[$0.key] == $0.value } }
    }

    private mutating func index(_ slice: Kubernetes.EndpointSlice, isPresent: Bool) {
        guard let name = slice.serviceName else { return }
        let service = ObjectKey(namespace: slice.metadata.namespace, name: name)
        if isPresent {
            sliceIndex[service, default: []].append(slice.key)
        } else {
            sliceIndex[service]?.remove(slice.key)
        }
    }

    /// The slices that name a Service in their label, in the order of creation.
    public func slices(of service: ObjectKey) -> [Kubernetes.EndpointSlice] {
        (sliceIndex[service] ?? []).compactMap { endpointSlices[$0] }
    }

    /// Those without a controller are kept under no UID.
    private static func ownerUID(_ set: Kubernetes.ReplicaSet) -> String { set.metadata.controller?.uid ?? "" }

    /// The ReplicaSets of a Deployment, in the order of creation; of an empty UID those that belong to nobody.
    func replicaSets(ownedBy uid: String) -> [Kubernetes.ReplicaSet] {
        (setsByOwner[uid] ?? []).compactMap { replicaSets[$0] }
    }

    /// The pods that a controller owns.
    public func pods(ownedBy uid: String, in namespace: String) -> [Kubernetes.Pod] {
        podIndex.owned(by: uid).compactMap { pods[$0] }
    }
}
