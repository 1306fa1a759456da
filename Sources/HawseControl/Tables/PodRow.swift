/// A pod's row (`printPod`).
enum PodRow {
    static func cells(_ pod: Kubernetes.Pod, _ state: ClusterState) -> [String] {
        let statuses = pod.status.containerStatuses
        let ready = statuses.filter { $0.ready && $0.state.running != nil }.count
        let restarts = statuses.reduce(0) { $0 + $1.restartCount }
        let gates = pod.spec.readinessGates
        let passed = gates.filter { pod.condition($0.conditionType)?.status == "True" }.count
        return [
            pod.metadata.name, "\(ready)/\(pod.spec.containers.count)", status(of: pod), String(restarts),
            ResourceColumns.age(pod, state), pod.status.podIP.isEmpty ? "<none>" : pod.status.podIP,
            pod.spec.nodeName.isEmpty ? "<none>" : pod.spec.nodeName,
            pod.status.nominatedNodeName.isEmpty ? "<none>" : pod.status.nominatedNodeName,
            gates.isEmpty ? "<none>" : "\(passed)/\(gates.count)",
        ]
    }

    /// The word in STATUS: the phase, or why a container does not run.
    static func status(of pod: Kubernetes.Pod) -> String {
        var reason = pod.status.reason.isEmpty ? pod.status.phase : pod.status.reason
        if let gated = pod.condition("PodScheduled"), gated.reason == "SchedulingGated" { reason = gated.reason }
        for status in pod.status.containerStatuses.reversed() {
            if let waiting = status.state.waiting, !waiting.reason.isEmpty {
                reason = waiting.reason
            } else if let terminated = status.state.terminated {
                reason = terminated.reason.isEmpty ? "ExitCode:\(terminated.exitCode)" : terminated.reason
            }
        }
        if reason == "Completed", pod.status.containerStatuses.contains(where: { $0.ready && $0.state.running != nil }) {
            reason = pod.isReady ? "Running" : "NotReady"
        }
        if pod.metadata.isTerminating {
            return pod.status.reason == "NodeLost" ? "Unknown" : pod.isFinished ? reason : "Terminating"
        }
        return reason
    }
}
