/// What a kubelet tells the API server, and what it keeps to itself while nobody reaches it (the kubelet's status
/// manager): containers go on being probed, restarted and ended meanwhile, by the pods it knew of.
extension ClusterState {
    /// A pod as its kubelet has it, which the API server may not have heard of yet.
    public func podOnItsNode(_ key: ObjectKey) -> Kubernetes.Pod? {
        guard var pod = store.pods[key] else { return nil }
        if let status = runtimes[key]?.unpublished { pod.status = status }
        return pod
    }

    mutating func publish(_ status: Kubernetes.PodStatus, of key: ObjectKey, _ runtime: inout PodRuntime) {
        if isReachableAPI {
            runtime.unpublished = nil
            store.update(Kubernetes.Pod.self, key) { $0.status = status }
        } else {
            runtime.unpublished = status
        }
    }

    /// A pod whose grace period is over has no containers left; it stays an object until its kubelet can remove it.
    mutating func stopContainers(of pod: Kubernetes.Pod, exitCode: Int = 0) {
        var runtime = runtimes[pod.key] ?? adoptedRuntime(pod)
        for container in pod.spec.containers {
            var state = runtime.containers[container.name] ?? ContainerRuntime()
            state.restartAt = nil
            if state.finishedAt == nil {
                state.startedAt = state.startedAt ?? now
                state.finishedAt = now
                state.exitCode = exitCode
            }
            runtime.containers[container.name] = state
        }
        var status = PodStatusWriter(pod: pod, script: PodScript(pod), runtime: runtime, now: now).status()
        if exitCode != 0 { status.phase = "Failed" }
        publish(status, of: pod.key, &runtime)
        runtimes[pod.key] = runtime
    }

    /// Kubelets alone: nobody else does anything without the API server.
    mutating func runKubelets() {
        for key in queues.takeAll(.kubelet) { syncPod(key) }
    }

    /// The API server is back: kubelets say what has happened, and machines that went silent meanwhile are waited for
    /// from now on, since the node controller has heard of nobody either.
    mutating func catchUp() {
        for name in waitingNodes.sorted() { try? startNode(name) }
        for key in runtimes.keys.sorted() {
            if let status = runtimes[key]?.unpublished {
                runtimes[key]?.unpublished = nil
                store.update(Kubernetes.Pod.self, key) { $0.status = status }
            }
            queues.add(key, to: .kubelet)
        }
        for name in stoppedNodes.keys.sorted() { watchAgain(node: name) }
        reconcile()
    }
}
