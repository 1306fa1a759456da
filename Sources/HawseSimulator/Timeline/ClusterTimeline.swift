import HawseControl
import HawseDataplane
import HawseModel
import HawseWire

/// A cluster whose control plane runs while packets go through its nodes.
///
/// Three clocks are one: the steps of a scenario and what controllers and kubelets make of them, each node's kube-proxy
/// with its delays, and the frames on the wires. Kubelets' probes are connections through the nodes like any other.
public final class ClusterTimeline {
    public let cluster: Cluster
    /// Servers in pods, clients, probes.
    public let apps: ApplicationRun
    public let mode: ProxyMode
    public let network: NetworkScenario
    public let timing: TimelineTiming
    public private(set) var disruptions: [Disruption] = []
    /// When each step that has been taken was taken.
    public private(set) var stepTimes: [Instant] = []
    /// What the API server refused, what found no place.
    public private(set) var problems: [String] = []
    /// UDP flows that proxies have deleted as stale, by node.
    public private(set) var staleFlows: [String: Int] = [:]
    var control: ScenarioRun
    var places: PodPlaces
    var processes: [ObjectKey: PodProcess] = [:]
    /// The last pod of a place that is free again.
    var departed: [Int: String] = [:]
    private var proxies: [NodeProxy] = []
    private var sliceOwners: [ObjectKey: ObjectKey] = [:]
    private var plannedTick: Instant?
    private var stopped: Set<String> = []
    private var isAPIReachable = true
    private let origin: Instant

    public var steps: [ScenarioStep] { control.scenario.steps }
    /// The control plane as it is now.
    public var state: ClusterState { control.state }

    /// `network` and `steps` are the two parts of one scenario file. The clock begins at `origin`.
    public init(
        _ builder: ClusterBuilder, network: NetworkScenario, steps: Scenario, origin: Instant, entryNode: Int = 0,
        seed: UInt64 = 0
    ) throws {
        try builder.checkMode()
        self.network = network
        self.origin = origin
        timing = network.timing
        mode = builder.effectiveMode
        var state = builder.state
        state.kubelet.start = network.timing.podStart
        state.kubelet.stop = network.timing.podStop
        let seconds = Double(network.duration) / 1e9
        var plan = try builder.plan()
        places = PodPlaces(&plan, peaks: PodPlaces.peaks(steps, state: state, seconds: seconds))
        let objects = builder.proxyObjects
        let proxies = plan.nodes.indices.map { builder.proxy($0, plan, objects) }
        let fixed = plan
        cluster = Cluster(plan, seed: builder.seed) { index, positions in
            builder.spec(index, fixed, positions, proxies[index].state())
        }
        try cluster.buildAll()
        cluster.advance(to: origin)
        apps = ApplicationRun(cluster, seed: network.seed ?? seed)
        apps.entryNode = entryNode
        apps.runsOn = true
        control = ScenarioRun(steps, state: state)
        for slice in state.store.list(Kubernetes.EndpointSlice.self) {
            sliceOwners[slice.key] = slice.serviceName.map { ObjectKey(namespace: slice.metadata.namespace, name: $0) }
        }
        self.proxies = proxies.indices.map { index in
            NodeProxy(
                proxies[index], node: index, cluster: cluster, timing: timing,
                cleansConntrack: network.cleansConntrack, seed: seed)
        }
    }

    /// Sets everything going: servers, probes, proxies, faults and clients.
    public func begin() {
        for proxy in proxies {
            let name = cluster.plan.nodes[proxy.index].name
            if mode == .userspace { proxy.relay = UserspaceRelay(apps, node: proxy.index) }
            proxy.onSync = { [unowned self] time, flows in
                staleFlows[name, default: 0] += flows
                note(.synced, name, at: time)
            }
            proxy.onFailure = { [unowned self] error in problems.append("\(name): \(error)") }
            proxy.begin()
        }
        control.watch()
        if network.probesArePackets { control.beginPacketProbes() }
        for (number, pod) in cluster.plan.pods.enumerated() where !pod.name.isEmpty {
            adopt(pod, at: number)
        }
        cluster.schedule(network.faults, from: origin)
        for client in network.clients { apps.add(client, from: origin) }
        follow()
    }

    /// Lets everything run to the end of the scenario.
    public func run() {
        begin()
        apps.run(until: origin + network.duration)
    }

    // MARK: the control plane's clock

    private func instant(_ seconds: Double) -> Instant {
        // Thirty years are beyond every scenario's end.
        origin + Int64((min(seconds, 1e9) * 1_000_000).rounded()) * 1000
    }

    /// Seconds since the beginning, in whole microseconds as the control plane has them.
    var elapsed: Double { Double((cluster.now - origin) / 1000) / 1_000_000 }

    private func tick() {
        plannedTick = nil
        control.advance(to: max(elapsed, control.elapsed))
        follow()
    }

    /// Something has happened in the control plane: its consequences outside, and when to look again.
    func follow() {
        let isNewStep = control.next > stepTimes.count
        while stepTimes.count < control.next { stepTimes.append(cluster.now) }
        for problem in control.takeProblems() { problems.append("\(problem)") }
        if isNewStep { followMachines() }
        let touched = hear()
        // Kubelets that cannot report leave no trace in the store: every pod is looked at.
        let looksAtAll = isNewStep || !control.state.isReachableAPI
        for key in looksAtAll ? Set(control.state.store.pods.keys).union(touched).union(processes.keys).sorted() : touched.sorted() {
            follow(pod: key)
        }
        for request in control.takeProbeRequests() { carryOut(request) }
        guard let next = control.nextMoment else { return }
        // Never at this very instant again: a moment that has not come by now is at least a microsecond away.
        let due = max(instant(next), cluster.now + 1000)
        if let planned = plannedTick, planned <= due { return }
        plannedTick = due
        cluster.schedule(at: due) { [weak self] in
            guard let self, plannedTick == due else { return }
            tick()
        }
    }

    /// Hands changes of Services and slices to the proxies; returns the pods that have changed.
    private func hear() -> Set<ObjectKey> {
        var pods: Set<ObjectKey> = []
        for event in control.takeEvents() {
            switch event.kind {
            case "Pod": pods.insert(event.key)
            case "Service":
                let service = control.state.store.get(Kubernetes.Service.self, event.key)
                for proxy in proxies { proxy.hear(.service(event.key, service)) }
            case "EndpointSlice":
                let slice = control.state.store.get(Kubernetes.EndpointSlice.self, event.key)
                let owner = sliceOwners[event.key]
                sliceOwners[event.key] = slice.flatMap { slice in
                    slice.serviceName.map { ObjectKey(namespace: slice.metadata.namespace, name: $0) }
                }
                for proxy in proxies { proxy.hear(.slice(event.key, slice, owner: owner)) }
            case "Node":
                guard let node = control.state.store.get(Kubernetes.Node.self, event.key) else { break }
                for proxy in proxies where proxy.proxy.node.name == event.key.name && proxy.zone != node.metadata.labels[ProxyNode.zoneLabel] {
                    proxy.hear(.labels(node.metadata.labels))
                }
            default: break
            }
        }
        return pods
    }

    /// Machines that a step has switched off or on, and whether anybody reaches the API server.
    private func followMachines() {
        for (index, node) in cluster.plan.nodes.enumerated() {
            let isOff = control.state.isStopped(node: node.name)
            guard isOff != stopped.contains(node.name) else { continue }
            if isOff {
                stopped.insert(node.name)
                cluster.switchOff(node: index)
                note(.nodeStopped, node.name)
            } else {
                stopped.remove(node.name)
                cluster.switchOn(node: index)
                proxies[index].restart()
                note(.nodeStarted, node.name)
            }
        }
        if control.state.isReachableAPI != isAPIReachable {
            isAPIReachable = control.state.isReachableAPI
            note(.apiServer, isAPIReachable ? "reachable" : "unreachable")
        }
    }

    func note(_ kind: Disruption.Kind, _ subject: String, at time: Instant? = nil) {
        disruptions.append(
            Disruption(time: time ?? cluster.now, kind: kind, subject: subject, step: currentStep))
    }

    /// The last step that did something.
    private var currentStep: Int? {
        stepTimes.indices.last { number in
            if case .observe = steps[number].action { return false }
            return true
        }
    }

    func report(_ problem: String) { problems.append(problem) }

    // MARK: probes

    private func carryOut(_ request: ProbeRequest) {
        guard let process = processes[request.pod], let index = cluster.positions.node(named: process.node),
            let address = IPAddress(request.host) ?? cluster.plan.pods[process.place].addresses.first
        else { return answer(request, false) }
        apps.probe(request, from: index, to: address) { [weak self] succeeded in self?.answer(request, succeeded) }
    }

    private func answer(_ request: ProbeRequest, _ succeeded: Bool) {
        // Whoever reports is in the middle of something: what follows comes after it.
        cluster.schedule(at: cluster.now) { [weak self] in
            guard let self else { return }
            control.advance(to: max(elapsed, control.elapsed))
            control.report(request, succeeded: succeeded)
            follow()
        }
    }
}
