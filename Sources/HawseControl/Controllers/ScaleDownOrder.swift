/// Which pods of a ReplicaSet go first (`controller.ActivePodsWithRanks`).
struct ScaleDownOrder {
    /// Active pods of the same workload on each node: the more neighbours, the sooner one goes.
    let podsByNode: [String: Int]
    let now: Kubernetes.Time

    init(related: [Kubernetes.Pod], now: Kubernetes.Time) {
        podsByNode = related.filter(ClusterState.isActive).reduce(into: [:]) { $0[$1.spec.nodeName, default: 0] += 1 }
        self.now = now
    }

    func goesBefore(_ a: Kubernetes.Pod, _ b: Kubernetes.Pod) -> Bool {
        if a.spec.nodeName.isEmpty != b.spec.nodeName.isEmpty { return a.spec.nodeName.isEmpty }
        let (phaseA, phaseB) = (Self.rank(a.status.phase), Self.rank(b.status.phase))
        if phaseA != phaseB { return phaseA < phaseB }
        if a.isReady != b.isReady { return !a.isReady }
        let (costA, costB) = (Self.cost(a), Self.cost(b))
        if costA != costB { return costA < costB }
        let (rankA, rankB) = (podsByNode[a.spec.nodeName] ?? 0, podsByNode[b.spec.nodeName] ?? 0)
        if rankA != rankB { return rankA > rankB }
        if a.isReady, b.isReady {
            let (readyA, readyB) = (a.condition("Ready")?.lastTransitionTime, b.condition("Ready")?.lastTransitionTime)
            if let decided = younger(readyA, readyB, a, b) { return decided }
        }
        let (restartsA, restartsB) = (Self.restarts(a), Self.restarts(b))
        if restartsA != restartsB { return restartsA > restartsB }
        return younger(a.metadata.creationTimestamp, b.metadata.creationTimestamp, a, b) ?? false
    }

    static func rank(_ phase: String) -> Int {
        switch phase {
        case "Pending": 0
        case "Unknown", "": 1
        default: 2
        }
    }

    static func cost(_ pod: Kubernetes.Pod) -> Int {
        pod.metadata.annotations["controller.kubernetes.io/pod-deletion-cost"].flatMap { Int($0) } ?? 0
    }

    static func restarts(_ pod: Kubernetes.Pod) -> Int { pod.status.containerStatuses.map(\.restartCount).max() ?? 0 }

    /// Times are compared in powers of two of their age, so that about equally old pods are taken by their UIDs,
    /// as good as at random (LogarithmicScaleDown).
    private func younger(
        _ a: Kubernetes.Time?, _ b: Kubernetes.Time?, _ podA: Kubernetes.Pod, _ podB: Kubernetes.Pod
    ) -> Bool? {
        guard a != b else { return nil }
        guard let a, let b else { return a == nil }
        let difference = bucket(a) - bucket(b)
        if difference == 0 { return podA.metadata.uid.utf8.lexicographicallyPrecedes(podB.metadata.uid.utf8) }
        return difference < 0
    }

    private func bucket(_ time: Kubernetes.Time) -> Int {
        let (age, overflow) = (now.microseconds - time.microseconds).multipliedReportingOverflow(by: 1000)
        guard age > 0, !overflow else { return overflow ? 63 : -1 }
        return 63 - age.leadingZeroBitCount
    }
}
