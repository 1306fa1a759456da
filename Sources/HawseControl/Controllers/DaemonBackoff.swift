/// How long a failed daemon pod is left where it is, so that a pod that fails at once is not made anew without end
/// (`failedPodsBackoff`): the first goes at once, then it is a second, twice as long each time, 15 minutes at most.
struct DaemonBackoff: Sendable, Hashable {
    private static let longest = 900.0

    private var delay = 1.0
    private var cleared: Kubernetes.Time

    init(cleared: Kubernetes.Time) { self.cleared = cleared }

    /// Seconds to wait from now; nil when a failed pod may go.
    func wait(at now: Kubernetes.Time) -> Double? {
        let passed = Double(now.microseconds - cleared.microseconds) / 1_000_000
        return passed < delay ? delay : nil
    }

    /// One more is cleared away. A node that was well for twice the longest wait starts from the beginning.
    mutating func clear(at now: Kubernetes.Time) {
        let passed = Double(now.microseconds - cleared.microseconds) / 1_000_000
        delay = passed > 2 * Self.longest ? 1 : min(2 * delay, Self.longest)
        cleared = now
    }
}

extension ClusterState {
    /// Clears away what has ended of a node's daemon pods; what is left there.
    mutating func clearDaemonPods(_ pods: [Kubernetes.Pod], of key: ObjectKey, on node: String) -> [Kubernetes.Pod] {
        let identity = "\(key)/\(node)"
        return pods.filter { pod in
            guard pod.isFinished, !pod.metadata.isTerminating else { return !pod.isFinished }
            let name = "\(pod.metadata.namespace)/\(pod.metadata.name)"
            guard pod.status.phase == "Failed" else {
                note("SucceededDaemonPod", "Found succeeded daemon pod \(name) on node \(node), will try to delete it",
                    kind: "DaemonSet", key: key)
                removePod(pod.key)
                return false
            }
            if let seconds = daemonBackoffs[identity]?.wait(at: now) {
                wake(.daemonSet, key, inSeconds: seconds, isProgress: false)
                return true
            }
            if daemonBackoffs[identity] == nil {
                daemonBackoffs[identity] = DaemonBackoff(cleared: now)
            } else {
                daemonBackoffs[identity]?.clear(at: now)
            }
            note("FailedDaemonPod", "Found failed daemon pod \(name) on node \(node), will try to kill it",
                kind: "DaemonSet", key: key)
            removePod(pod.key)
            return false
        }
    }
}
