/// A pod's status as its kubelet would write it.
struct PodStatusWriter {
    var pod: Kubernetes.Pod
    var script: PodScript
    var runtime: PodRuntime
    var now: Kubernetes.Time

    func status() -> Kubernetes.PodStatus {
        var status = pod.status
        let states = pod.spec.containers.map { runtime.containers[$0.name] ?? ContainerRuntime() }
        let finished = states.filter { $0.finishedAt != nil && $0.restartAt == nil }
        let isDone = !states.isEmpty && finished.count == states.count && pod.spec.restartPolicy != "Always"
            || script.phase == "Succeeded" || script.phase == "Failed"
        if isDone {
            status.phase = finished.contains { $0.exitCode != 0 } ? "Failed" : "Succeeded"
        } else if states.allSatisfy({ $0.startedAt != nil }) {
            status.phase = "Running"
        }
        let isReady = !isDone && states.allSatisfy { $0.startedAt != nil && $0.finishedAt == nil && $0.readiness.passed }
        let initsDone = pod.spec.initContainers.allSatisfy {
            runtime.containers[$0.name]?.finishedAt != nil || $0.restartPolicy == "Always"
        }
        write(&status, "PodReadyToStartContainers", !isDone && runtime.started != nil)
        write(&status, "Initialized", initsDone, reason: status.phase == "Succeeded" ? "PodCompleted" : "")
        let ended = status.phase == "Failed" ? "PodFailed" : "PodCompleted"
        let reason = isDone ? ended : isReady ? "" : "ContainersNotReady"
        let gatesPass = pod.spec.readinessGates.allSatisfy { gate in
            pod.condition(gate.conditionType)?.status == "True"
        }
        write(&status, "Ready", isReady && gatesPass, reason: isReady && !gatesPass ? "ReadinessGatesNotReady" : reason)
        write(&status, "ContainersReady", isReady, reason: reason)
        write(&status, "PodScheduled", true)
        // Others' conditions, then the kubelet's in its own order (`mergePodStatus`).
        let own = Self.conditions.compactMap { type in status.conditions.first { $0.type == type } }
        status.conditions = status.conditions.filter { !Self.conditions.contains($0.type) } + own
        status.containerStatuses = pod.spec.containers.map(containerStatus)
        status.initContainerStatuses = pod.spec.initContainers.map(containerStatus)
        return status
    }

    private static let conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]

    private func write(_ status: inout Kubernetes.PodStatus, _ type: String, _ value: Bool, reason: String = "") {
        let text = value ? "True" : "False"
        if let index = status.conditions.firstIndex(where: { $0.type == type }) {
            if status.conditions[index].status != text { status.conditions[index].lastTransitionTime = now }
            status.conditions[index].status = text
            status.conditions[index].reason = reason
        } else {
            status.conditions.append(Kubernetes.Condition(type: type, status: value, reason: reason, at: now))
        }
    }

    /// As kubelets write a pod: `web_default(1b4e…)`.
    static func name(of pod: Kubernetes.Pod) -> String {
        "\(pod.metadata.name)_\(pod.metadata.namespace)(\(pod.metadata.uid))"
    }

    /// How a container's present run has ended.
    static func terminated(_ state: ContainerRuntime) -> Kubernetes.ContainerTerminated? {
        guard let finished = state.finishedAt else { return nil }
        var terminated = Kubernetes.ContainerTerminated()
        terminated.exitCode = state.exitCode ?? 0
        terminated.reason = terminated.exitCode == 0 ? "Completed" : "Error"
        terminated.startedAt = state.startedAt
        terminated.finishedAt = finished
        return terminated
    }

    private func containerStatus(_ container: Kubernetes.Container) -> Kubernetes.ContainerStatus {
        let state = runtime.containers[container.name] ?? ContainerRuntime()
        var result = Kubernetes.ContainerStatus()
        result.name = container.name
        result.image = container.image
        result.imageID = container.image
        result.restartCount = state.restarts
        if state.startedAt != nil { result.containerID = "containerd://\(pod.metadata.uid)-\(container.name)" }
        result.lastState.terminated = state.last
        if let terminated = Self.terminated(state) {
            if state.restartAt != nil {
                var waiting = Kubernetes.ContainerWaiting()
                waiting.reason = "CrashLoopBackOff"
                if state.wait > 0 {
                    waiting.message = "back-off \(ContainerRuntime.text(seconds: state.wait)) restarting failed "
                        + "container=\(container.name) pod=\(Self.name(of: pod))"
                }
                result.state.waiting = waiting
                result.lastState.terminated = terminated
            } else {
                result.state.terminated = terminated
            }
            result.started = false
        } else if let started = state.startedAt {
            var running = Kubernetes.ContainerRunning()
            running.startedAt = started
            result.state.running = running
            result.started = container.startupProbe == nil || state.startup.passed
            result.ready = state.readiness.passed
        } else {
            var waiting = Kubernetes.ContainerWaiting()
            waiting.reason = pod.spec.initContainers.isEmpty ? "ContainerCreating" : "PodInitializing"
            result.state.waiting = waiting
            result.started = false
        }
        return result
    }
}
