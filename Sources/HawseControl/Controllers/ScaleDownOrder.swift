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
        // Restarts of the containers, then those of sidecars.
        let (restartsA, restartsB) = (Self.restarts(a.status.containerStatuses), Self.restarts(b.status.containerStatuses))
        if restartsA != restartsB { return restartsA > restartsB }
        let (sideA, sideB) = (Self.sidecarRestarts(a), Self.sidecarRestarts(b))
        if sideA != sideB { return sideA > sideB }
        return younger(a.metadata.creationTimestamp, b.metadata.creationTimestamp, a, b) ?? false
    }

    static func rank(_ phase: String) -> Int {
        switch phase {
        case "Pending": 0
        case "Unknown", "": 1
        default: 2
        }
    }

    /// An integer of 32 bits without a plus sign or leading zeros; anything else costs nothing.
    static func cost(_ pod: Kubernetes.Pod) -> Int {
        let text = pod.metadata.annotations["controller.kubernetes.io/pod-deletion-cost"] ?? ""
        guard let cost = Int32(text), String(cost) == text || text == "-0" else { return 0 }
        return Int(cost)
    }

    private static func restarts(_ containers: [Kubernetes.ContainerStatus]) -> Int {
        containers.map(\.restartCount).max() ?? 0
    }

    private static func sidecarRestarts(_ pod: Kubernetes.Pod) -> Int {
        let sidecars = Set(pod.spec.initContainers.filter { $0.restartPolicy == "Always" }.map(\.name))
        return restarts(pod.status.initContainerStatuses.filter { sidecars.contains($0.name) })
    }

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
