import HawseModel
import HawseWire
import OrderedCollections

/// A simulated control plane: the API server's objects, the controllers, the scheduler and every node's kubelet.
///
/// A value, deterministic by its configuration's seed: copies are snapshots, and the same calls give the same state.
/// Writes (`apply`, `delete`, `scale`) take effect at once; what they lead to happens in `settle()` or `advance(to:)`.
public struct ClusterState: Sendable {
    public let configuration: ClusterConfiguration
    public internal(set) var store = ClusterStore()
    /// The logical clock.
    public internal(set) var now: Kubernetes.Time
    /// Why things happened: scheduling decisions, scalings, refusals, in order.
    public internal(set) var events: [ClusterEvent] = []

    var names: RandomNames
    var clusterIPs: [ClusterIPAllocator]
    var nodePorts: NodePortAllocator
    var podAddresses: [String: [PodAddressAllocator]] = [:]
    /// Pod addresses that the input names, kept from others.
    var reservedPodAddresses: Set<String> = []
    /// UIDs of pods that were ending when a dump was taken: they stay so.
    var recordedTerminations: Set<String> = []
    var queues = WorkQueues()
    var timers = TimerHeap()
    var serviceIndex = ServiceIndex()
    /// The Services whose endpoints a pod was last found in.
    var servicesOfPod: [ObjectKey: Set<ObjectKey>] = [:]
    /// Services whose slices came with the input and are the truth until something changes.
    var recordedServices: Set<ObjectKey> = []
    /// True once the input has been run to its fixed point: what changes from now on is news.
    var isLoaded = false
    /// What was applied last, by kind and key, for the next apply's removals.
    var lastApplied: [String: ManifestNode] = [:]
    /// Objects that a check has met already.
    var checkedKeys: Set<String> = []
    /// Templates of StatefulSet revisions (ControllerRevision), by set and hash.
    var revisionTemplates: [String: Kubernetes.PodTemplate] = [:]
    /// The current template of each StatefulSet and DaemonSet with its revision's name.
    var revisions: [String: (template: Kubernetes.PodTemplate, name: String)] = [:]
    var scheduling: SchedulerState
    var runtimes: [ObjectKey: PodRuntime] = [:]
    /// Machines that stopped, and when.
    var stoppedNodes: [String: Kubernetes.Time] = [:]
    /// Those of them that are on again, but found no API server.
    var waitingNodes: Set<String> = []
    /// When the pods of nodes that are no more are collected.
    var collections: [String: Kubernetes.Time] = [:]
    /// Since when a pod waits for its eviction by a taint.
    var evictions: [ObjectKey: Kubernetes.Time] = [:]
    /// Schedule and zone of each CronJob when it was last looked at.
    var cronPlans: [ObjectKey: [String?]] = [:]
    /// Pods that somebody who drains their node waits to evict, with the answer to the last attempt.
    var draining: [ObjectKey: String] = [:]
    /// Pods whose processes hang.
    var silentPods: Set<ObjectKey> = []
    /// False while nobody reaches the API server: controllers, kubelets and proxies keep what they know.
    public internal(set) var isReachableAPI = true
    /// Delays of the kubelets; the configuration's unless set.
    public var kubelet: KubeletTiming
    /// tcp and http probes are carried out by somebody outside.
    var usesPacketProbes = false
    var probeRequests: [ProbeRequest] = []
    var scaling: [ObjectKey: AutoscalerHistory] = [:]
    /// When a daemon pod's failure may be cleared away again, by DaemonSet and node.
    var daemonBackoffs: [String: DaemonBackoff] = [:]
    var metrics: [ObjectKey: ScenarioMetrics] = [:]
    var endpointsTriggers = TriggerTimes()
    var sliceTriggers = TriggerTimes()
    /// The Service whose slices a slice of ours belongs to.
    var sliceOwners: [ObjectKey: ObjectKey] = [:]
    var seen: Int64 = 0
    /// A watcher outside, such as a node's proxy, may ask for changes after this revision; set it as you go on.
    public var watchedRevision: Int64 = .max

    public init(configuration: ClusterConfiguration = ClusterConfiguration()) {
        self.configuration = configuration
        kubelet = configuration.kubelet
        now = configuration.start
        names = RandomNames(seed: configuration.seed)
        clusterIPs = configuration.serviceCIDRs.map { ClusterIPAllocator(range: $0, seed: configuration.seed) }
        nodePorts = NodePortAllocator(range: configuration.nodePorts, seed: configuration.seed)
        scheduling = SchedulerState(seed: configuration.seed)
        createFirstObjects()
    }

    /// The families of ClusterIPs, the primary one first.
    public var families: [Kubernetes.IPFamily] {
        clusterIPs.reduce(into: []) { found, allocator in
            let family: Kubernetes.IPFamily = allocator.range.family == .ipv4 ? .ipv4 : .ipv6
            if !found.contains(family) { found.append(family) }
        }
    }

    /// Fills in what the API server sets on creation.
    func stamped<T: KubernetesObject>(_ object: T, uid: String) -> T {
        var object = object
        if object.metadata.uid.isEmpty { object.metadata.uid = uid }
        if object.metadata.creationTimestamp == nil { object.metadata.creationTimestamp = now }
        return object
    }

    /// Creates an object as a controller does: a name from `generateName` where none is given.
    @discardableResult
    mutating func create<T: StoredKind>(_ object: T) -> T {
        var object = object
        if object.metadata.name.isEmpty {
            repeat {
                object.metadata.name = names.name(base: object.metadata.generateName)
            } while store[keyPath: T.shelf][object.key] != nil
        }
        return store.insert(stamped(object, uid: names.uid()))
    }

    func owner<T: KubernetesObject>(_ object: T) -> Kubernetes.OwnerReference {
        var reference = Kubernetes.OwnerReference()
        reference.apiVersion = T.apiVersion
        reference.kind = T.kind
        reference.name = object.metadata.name
        reference.uid = object.metadata.uid
        reference.controller = true
        reference.blockOwnerDeletion = true
        return reference
    }
}
