import HawseControl
import HawseModel
import HawseWire

/// A pod as its network and its process are, beside what the API says of it.
struct PodProcess {
    var uid: String
    var node: String
    /// Its number in the cluster's plan.
    var place: Int
    var isHostNetwork: Bool
    var state = ClusterState.ProcessState.absent
    /// The process's life: a server that was to start in an earlier one does not.
    var life = 0
}

extension ClusterTimeline {
    /// A pod that was there from the beginning, with its servers listening.
    func adopt(_ pod: ClusterPlan.Pod, at place: Int) {
        let key = ObjectKey(namespace: pod.namespace, name: pod.name)
        let uid = control.state.store.pods[key]?.metadata.uid ?? ""
        processes[key] = PodProcess(uid: uid, node: pod.node, place: place, isHostNetwork: pod.isHostNetwork)
        let state = control.state.processState(key)
        guard state == .serving || state == .silent || state == .stopping else { return }
        processes[key]?.state = .serving
        listen(key, isStarting: false)
    }

    /// Brings a pod's network and process to where the control plane has them.
    func follow(pod key: ObjectKey) {
        let pod = control.state.podOnItsNode(key)
        if let known = processes[key], pod?.metadata.uid != known.uid { leave(key, known) }
        guard let pod else { return }
        if processes[key] == nil, !pod.isFinished, !settle(pod) { return }
        guard let known = processes[key] else { return }
        if let signal = control.state.signalTime(of: pod), signal > control.state.now { lookAgain(key, at: signal) }
        let state = control.state.processState(key)
        guard state != known.state else { return }
        processes[key]?.state = state
        change(key, from: known.state, to: state)
    }

    /// At SIGTERM nothing changes in the API: the process is looked at when its time has come.
    private func lookAgain(_ key: ObjectKey, at signal: Kubernetes.Time) {
        let seconds = control.seconds(to: signal)
        let due = cluster.now + max(1, Int64(((seconds - elapsed) * 1e6).rounded(.up))) * 1000
        cluster.schedule(at: due) { [weak self] in
            guard let self, let known = processes[key], known.state != .stopping else { return }
            control.advance(to: max(elapsed, control.elapsed))
            follow()
            follow(pod: key)
        }
    }

    /// Gives a pod that has got its addresses a place; false while it has none.
    private func settle(_ pod: Kubernetes.Pod) -> Bool {
        let addresses = pod.status.podIPs.compactMap { IPAddress($0.ip) }
        guard !addresses.isEmpty, !pod.spec.nodeName.isEmpty else { return false }
        let planned = ClusterPlan.Pod(
            namespace: pod.metadata.namespace, name: pod.metadata.name, node: pod.spec.nodeName, addresses: addresses,
            isHostNetwork: pod.spec.hostNetwork)
        let place: Int
        if pod.spec.hostNetwork {
            place = cluster.addHostPod(planned)
        } else if let free = places.take(on: pod.spec.nodeName) {
            place = free
            cluster.setPod(planned, at: free)
        } else {
            report("\(pod.key): no veth pair is left on \(pod.spec.nodeName), the pod has no network")
            return false
        }
        processes[pod.key] = PodProcess(
            uid: pod.metadata.uid, node: pod.spec.nodeName, place: place, isHostNetwork: pod.spec.hostNetwork)
        return true
    }

    private func change(
        _ key: ObjectKey, from old: ClusterState.ProcessState, to new: ClusterState.ProcessState
    ) {
        guard let process = processes[key] else { return }
        let host = apps.host(apps.hostKey(ofPod: process.place))
        switch new {
        case .serving:
            if old == .silent {
                host.setSilent(false, process.place, at: cluster.now)
            } else if old != .serving {
                listen(key, isStarting: true)
            }
            note(.started, key.description)
        case .silent:
            if old != .serving { listen(key, isStarting: true) }
            host.setSilent(true, process.place, at: cluster.now)
            note(.silent, key.description)
        case .stopping:
            processes[key]?.life += 1
            host.terminate(process.place, at: cluster.now)
            note(.stopping, key.description)
        case .exited:
            processes[key]?.life += 1
            host.kill(process.place, at: cluster.now)
            note(.exited, key.description)
        case .absent:
            // The machine is off: nobody says goodbye.
            processes[key]?.life += 1
            if process.isHostNetwork {
                host.kill(process.place, at: cluster.now)
            } else {
                apps.removeHost(.pod(process.place))
            }
        }
        apps.flush(apps.hostKey(ofPod: process.place))
    }

    /// A pod has gone from the API: its process has ended, and its network goes a little later.
    private func leave(_ key: ObjectKey, _ process: PodProcess) {
        processes[key] = nil
        let hostKey = apps.hostKey(ofPod: process.place)
        if process.state != .exited {
            apps.host(hostKey).kill(process.place, at: cluster.now)
            apps.flush(hostKey)
            note(.exited, key.description)
        }
        guard !process.isHostNetwork else { return }
        cluster.schedule(at: cluster.now + timing.teardown) { [weak self] in
            guard let self else { return }
            apps.removeHost(hostKey)
            departed[process.place] = key.description
            cluster.setPod(
                ClusterPlan.Pod(namespace: "", name: "", node: process.node, addresses: []), at: process.place)
            places.give(back: process.place, on: process.node)
            note(.gone, key.description)
        }
    }

    /// Starts a pod's servers: those that the scenario gives it, or else one for each of its containers' ports; and one
    /// that answers probes where nothing listens on their port.
    private func listen(_ key: ObjectKey, isStarting: Bool) {
        guard let process = processes[key], let pod = control.state.store.pods[key] else { return }
        let host = apps.host(apps.hostKey(ofPod: process.place))
        host.names[process.place] = key.description
        let name = key.description
        var servers = network.serverRules.filter { $0.matches(name) }.map(\.application)
        let isGiven = !servers.isEmpty
        // A probe's server comes up with the pod's own.
        let start = servers.map(\.start).max() ?? 0
        for container in pod.spec.containers {
            if !isGiven {
                for port in container.ports {
                    guard let number = UInt16(exactly: port.containerPort), number > 0 else { continue }
                    let isUDP = port.protocol == .udp
                    guard isUDP || port.protocol != .sctp else { continue }
                    servers.append(ServerApplication(kind: isUDP ? .udpName : .http, port: number))
                }
            }
            for port in container.probePorts where !servers.contains(where: { $0.port == port && !$0.kind.isDatagram }) {
                var server = ServerApplication(kind: .http, port: port)
                server.start = start
                servers.append(server)
            }
        }
        for server in servers {
            guard isStarting, server.start > 0 else {
                host.listen(server, owner: process.place)
                continue
            }
            let life = process.life
            cluster.schedule(at: cluster.now + server.start) { [weak self] in
                guard let self, let present = processes[key], present.uid == process.uid, present.life == life else { return }
                host.listen(server, owner: present.place)
            }
        }
    }

    /// Whether the pod at a place answers now, and is still the one it was (`uid`).
    func isServing(_ place: Int, _ uid: String?) -> Bool {
        guard let process = process(at: place) else { return false }
        return (uid == nil || process.uid == uid) && (process.state == .serving || uid != nil && process.state == .stopping)
    }

    func uid(ofPod place: Int) -> String { process(at: place)?.uid ?? "" }

    private func process(at place: Int) -> PodProcess? {
        let pod = cluster.plan.pods[place]
        return processes[ObjectKey(namespace: pod.namespace, name: pod.name)].flatMap { $0.place == place ? $0 : nil }
    }

    /// The pod that has left a place last.
    func lastName(ofPlace place: Int) -> String { departed[place] ?? "" }

    /// Conversations that went to another server than the one before, of clients whose Service has affinity.
    var movedByAffinity: Set<Int> {
        var moved: Set<Int> = []
        for client in network.clients where client.hasAffinity {
            var last = ""
            for (number, result) in apps.results.enumerated() where result.client == client.name && !result.server.isEmpty {
                if !last.isEmpty, result.servers.first != last { moved.insert(number) }
                last = result.server
            }
        }
        return moved
    }
}
