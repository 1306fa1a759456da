/// What the endpoints of Services were last changed by (`TriggerTimeTracker`), for the annotation that a proxy's delay is measured by.
struct TriggerTimes: Sendable {
    private struct Known: Sendable {
        var service: Kubernetes.Time?
        var pods: [String: Kubernetes.Time] = [:]
    }

    private var known: [ObjectKey: Known] = [:]

    /// The earliest change since the last look: a pod has become ready or unready, or the Service is new. `nil`: neither.
    mutating func trigger(_ service: Kubernetes.Service, _ pods: [Kubernetes.Pod]) -> Kubernetes.Time? {
        let before = known[service.key]
        var now = Known(service: service.metadata.creationTimestamp)
        var changes: [Kubernetes.Time] = []
        for pod in pods {
            guard let time = pod.condition("Ready")?.lastTransitionTime else { continue }
            now.pods[pod.metadata.name] = time
            if before?.pods[pod.metadata.name].map({ $0 < time }) ?? true { changes.append(time) }
        }
        known[service.key] = now
        guard let before else { return service.metadata.creationTimestamp }
        if let created = now.service, before.service.map({ $0 < created }) ?? true { changes.append(created) }
        return changes.min()
    }

    mutating func forget(_ key: ObjectKey) { known[key] = nil }
}
