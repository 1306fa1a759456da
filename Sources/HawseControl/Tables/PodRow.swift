/// A pod's row (`printPod`).
enum PodRow {
    static func cells(_ pod: Kubernetes.Pod, _ state: ClusterState) -> [String] {
        let summary = PodSummary(pod)
        let gates = pod.spec.readinessGates
        let passed = gates.filter { pod.condition($0.conditionType)?.status == "True" }.count
        var restarts = String(summary.restarts)
        if summary.restarts > 0, let last = summary.lastRestart {
            restarts += " (\(HumanDuration.age(of: last, at: state.now)) ago)"
        }
        return [
            pod.metadata.name, "\(summary.ready)/\(summary.total)", summary.reason, restarts,
            ResourceColumns.age(pod, state), pod.status.podIPs.first?.ip ?? "<none>",
            pod.spec.nodeName.isEmpty ? "<none>" : pod.spec.nodeName,
            pod.status.nominatedNodeName.isEmpty ? "<none>" : pod.status.nominatedNodeName,
            gates.isEmpty ? "<none>" : "\(passed)/\(gates.count)",
        ]
    }

    /// The word in STATUS.
    static func status(of pod: Kubernetes.Pod) -> String { PodSummary(pod).reason }
}

/// How a pod's containers are, in few words. Init containers count until they are done, sidecars always.
private struct PodSummary {
    var total: Int
    var ready = 0
    var restarts = 0
    var lastRestart: Kubernetes.Time?
    var reason: String

    init(_ pod: Kubernetes.Pod) {
        let sidecars = Set(pod.spec.initContainers.filter { $0.restartPolicy == "Always" }.map(\.name))
        total = pod.spec.containers.count + sidecars.count
        reason = pod.status.reason.isEmpty ? pod.status.phase : pod.status.reason
        if pod.condition("PodScheduled")?.reason == "SchedulingGated" { reason = "SchedulingGated" }
        let isInitializing = countInits(pod, sidecars)
        if !isInitializing || pod.condition("Initialized")?.status == "True" {
            restarts = 0
            lastRestart = nil
            for status in pod.status.initContainerStatuses where sidecars.contains(status.name) { count(status) }
            countContainers(pod)
        }
        guard pod.metadata.isTerminating else { return }
        if pod.status.reason == "NodeLost" {
            reason = "Unknown"
        } else if !pod.isFinished {
            reason = "Terminating"
        }
    }

    private mutating func count(_ status: Kubernetes.ContainerStatus) {
        restarts += status.restartCount
        guard let finished = status.lastState.terminated?.finishedAt else { return }
        lastRestart = max(lastRestart ?? finished, finished)
    }

    /// True when an init container is still what the pod waits for.
    private mutating func countInits(_ pod: Kubernetes.Pod, _ sidecars: Set<String>) -> Bool {
        for (index, status) in pod.status.initContainerStatuses.enumerated() {
            count(status)
            if let ended = status.state.terminated, ended.exitCode == 0 { continue }
            if sidecars.contains(status.name), status.started == true {
                if status.ready { ready += 1 }
                continue
            }
            if let ended = status.state.terminated {
                reason = "Init:" + Self.word(of: ended)
            } else if let waiting = status.state.waiting, !waiting.reason.isEmpty, waiting.reason != "PodInitializing" {
                reason = "Init:\(waiting.reason)"
            } else {
                reason = "Init:\(index)/\(pod.spec.initContainers.count)"
            }
            return true
        }
        return false
    }

    private static func word(of ended: Kubernetes.ContainerTerminated) -> String {
        if !ended.reason.isEmpty { return ended.reason }
        return ended.signal != 0 ? "Signal:\(ended.signal)" : "ExitCode:\(ended.exitCode)"
    }

    private mutating func countContainers(_ pod: Kubernetes.Pod) {
        var runs = false
        for status in pod.status.containerStatuses.reversed() {
            count(status)
            if let waiting = status.state.waiting, !waiting.reason.isEmpty {
                reason = waiting.reason
            } else if let ended = status.state.terminated {
                reason = Self.word(of: ended)
            } else if status.ready, status.state.running != nil {
                runs = true
                ready += 1
            }
        }
        if reason == "Completed", runs { reason = pod.isReady ? "Running" : "NotReady" }
    }
}
