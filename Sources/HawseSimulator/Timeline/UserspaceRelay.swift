import HawseControl
import HawseModel
import HawseWire

/// kube-proxy's userspace mode on one node, as a process: it takes what the rules redirect to its sockets, connects to an
/// endpoint of its own choice, and carries the bytes. Endpoints take turns; one that does not answer is passed over.
final class UserspaceRelay {
    private unowned let run: ApplicationRun
    private let index: Int
    private let key: ApplicationRun.HostKey
    private var balancers: [UInt16: UserspaceBalancer] = [:]
    private var tcp: [FlowTuple: Leg] = [:]
    private var udp: [FlowTuple: Leg] = [:]

    /// One end of a conversation that goes through the proxy.
    private struct Leg {
        /// The other end; `nil` while an endpoint is being tried.
        var peer: FlowTuple?
        var isInbound: Bool
        /// What has come before the other end was there.
        var waiting: [UInt8] = []
        var isDone = false
        var lastUsed = Instant.zero
    }

    init(_ run: ApplicationRun, node index: Int) {
        self.run = run
        self.index = index
        key = .node(index)
        run.host(key).onRelay = { [unowned self] tuple, news, now in heard(tuple, news, now) }
    }

    /// Takes the sockets and endpoints as they are after a sync. Conversations that are under way stay where they are.
    func update(_ proxies: [UserspaceProxy]) {
        var next: [UInt16: UserspaceBalancer] = [:]
        for proxy in proxies {
            if var balancer = balancers[proxy.port], balancer.proxy.name == proxy.name {
                balancer.update(proxy)
                next[proxy.port] = balancer
            } else {
                next[proxy.port] = UserspaceBalancer(proxy)
            }
        }
        balancers = next
        run.host(key).relayPorts = Set(next.keys)
    }

    private func heard(_ tuple: FlowTuple, _ news: ApplicationHost.RelayNews, _ now: Instant) {
        switch news {
        case .accepted:
            tcp[tuple] = Leg(isInbound: true)
            dial(for: tuple, attempt: 0, now)
        case .connected: connected(tuple, now)
        case .bytes(let bytes):
            guard let leg = tcp[tuple] else { return }
            if let peer = leg.peer { run.host(key).send(bytes, on: peer, at: now) } else { tcp[tuple]?.waiting += bytes }
        case .done: done(tuple, now)
        case .ended: ended(tuple, now)
        case .datagram(let payload): datagram(tuple, payload, now)
        }
        // What this has led to leaves once the host is through with the packet that is being read.
        run.cluster.schedule(at: now) { [weak self] in
            guard let self else { return }
            run.flush(key)
        }
    }

    // MARK: TCP

    /// `tryConnectEndpoints`: an endpoint, and the next when it does not answer in time.
    private func dial(for inbound: FlowTuple, attempt: Int, _ now: Instant) {
        guard let leg = tcp[inbound], leg.peer == nil else { return }
        guard attempt < UserspaceProxy.dialTimeouts.count,
            let endpoint = balancers[inbound.sourcePort]?.endpoint(
                for: inbound.destination, at: now, forgets: attempt > 0),
            let source = run.cluster.nodes[index].dataplane.sourceAddress(to: endpoint.address)
        else {
            tcp[inbound] = nil
            run.host(key).close(inbound, at: now)
            return run.flush(key)
        }
        let outbound = run.host(key).connect(
            client: nil, from: source, to: endpoint.address, port: endpoint.port, at: now)
        attempts[outbound] = (inbound, attempt)
        run.cluster.schedule(at: now + UserspaceProxy.dialTimeouts[attempt]) { [weak self] in
            guard let self, attempts.removeValue(forKey: outbound) != nil else { return }
            run.host(key).abort(outbound, at: run.cluster.now)
            dial(for: inbound, attempt: attempt + 1, run.cluster.now)
            run.flush(key)
        }
    }

    private var attempts: [FlowTuple: (inbound: FlowTuple, attempt: Int)] = [:]

    private func connected(_ outbound: FlowTuple, _ now: Instant) {
        guard let (inbound, _) = attempts.removeValue(forKey: outbound), let leg = tcp[inbound] else { return }
        tcp[inbound]?.peer = outbound
        tcp[outbound] = Leg(peer: inbound, isInbound: false)
        if !leg.waiting.isEmpty { run.host(key).send(leg.waiting, on: outbound, at: now) }
        if leg.isDone { done(inbound, now) }
    }

    /// One side has nothing more to say: `copyBytes` closes both.
    private func done(_ tuple: FlowTuple, _ now: Instant) {
        guard let leg = tcp[tuple] else { return }
        guard let peer = leg.peer else {
            tcp[tuple]?.isDone = true
            return
        }
        run.host(key).close(peer, at: now)
        run.host(key).close(tuple, at: now)
    }

    private func ended(_ tuple: FlowTuple, _ now: Instant) {
        if let (inbound, attempt) = attempts.removeValue(forKey: tuple) {
            return dial(for: inbound, attempt: attempt + 1, now)
        }
        guard let leg = tcp.removeValue(forKey: tuple), let peer = leg.peer, tcp[peer] != nil else { return }
        run.host(key).close(peer, at: now)
    }

    // MARK: UDP

    /// A client has a socket of its own towards an endpoint until nothing has come for a while.
    private func datagram(_ tuple: FlowTuple, _ payload: [UInt8], _ now: Instant) {
        let host = run.host(key)
        if let leg = udp[tuple], let peer = leg.peer {
            udp[tuple]?.lastUsed = now
            udp[peer]?.lastUsed = now
            return host.sendRelayDatagram(peer, payload)
        }
        guard let endpoint = balancers[tuple.sourcePort]?.endpoint(for: tuple.destination, at: now),
            let source = run.cluster.nodes[index].dataplane.sourceAddress(to: endpoint.address)
        else { return }
        let outbound = host.openRelayDatagrams(from: source, to: endpoint.address, endpoint.port)
        udp[tuple] = Leg(peer: outbound, isInbound: true, lastUsed: now)
        udp[outbound] = Leg(peer: tuple, isInbound: false, lastUsed: now)
        host.sendRelayDatagram(outbound, payload)
        expire(tuple, outbound)
    }

    private func expire(_ inbound: FlowTuple, _ outbound: FlowTuple) {
        guard let leg = udp[inbound] else { return }
        run.cluster.schedule(at: leg.lastUsed + UserspaceProxy.udpIdleTimeout) { [weak self] in
            guard let self, let present = udp[inbound] else { return }
            guard run.cluster.now - present.lastUsed >= UserspaceProxy.udpIdleTimeout else {
                return expire(inbound, outbound)
            }
            udp[inbound] = nil
            udp[outbound] = nil
            run.host(key).relayDatagrams.remove(outbound)
        }
    }
}
