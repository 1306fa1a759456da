import OrderedCollections

/// The controllers, in the order in which a round of the control plane runs them.
enum ControllerName: Int, CaseIterable, Sendable {
    case autoscaler, cronJob, deployment, replicaSet, replicationController, statefulSet, daemonSet, job
    case node, disruption, eviction, scheduler, kubelet, endpoints, endpointSlice, mirroring
}

/// Keys that wait for their controller: each at most once, in the order in which they came.
struct WorkQueues: Sendable {
    private var waiting: [OrderedSet<ObjectKey>] = Array(repeating: [], count: ControllerName.allCases.count)

    mutating func add(_ key: ObjectKey, to controller: ControllerName) { waiting[controller.rawValue].append(key) }

    mutating func takeAll(_ controller: ControllerName) -> OrderedSet<ObjectKey> {
        let keys = waiting[controller.rawValue]
        waiting[controller.rawValue] = []
        return keys
    }

    var isEmpty: Bool { waiting.allSatisfy(\.isEmpty) }

    func isEmpty(but controller: ControllerName) -> Bool {
        waiting.enumerated().allSatisfy { $0.offset == controller.rawValue || $0.element.isEmpty }
    }
}

/// A key that goes to its controller at a time to come.
struct ClusterTimer: Sendable {
    var time: Kubernetes.Time
    /// Orders timers of one instant by when they were set.
    var sequence: UInt64
    var controller: ControllerName
    var key: ObjectKey
    /// False for work that recurs for ever, such as the autoscaler's 15 seconds: settling does not wait for it.
    var isProgress: Bool

    static func < (a: Self, b: Self) -> Bool { (a.time, a.sequence) < (b.time, b.sequence) }
}

/// Timers by time: a binary heap.
struct TimerHeap: Sendable {
    private var heap: [ClusterTimer] = []
    private var sequence: UInt64 = 0
    /// Timers of one controller, key and instant are one timer.
    private var pending: Set<Identity> = []

    private struct Identity: Hashable {
        var time: Kubernetes.Time
        var controller: ControllerName
        var key: ObjectKey
    }

    var next: ClusterTimer? { heap.first }
    func nextProgress() -> Kubernetes.Time? { heap.lazy.filter(\.isProgress).map(\.time).min() }

    mutating func add(_ time: Kubernetes.Time, _ controller: ControllerName, _ key: ObjectKey, isProgress: Bool) {
        guard pending.insert(Identity(time: time, controller: controller, key: key)).inserted else { return }
        sequence += 1
        heap.append(
            ClusterTimer(time: time, sequence: sequence, controller: controller, key: key, isProgress: isProgress))
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func popFirst() -> ClusterTimer? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        pending.remove(Identity(time: first.time, controller: first.controller, key: first.key))
        if heap.isEmpty { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            if least == parent { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
