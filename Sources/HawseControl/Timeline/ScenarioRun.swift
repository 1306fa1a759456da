import HawseModel

/// A scenario under way: the cluster at each moment where something happened.
public struct ScenarioRun: Sendable {
    public private(set) var state: ClusterState
    public let scenario: Scenario
    public private(set) var problems: [ManifestDiagnostic] = []
    /// When the scenario's clock read zero.
    public let start: Kubernetes.Time
    /// Steps taken so far: the first of the scenario's.
    public private(set) var next = 0
    private var seen: Int64
    private var told = 0

    public init(_ scenario: Scenario, state: ClusterState) {
        self.scenario = scenario
        self.state = state
        start = state.now
        seen = state.store.revision
    }

    /// What has changed in the store since the last call; the first call tells of nothing older than the run.
    public mutating func takeEvents() -> [WatchEvent] {
        let events = Array(state.store.events(after: seen))
        seen = state.store.revision
        state.watchedRevision = seen
        return events
    }

    /// What has been refused since the last call.
    public mutating func takeProblems() -> ArraySlice<ManifestDiagnostic> {
        defer { told = problems.count }
        return problems[told...]
    }

    /// Probes by packets: see `ClusterState`.
    public mutating func beginPacketProbes() { state.beginPacketProbes() }
    public mutating func takeProbeRequests() -> [ProbeRequest] { state.takeProbeRequests() }
    public mutating func report(_ request: ProbeRequest, succeeded: Bool) { state.report(request, succeeded: succeeded) }

    /// Keeps changes for `takeEvents`.
    public mutating func watch() {
        seen = state.store.revision
        state.watchedRevision = seen
    }

    /// Keeps whole objects of a kind, as they are after each change, for `takeChanges`.
    mutating func watch(objectsOf kind: String) { state.store.watchedKind = kind }
    mutating func takeChanges() -> [ObjectChange] { state.store.takeChanges() }

    public var nextStep: ScenarioStep? { next < scenario.steps.count ? scenario.steps[next] : nil }

    private func time(_ seconds: Double) -> Kubernetes.Time {
        Kubernetes.Time(microseconds: start.microseconds + Int64((seconds * 1_000_000).rounded()))
    }

    /// Seconds since the start.
    public var elapsed: Double { seconds(to: state.now) }

    /// Lets time pass up to a moment and takes every step that falls due on the way.
    public mutating func advance(to seconds: Double) {
        while let step = nextStep, step.at <= seconds { takeStep() }
        state.advance(to: time(seconds))
    }

    /// Advances to the next step and takes it; false at the end.
    @discardableResult
    public mutating func takeStep() -> Bool {
        guard let step = nextStep else { return false }
        next += 1
        state.advance(to: max(time(step.at), state.now))
        for problem in state.perform(step.action) {
            problems.append(
                ManifestDiagnostic(
                    severity: .error, file: scenario.file, mark: step.mark, field: step.label, message: problem.message))
        }
        state.reconcile()
        return true
    }

    /// Seconds from the start to a moment of the cluster's clock.
    public func seconds(to time: Kubernetes.Time) -> Double { Double(time.microseconds - start.microseconds) / 1_000_000 }

    /// The next moment of work that comes to an end by itself (starting containers, graceful ends), in seconds from the start.
    public var nextProgress: Double? { state.timers.nextProgress().map { seconds(to: $0) } }

    /// The next moment at which something happens, a step or work of the cluster's own, in seconds from the start.
    public var nextMoment: Double? {
        let own = state.nextTimer.map { seconds(to: $0) }
        switch (own, nextStep?.at) {
        case (let a?, let b?): return min(a, b)
        case (let a, let b): return a ?? b
        }
    }
}

extension ClusterState {
    /// The time of the next thing that the cluster does by itself.
    public var nextTimer: Kubernetes.Time? { timers.next?.time }

    /// Does what a scenario's step says; what the API server refuses is returned.
    public mutating func perform(_ action: ScenarioAction) -> [StatusError] {
        if case .apiServer(let isReachable) = action {
            isReachableAPI = isReachable
            note(
                isReachable ? "APIServerReachable" : "APIServerUnreachable", "", kind: "Cluster",
                key: ObjectKey(name: "apiserver"))
            if isReachable { catchUp() }
            return []
        }
        if !isReachableAPI, action.needsAPI {
            return [
                StatusError(
                    code: 0, reason: "Unreachable",
                    message: "The connection to the server \(configuration.apiServerAddress):\(configuration.apiServerPort) was refused")
            ]
        }
        do throws(StatusError) { return try performReachable(action) } catch { return [error] }
    }

    private mutating func performReachable(_ action: ScenarioAction) throws(StatusError) -> [StatusError] {
        switch action {
        case .apply(let objects):
            var refusals: [StatusError] = []
            for object in objects {
                do throws(StatusError) { try apply(object) } catch { refusals.append(error) }
            }
            return refusals
        case .delete(let kind, let key): try delete(kind: kind, kind == "Pod" ? pod(key) { !$0.metadata.isTerminating } : key)
        case .scale(let kind, let key, let replicas): try scale(kind, key, to: replicas)
        case .patch(let kind, let key, let merge): try patch(kind: kind, key, merge)
        case .rollBack(let key, let revision): try rollBack(key, toRevision: revision)
        case .fail(let key): try setAnswering(pod(key) { !silentPods.contains($0.key) && $0.isReady }, false)
        case .recover(let key): try setAnswering(pod(key) { silentPods.contains($0.key) }, nil)
        case .crash(let key): try crash(pod(key) { $0.status.phase == "Running" })
        case .cordon(let name): try setUnschedulable(name, true)
        case .uncordon(let name): try setUnschedulable(name, false)
        case .drain(let name): try drain(name)
        case .stopNode(let name): try stopNode(name)
        case .startNode(let name): try startNode(name)
        case .metrics(let key, let metrics): setMetrics(metrics, ofAutoscaler: key)
        case .apiServer, .observe: break
        }
        return []
    }

    /// The pod that a step means: of a name that ends in `*` the oldest one that begins so and fits, since a controller's
    /// pods have names that nobody knows beforehand.
    private func pod(_ key: ObjectKey, where fits: (Kubernetes.Pod) -> Bool) -> ObjectKey {
        guard key.name.hasSuffix("*") else { return key }
        let stem = key.name.dropLast()
        return store.pods.inNamespace(key.namespace).first { $0.metadata.name.hasPrefix(stem) && fits($0) }?.key ?? key
    }

    private mutating func patch(kind: String, _ key: ObjectKey, _ merge: ManifestNode) throws(StatusError) {
        guard let type = Kubernetes.kinds.first(where: { $0.kind == kind }) as? any StoredKind.Type else {
            throw StatusError.notFound(kind.lowercased(), key.name)
        }
        try patch(type, key, merge)
    }

    /// Whether a pod's process answers: nil leaves it to the pod's script.
    private mutating func setAnswering(_ key: ObjectKey, _ answers: Bool?) throws(StatusError) {
        guard let pod = store.pods[key] else { throw StatusError.notFound("pods", key.name) }
        if answers == false { silentPods.insert(key) } else { silentPods.remove(key) }
        if runtimes[key] == nil { runtimes[key] = adoptedRuntime(pod) }
        var runtime = runtimes[key] ?? PodRuntime()
        for container in pod.spec.containers {
            var state = runtime.containers[container.name] ?? ContainerRuntime()
            state.probesSucceed = answers
            state.livenessSucceeds = answers
            // The probes' own rhythm goes on: the next look is a period away at most.
            if let probe = container.readinessProbe { state.readiness.next = later(by: probe.periodSeconds) }
            if let probe = container.livenessProbe { state.liveness.next = later(by: probe.periodSeconds) }
            runtime.containers[container.name] = state
        }
        runtimes[key] = runtime
        queues.add(key, to: .kubelet)
    }

    private func later(by seconds: Int) -> Kubernetes.Time {
        Kubernetes.Time(microseconds: now.microseconds + Int64(max(1, seconds)) * 1_000_000)
    }

    private mutating func crash(_ key: ObjectKey) throws(StatusError) {
        guard let pod = store.pods[key] else { throw StatusError.notFound("pods", key.name) }
        if runtimes[key] == nil { runtimes[key] = adoptedRuntime(pod) }
        for container in pod.spec.containers {
            runtimes[key]?.containers[container.name]?.finishedAt = now
            runtimes[key]?.containers[container.name]?.exitCode = 1
            if pod.spec.restartPolicy != "Never", let state = runtimes[key]?.containers[container.name] {
                // The kubelet hears of it within a second.
                runtimes[key]?.containers[container.name]?.restartAt = max(
                    state.dueAgain(now), Kubernetes.Time(microseconds: now.microseconds + 1_000_000))
            }
        }
        queues.add(key, to: .kubelet)
        note("Crashed", "the containers exited with 1", kind: "Pod", key: key)
    }

    /// What a kubelet would know of a pod that runs already when the input is read.
    func adoptedRuntime(_ pod: Kubernetes.Pod) -> PodRuntime {
        var runtime = PodRuntime()
        runtime.started = pod.status.startTime ?? now
        for container in pod.spec.containers {
            var state = ContainerRuntime()
            state.startedAt = runtime.started
            state.restarts = pod.status.containerStatuses.first { $0.name == container.name }?.restartCount ?? 0
            state.probeOrigin = runtime.started
            state.readiness.passed = pod.isReady
            state.liveness.passed = true
            state.startup.passed = true
            runtime.containers[container.name] = state
        }
        return runtime
    }

    /// What a pod's process is to its clients at the moment. What the API says of the pod may lag behind this.
    public enum ProcessState: Hashable, Sendable {
        /// Not started yet, or the machine is off.
        case absent
        case serving
        /// It runs, and answers nobody.
        case silent
        /// SIGTERM has come: nothing new is accepted.
        case stopping
        /// It has exited; the pod's network is still there.
        case exited
    }

    public func processState(_ key: ObjectKey) -> ProcessState {
        guard let pod = podOnItsNode(key), stoppedNodes[pod.spec.nodeName] == nil else { return .absent }
        if pod.isFinished { return .exited }
        guard pod.status.phase == "Running" else { return .absent }
        if let runtime = runtimes[key], runtime.started != nil {
            let states = pod.spec.containers.map { runtime.containers[$0.name] ?? ContainerRuntime() }
            if states.contains(where: { $0.finishedAt != nil }) { return .exited }
            if states.contains(where: { $0.startedAt == nil }) { return .absent }
        }
        if let signal = signalTime(of: pod), signal <= now { return .stopping }
        return silentPods.contains(key) ? .silent : .serving
    }

    /// Whether a pod's process would answer a client now: running, not hanging, its node up.
    public func isAnswering(_ key: ObjectKey) -> Bool {
        let process = processState(key)
        return process == .serving || process == .stopping
    }
}

extension ScenarioAction {
    /// Whether it goes through the API server; what happens to machines and processes does not.
    var needsAPI: Bool {
        switch self {
        case .fail, .recover, .crash, .stopNode, .startNode, .apiServer, .observe, .metrics: false
        default: true
        }
    }
}
