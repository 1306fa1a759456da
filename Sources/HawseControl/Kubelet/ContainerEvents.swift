extension ClusterState {
    /// What a kubelet has told of the containers of a pod that it runs (`pkg/kubelet/events`), each with the time of the first of
    /// its kind and how often: images are there already, and nothing goes wrong between an image and a start.
    func containerEvents(of pod: Kubernetes.Pod) -> [ClusterEvent] {
        guard let runtime = runtimes[pod.key] else { return [] }
        let parts = pod.spec.initContainers.map { ($0, "spec.initContainers{\($0.name)}") }
            + pod.spec.containers.map { ($0, "spec.containers{\($0.name)}") }
        return parts.flatMap { container, path -> [ClusterEvent] in
            guard let state = runtime.containers[container.name], let started = state.startedAt else { return [] }
            return [
                ("Pulled", "Container image \"\(container.image)\" already present on machine and can be accessed by the pod"),
                ("Created", "Container created"), ("Started", "Container started"),
            ].map { reason, message in
                var event = Self.event(reason, message, path, of: pod, at: started)
                event.count = state.restarts + 1
                if state.restarts > 0 { event.first = runtime.started }
                return event
            }
        }
    }

    /// Before a pod goes: what its kubelet has told of it stays.
    mutating func keepContainerEvents(of pod: Kubernetes.Pod) { events += containerEvents(of: pod) }

    /// Once, when a pod is told to end: `Killing` for each container that runs.
    mutating func noteKilling(of pod: Kubernetes.Pod, _ runtime: inout PodRuntime) {
        guard !runtime.isToldToEnd else { return }
        runtime.isToldToEnd = true
        for container in pod.spec.containers {
            guard let state = runtime.containers[container.name], state.startedAt != nil, state.finishedAt == nil else { continue }
            note("Killing", "Stopping container \(container.name)", container: container.name, of: pod)
        }
    }

    /// A container that did not pass its probe is ended (`doBackOff`, `computePodActions`).
    mutating func noteRestart(of container: String, in pod: Kubernetes.Pod, failed purpose: ProbeRequest.Purpose) {
        note("Killing", "Container \(container) failed \(purpose.rawValue) probe, will be restarted", container: container, of: pod)
    }

    /// A probe has failed. What it says is what the application would: it refuses, or answers that it is not ready.
    mutating func noteUnhealthy(
        _ purpose: ProbeRequest.Purpose, _ probe: Kubernetes.Probe, _ container: String, of pod: Kubernetes.Pod
    ) {
        let word = purpose.rawValue.prefix(1).uppercased() + purpose.rawValue.dropFirst()
        let answer =
            probe.httpGet != nil ? "HTTP probe failed with statuscode: 503" : probe.tcpSocket != nil ? "connect: connection refused" : ""
        note("Unhealthy", "\(word) probe failed: \(answer)", container: container, of: pod)
    }
}
