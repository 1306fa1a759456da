extension ClusterState {
    typealias Repeated = (event: ClusterEvent, first: Kubernetes.Time, count: Int)

    /// What a kubelet has told of the containers of a pod that it runs (`pkg/kubelet/events`), each with the time of the first of
    /// its kind and how often: images are there already, and nothing goes wrong between an image and a start.
    func containerEvents(of pod: Kubernetes.Pod) -> [Repeated] {
        guard let runtime = runtimes[pod.key] else { return [] }
        let parts = pod.spec.initContainers.map { ($0, "spec.initContainers{\($0.name)}") }
            + pod.spec.containers.map { ($0, "spec.containers{\($0.name)}") }
        return parts.flatMap { container, path -> [Repeated] in
            guard let state = runtime.containers[container.name], let started = state.startedAt else { return [] }
            let first = state.restarts == 0 ? started : runtime.started ?? started
            return [
                ("Pulled", "Container image \"\(container.image)\" already present on machine and can be accessed by the pod"),
                ("Created", "Container created"), ("Started", "Container started"),
            ].map { reason, message in
                let event = ClusterEvent(
                    time: started, kind: "Pod", key: pod.key, reason: reason, message: message, fieldPath: path)
                return (event, first, state.restarts + 1)
            }
        }
    }

    /// Once, when a pod is told to end: `Killing` for each container that runs.
    mutating func noteKilling(of pod: Kubernetes.Pod, _ runtime: inout PodRuntime) {
        guard !runtime.isToldToEnd else { return }
        runtime.isToldToEnd = true
        for container in pod.spec.containers {
            guard let state = runtime.containers[container.name], state.startedAt != nil, state.finishedAt == nil else { continue }
            note(
                "Killing", "Stopping container \(container.name)", kind: "Pod", key: pod.key,
                fieldPath: "spec.containers{\(container.name)}")
        }
    }
}
