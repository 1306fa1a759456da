import HawseControl
import HawseModel
import HawseWire

/// A kubelet's question under way.
struct RunningProbe {
    var session: ClientSession?
    var tuple: FlowTuple
    var node: Int
    var report: (Bool) -> Void
}

/// Kubelets' tcp and http probes: connections from the node to the pod, through that node's dataplane.
extension ApplicationRun {
    /// Starts a probe; `report` is called once, with the answer or when its time is over.
    func probe(_ request: ProbeRequest, from index: Int, to address: IPAddress, report: @escaping (Bool) -> Void) {
        guard !cluster.nodes[index].isGone,
            let source = cluster.nodes[index].dataplane.sourceAddress(to: address)
        else { return report(false) }
        probeCount += 1
        let id = -probeCount
        var session: ClientSession?
        if let path = request.path {
            session = ClientSession(
                kind: .http, host: address.description(port: request.port), path: path, size: 0, requests: 1)
        }
        let tuple = host(.node(index)).connect(
            client: id, from: source, to: address, port: request.port, at: cluster.now)
        probes[id] = RunningProbe(session: session, tuple: tuple, node: index, report: report)
        cluster.schedule(at: cluster.now + request.timeout) { [weak self] in
            guard let self, let probe = probes[id] else { return }
            settleProbe(id, false)
            host(.node(probe.node)).abort(probe.tuple, at: cluster.now)
            flush(.node(probe.node))
        }
        flush(.node(index))
    }

    private func settleProbe(_ id: Int, _ succeeded: Bool) { probes.removeValue(forKey: id)?.report(succeeded) }

    func heardProbe(_ id: Int, _ news: ApplicationHost.ClientNews, _ now: Instant) {
        guard var probe = probes[id] else { return }
        let host = host(.node(probe.node))
        switch news {
        case .connected:
            if var session = probe.session {
                host.send(session.request(), on: probe.tuple, at: now)
                probe.session = session
                probes[id] = probe
            } else {
                host.close(probe.tuple, at: now)
                settleProbe(id, true)
            }
        case .bytes(let bytes):
            guard var session = probe.session else { return }
            let isWhole = session.step(bytes)
            probe.session = session
            probes[id] = probe
            if isWhole {
                host.close(probe.tuple, at: now)
                settleProbe(id, !session.isWrong)
            }
        case .ended: settleProbe(id, false)
        }
    }
}
