/// A probe that is due and that somebody outside carries out with packets: tcp and http ones.
public struct ProbeRequest: Hashable, Sendable {
    public enum Purpose: String, Hashable, Sendable, CaseIterable { case startup, readiness, liveness }

    public var pod: ObjectKey
    public var container: String
    public var purpose: Purpose
    /// The container's own address is asked unless the probe names a host.
    public var host: String
    public var port: UInt16
    /// `nil`: that a connection is made is enough.
    public var path: String?
    /// Nanoseconds to the answer.
    public var timeout: Int64
    /// The container's life that was asked: an answer about an earlier one counts for nothing.
    var startedAt: Kubernetes.Time?
}

extension Kubernetes.Probe {
    /// The port that a tcp or http probe asks, its name looked up among the container's ports; `nil`: no such probe.
    func port(of container: Kubernetes.Container) -> UInt16? {
        guard let value = httpGet?.port ?? tcpSocket?.port else { return nil }
        switch value {
        case .int(let number): return UInt16(exactly: number)
        case .string(let name):
            return container.ports.first { $0.name == name }.flatMap { UInt16(exactly: $0.containerPort) }
        }
    }

    func request(
        _ purpose: ProbeRequest.Purpose, of container: Kubernetes.Container, pod: ObjectKey, startedAt: Kubernetes.Time?
    ) -> ProbeRequest? {
        guard httpGet != nil || tcpSocket != nil, let port = port(of: container), port > 0 else { return nil }
        return ProbeRequest(
            pod: pod, container: container.name, purpose: purpose, host: httpGet?.host ?? tcpSocket?.host ?? "",
            port: port, path: httpGet.map { $0.path.isEmpty ? "/" : $0.path },
            timeout: Int64(max(1, min(timeoutSeconds, 1_000_000))) * 1_000_000_000, startedAt: startedAt)
    }
}

extension ContainerRuntime {
    subscript(probe purpose: ProbeRequest.Purpose) -> ProbeRuntime {
        get {
            switch purpose {
            case .startup: startup
            case .readiness: readiness
            case .liveness: liveness
            }
        }
        set {
            switch purpose {
            case .startup: startup = newValue
            case .readiness: readiness = newValue
            case .liveness: liveness = newValue
            }
        }
    }
}

extension ClusterState {
    /// From now on tcp and http probes are asked for (`takeProbeRequests`) and their answers awaited
    /// (`report`). Pods that run already are probed on, each from a moment within its probe's period.
    public mutating func beginPacketProbes() {
        usesPacketProbes = true
        for pod in store.pods.all where pod.status.phase == "Running" && !pod.status.podIPs.isEmpty {
            if runtimes[pod.key] == nil { runtimes[pod.key] = adoptedRuntime(pod) }
            for container in pod.spec.containers {
                let started = runtimes[pod.key]?.containers[container.name]?.startedAt ?? now
                for purpose in ProbeRequest.Purpose.allCases {
                    guard let period = container.probe(purpose)?.periodSeconds else { continue }
                    // The phase that the container's start has given it.
                    let length = Int64(max(1, period)) * 1_000_000
                    let past = (now.microseconds - started.microseconds) % length
                    runtimes[pod.key]?.containers[container.name]?[probe: purpose].next = Kubernetes.Time(
                        microseconds: now.microseconds + (past <= 0 ? 0 : length - past))
                }
            }
            queues.add(pod.key, to: .kubelet)
        }
        reconcile()
    }

    /// The probes that have fallen due since the last call.
    public mutating func takeProbeRequests() -> [ProbeRequest] {
        defer { probeRequests.removeAll() }
        return probeRequests
    }

    /// A probe's answer has come, or its time is over.
    public mutating func report(_ request: ProbeRequest, succeeded: Bool) {
        guard let pod = store.pods[request.pod], var state = runtimes[request.pod]?.containers[request.container],
            state.startedAt == request.startedAt, state.finishedAt == nil,
            let probe = pod.spec.containers.first(where: { $0.name == request.container })?.probe(request.purpose)
        else { return }
        var counters = state[probe: request.purpose]
        guard counters.isAsked else { return }
        counters.isAsked = false
        counters.count(succeeded, probe)
        if !succeeded { noteUnhealthy(request.purpose, probe, request.container, of: pod) }
        // The worker's ticker goes on at its own rhythm; ticks during a slow probe are lost.
        let period = Int64(max(1, probe.periodSeconds)) * 1_000_000
        var next = (counters.next ?? now).microseconds + period
        if next < now.microseconds { next += (now.microseconds - next + period - 1) / period * period }
        counters.next = Kubernetes.Time(microseconds: next)
        state[probe: request.purpose] = counters
        runtimes[request.pod]?.containers[request.container] = state
        queues.add(request.pod, to: .kubelet)
        reconcile()
    }
}

extension Kubernetes.Container {
    func probe(_ purpose: ProbeRequest.Purpose) -> Kubernetes.Probe? {
        switch purpose {
        case .startup: startupProbe
        case .readiness: readinessProbe
        case .liveness: livenessProbe
        }
    }

    /// TCP ports that probes ask.
    public var probePorts: [UInt16] {
        var ports: [UInt16] = []
        for probe in [startupProbe, readinessProbe, livenessProbe] {
            if let port = probe?.port(of: self), port > 0, !ports.contains(port) { ports.append(port) }
        }
        return ports
    }
}

extension ProbeRuntime {
    /// Counts one answer towards the thresholds.
    mutating func count(_ succeeded: Bool, _ probe: Kubernetes.Probe) {
        if succeeded {
            successes += 1
            failures = 0
            if successes >= max(1, probe.successThreshold) { passed = true }
        } else {
            failures += 1
            successes = 0
            if failures >= max(1, probe.failureThreshold) { passed = false }
        }
    }
}
