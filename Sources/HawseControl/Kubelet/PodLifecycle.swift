extension ClusterState {
    /// One look of a pod's kubelet at it: starts it, probes it, restarts or ends it, and writes its status.
    mutating func syncPod(_ key: ObjectKey) {
        guard let pod = podOnItsNode(key), let node = store.nodes[ObjectKey(name: pod.spec.nodeName)] else { return }
        if stoppedNodes[pod.spec.nodeName] != nil { return }
        // A pod whose status came with the input is as its status says, until it is told otherwise or deleted.
        let isRecorded = runtimes[key] == nil && !pod.status.podIPs.isEmpty
        if pod.metadata.isTerminating {
            endPod(pod, isRecorded: isRecorded)
            return
        }
        if pod.isFinished { return }
        if isRecorded {
            guard isLoaded, let said = PodScript(pod).saidReady, said != pod.isReady else { return }
            runtimes[key] = adoptedRuntime(pod)
        }
        if isUnreachable(node) { return }
        let script = PodScript(pod)
        if script.phase == "Pending" { return }
        var runtime = runtimes[key] ?? PodRuntime()
        if runtime.started == nil {
            guard let status = startedStatus(of: pod, on: node, &runtime) else {
                runtimes[key] = runtime
                return
            }
            publish(status, of: key, &runtime)
        }
        runtimes[key] = runtime
        guard let current = podOnItsNode(key) else { return }
        runContainers(of: current, script: script, &runtime)
        writeStatus(of: current, script: script, &runtime)
        runtimes[key] = runtime
    }

    func isUnreachable(_ node: Kubernetes.Node) -> Bool {
        node.status.conditions.first { $0.type == "Ready" }.map { $0.status != "True" } ?? false
    }

    /// Sandbox and address, once the start delay is over.
    private mutating func startedStatus(
        of pod: Kubernetes.Pod, on node: Kubernetes.Node, _ runtime: inout PodRuntime
    ) -> Kubernetes.PodStatus? {
        var status = pod.status
        let start = PodScript(pod).startSeconds ?? kubelet.start
        if status.startTime == nil {
            status.startTime = now
            status.hostIP = node.internalIPs.first ?? ""
            status.hostIPs = (configuration.isDualStack ? node.internalIPs : Array(node.internalIPs.prefix(1)))
                .map { Kubernetes.HostIP($0) }
            if start > 0 { publish(status, of: pod.key, &runtime) }
        }
        let begin = status.startTime?.microseconds ?? now.microseconds
        let due = Kubernetes.Time(microseconds: begin + Int64(start * 1_000_000))
        guard now >= due else {
            wake(.kubelet, pod.key, at: due, isProgress: true)
            return nil
        }
        runtime.started = now
        let addresses = allocateAddresses(for: pod, on: node)
        status.podIP = addresses.first ?? ""
        status.podIPs = addresses.map { Kubernetes.HostIP($0) }
        return status
    }

    private mutating func writeStatus(of pod: Kubernetes.Pod, script: PodScript, _ runtime: inout PodRuntime) {
        let status = PodStatusWriter(pod: pod, script: script, runtime: runtime, now: now).status()
        publish(status, of: pod.key, &runtime)
    }

    /// The way out: preStop hooks, SIGTERM, then the pod is gone, at the end of its grace period at the latest.
    private mutating func endPod(_ pod: Kubernetes.Pod, isRecorded: Bool) {
        let key = pod.key
        if var runtime = runtimes[key] {
            noteKilling(of: pod, &runtime)
            runtimes[key] = runtime
        }
        if PodScript(pod).isHeld { return }
        if isRecorded, recordedTerminations.contains(pod.metadata.uid) { return }
        let deadline = pod.metadata.deletionTimestamp ?? now
        let asked = Self.askedToEnd(pod, by: deadline).microseconds
        let wanted = max(Self.preStopSeconds(of: pod) + (PodScript(pod).stopSeconds ?? kubelet.stop), 0)
        let end = min(deadline, Kubernetes.Time(microseconds: asked + Int64(min(wanted, 1e9) * 1_000_000)))
        guard now >= end else {
            if var runtime = runtimes[key] {
                // Readiness goes on being probed while the pod ends.
                runContainers(of: pod, script: PodScript(pod), &runtime)
                writeStatus(of: pod, script: PodScript(pod), &runtime)
                runtimes[key] = runtime
            }
            wake(.kubelet, key, at: end, isProgress: true)
            return
        }
        guard isReachableAPI else {
            stopContainers(of: pod)
            return
        }
        // Somebody wants to see how it ended before it is gone.
        if pod.metadata.finalizers.isEmpty { removePod(key) } else if !pod.isFinished { stopContainers(of: pod, exitCode: 143) }
    }

    /// When an ending pod's containers get SIGTERM: after the preStop hooks, at the end of the grace period at the
    /// latest. `nil` while nobody has deleted it.
    public func signalTime(of pod: Kubernetes.Pod) -> Kubernetes.Time? {
        guard pod.metadata.isTerminating, let deadline = pod.metadata.deletionTimestamp, !PodScript(pod).isHeld else {
            return nil
        }
        let asked = Self.askedToEnd(pod, by: deadline).microseconds
        let hooks = min(max(Self.preStopSeconds(of: pod), 0), 1e9)
        return min(deadline, Kubernetes.Time(microseconds: asked + Int64(hooks * 1_000_000)))
    }

    /// When somebody deleted a pod that has to be gone by then.
    private static func askedToEnd(_ pod: Kubernetes.Pod, by deadline: Kubernetes.Time) -> Kubernetes.Time {
        deadline.adding(seconds: -max(pod.metadata.deletionGracePeriodSeconds ?? 30, 0))
    }

    /// The longest preStop hook: a `sleep` action, or an `exec` of a sleep command.
    static func preStopSeconds(of pod: Kubernetes.Pod) -> Double {
        pod.spec.containers.map { container -> Double in
            guard let hook = container.lifecycle?.preStop else { return 0 }
            if let sleep = hook.sleep { return Double(sleep.seconds) }
            guard let command = hook.exec?.command else { return 0 }
            let words = command.flatMap { $0.split(whereSeparator: { $0 == " " || $0 == ";" }) }
            guard let index = words.firstIndex(where: { $0 == "sleep" || $0.hasSuffix("/sleep") }),
                index + 1 < words.count
            else { return 0 }
            return Double(words[index + 1]) ?? 0
        }.max() ?? 0
    }

    mutating func podRemoved(_ key: ObjectKey) { runtimes[key] = nil }
}
