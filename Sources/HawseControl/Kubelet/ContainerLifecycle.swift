extension ClusterState {
    /// Moves a pod's containers on: init containers one after another, then all others together; ends, restarts,
    /// probes.
    mutating func runContainers(of pod: Kubernetes.Pod, script: PodScript, _ runtime: inout PodRuntime) {
        for container in pod.spec.initContainers {
            guard initDone(container, pod: pod, script: script, &runtime) else { return }
        }
        for container in pod.spec.containers {
            run(container, pod: pod, script: script, &runtime)
        }
    }

    /// Init containers end at once unless scripted; sidecars only have to have started.
    private mutating func initDone(
        _ container: Kubernetes.Container, pod: Kubernetes.Pod, script: PodScript, _ runtime: inout PodRuntime
    ) -> Bool {
        if container.restartPolicy == "Always" {
            run(container, pod: pod, script: script, &runtime)
            let state = runtime.containers[container.name]
            return container.startupProbe == nil ? state?.startedAt != nil : state?.startup.passed == true
        }
        var state = runtime.containers[container.name] ?? ContainerRuntime()
        if state.finishedAt == nil {
            state.startedAt = now
            state.finishedAt = now
            state.exitCode = 0
        }
        runtime.containers[container.name] = state
        return state.exitCode == 0
    }

    private mutating func run(
        _ container: Kubernetes.Container, pod: Kubernetes.Pod, script: PodScript, _ runtime: inout PodRuntime
    ) {
        var state = runtime.containers[container.name] ?? ContainerRuntime()
        defer { runtime.containers[container.name] = state }
        if state.startedAt == nil {
            state.probeOrigin = now
            start(&state)
        }
        if script.phase == "Succeeded" || script.phase == "Failed" {
            finish(&state, exitCode: script.phase == "Succeeded" ? 0 : script.exitCode == 0 ? 1 : script.exitCode)
            return
        }
        if let seconds = script.runSeconds, state.finishedAt == nil, let started = state.startedAt {
            let end = Kubernetes.Time(microseconds: started.microseconds + Int64(seconds * 1_000_000))
            if now >= end {
                finish(&state, exitCode: script.exitCode)
            } else {
                wake(.kubelet, pod.key, at: end, isProgress: pod.spec.restartPolicy != "Always")
            }
        }
        if state.finishedAt != nil {
            restart(&state, container, pod: pod)
            return
        }
        probe(container, pod: pod, script: script, &state)
    }

    private func start(_ state: inout ContainerRuntime) {
        state.startedAt = now
        state.finishedAt = nil
        state.exitCode = nil
        state.restartAt = nil
        state.readiness = ProbeRuntime()
        state.liveness = ProbeRuntime()
        state.liveness.passed = true
        state.startup = ProbeRuntime()
    }

    private func finish(_ state: inout ContainerRuntime, exitCode: Int) {
        guard state.finishedAt == nil else { return }
        state.finishedAt = now
        state.exitCode = exitCode
    }

    /// A finished container starts again as the policy has it, ever later.
    private mutating func restart(_ state: inout ContainerRuntime, _ container: Kubernetes.Container, pod: Kubernetes.Pod) {
        let policy = pod.spec.restartPolicy
        guard policy == "Always" || policy == "OnFailure" && state.exitCode != 0, !pod.metadata.isTerminating else {
            return
        }
        if state.restartAt == nil {
            state.restartAt = state.dueAgain(now)
            if state.wait > 0 {
                let message = "Back-off restarting failed container \(container.name) in pod \(PodStatusWriter.name(of: pod))"
                note("BackOff", message, container: container.name, of: pod)
            }
        }
        guard let due = state.restartAt else { return }
        if now >= due {
            state.restarts += 1
            state.last = PodStatusWriter.terminated(state)
            state.renewBackoff(at: now)
            start(&state)
            wake(.kubelet, pod.key, inSeconds: 0.001, isProgress: false)
        } else {
            wake(.kubelet, pod.key, at: due, isProgress: false)
        }
    }

    /// Startup first; liveness and readiness only after it has passed.
    private mutating func probe(
        _ container: Kubernetes.Container, pod: Kubernetes.Pod, script: PodScript, _ state: inout ContainerRuntime
    ) {
        let succeeds = state.probesSucceed ?? script.isReady
        if let startup = container.startupProbe, !state.startup.passed {
            step(startup, .startup, container, &state, succeeds: succeeds, pod: pod)
            if state.startup.failures >= max(1, startup.failureThreshold), state.finishedAt == nil {
                finish(&state, exitCode: 137)
                noteRestart(of: container.name, in: pod, failed: .startup)
                restart(&state, container, pod: pod)
            }
            if !state.startup.passed { return }
        }
        state.startup.passed = true
        if let readiness = container.readinessProbe {
            step(readiness, .readiness, container, &state, succeeds: succeeds, pod: pod)
        } else {
            // Nobody asks: a container that hangs without a readiness probe stays ready.
            state.readiness.passed = script.isReady
        }
        // A pod that ends is not restarted any more: only its readiness is of interest.
        guard let liveness = container.livenessProbe, !pod.metadata.isTerminating else { return }
        step(liveness, .liveness, container, &state, succeeds: state.livenessSucceeds ?? true, pod: pod)
        if state.liveness.failures >= max(1, liveness.failureThreshold) {
            finish(&state, exitCode: 137)
            noteRestart(of: container.name, in: pod, failed: .liveness)
            restart(&state, container, pod: pod)
        }
    }

    /// Runs a probe when it is due and counts towards its thresholds.
    private mutating func step(
        _ probe: Kubernetes.Probe, _ purpose: ProbeRequest.Purpose, _ container: Kubernetes.Container,
        _ runtime: inout ContainerRuntime, succeeds: Bool, pod: Kubernetes.Pod
    ) {
        var state = runtime[probe: purpose]
        defer { runtime[probe: purpose] = state }
        let period = Int64(max(1, probe.periodSeconds)) * 1_000_000
        if state.next == nil { state.next = firstLook(probe, purpose, container, runtime) }
        if usesPacketProbes,
            let request = probe.request(purpose, of: container, pod: pod.key, startedAt: runtime.startedAt)
        {
            ask(request, &state)
            return
        }
        while let due = state.next, due <= now {
            state.count(succeeds, probe)
            if !succeeds { noteUnhealthy(purpose, probe, container.name, of: pod) }
            let origin = runtime.probeOrigin?.microseconds ?? due.microseconds
            let passed = due.microseconds - origin
            state.next = Kubernetes.Time(microseconds: due.microseconds + period - (passed > 0 ? passed % period : 0))
            // A settled probe that keeps its answer has nothing more to say: no timer for ever.
            if succeeds == state.passed, succeeds || state.failures >= max(1, probe.failureThreshold) { break }
        }
        let isSettled = succeeds == state.passed && (succeeds || state.failures >= max(1, probe.failureThreshold))
        if !isSettled, let due = state.next { wake(.kubelet, pod.key, at: due, isProgress: succeeds) }
    }

    /// The first tick of a probe's worker at which its container has run for long enough. A container's readiness is looked
    /// at without waiting for a tick when it has started (`prober.worker`).
    private func firstLook(
        _ probe: Kubernetes.Probe, _ purpose: ProbeRequest.Purpose, _ container: Kubernetes.Container,
        _ runtime: ContainerRuntime
    ) -> Kubernetes.Time {
        let period = Int64(max(1, probe.periodSeconds)) * 1_000_000
        let started = runtime.startedAt?.microseconds ?? now.microseconds
        var first = started + Int64(max(0, probe.initialDelaySeconds)) * 1_000_000
        let isHeldUp = purpose != .startup && container.startupProbe != nil
        if purpose == .readiness, probe.initialDelaySeconds <= 0 || isHeldUp && first <= now.microseconds {
            return Kubernetes.Time(microseconds: max(first, now.microseconds))
        }
        // What waited for the start is not there before the next tick.
        if isHeldUp { first = max(first, now.microseconds + 1) }
        let origin = runtime.probeOrigin?.microseconds ?? started
        let ticks = max(0, first - origin + period - 1) / period
        return Kubernetes.Time(microseconds: origin + ticks * period)
    }

    /// A probe by packets: its answer comes by `report`.
    private mutating func ask(_ request: ProbeRequest, _ state: inout ProbeRuntime) {
        guard !state.isAsked, let due = state.next else { return }
        if due <= now {
            state.isAsked = true
            probeRequests.append(request)
        } else {
            wake(.kubelet, request.pod, at: due, isProgress: false)
        }
    }
}
