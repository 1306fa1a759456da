import HawseControl
import HawseDataplane
import HawseModel
import HawseWire

/// Runs applications at the edges of a cluster until all conversations have ended or the time is over.
public final class ApplicationRun {
    public let cluster: Cluster
    public private(set) var results: [ConversationResult] = []
    /// The node at which clients from outside arrive.
    public var entryNode = 0
    /// Time passes to the limit even when no conversation is open: something else goes on.
    public var runsOn = false
    private let seed: UInt64
    private var hosts: [HostKey: ApplicationHost] = [:]
    private var sessions: [Int: Session] = [:]
    private var timerDue: [HostKey: Instant] = [:]
    private var open = 0
    /// How many pods have had a place before: each life has chances of its own.
    private var lives: [Int: UInt64] = [:]
    /// Probes under way, by numbers below zero.
    var probes: [Int: RunningProbe] = [:]
    var probeCount = 0
    private var relays: [UserspaceRelay] = []

    private struct Session {
        var session: ClientSession
        var application: ClientApplication
        var host: HostKey
        /// How often a datagram has been asked anew: an earlier question's timer counts for nothing.
        var question = 0
        /// When the client will have waited long enough for what it awaits.
        var deadline = Instant.distantFuture
    }

    enum HostKey: Hashable {
        case pod(Int)
        case outside(IPAddress)
        /// The node's own processes.
        case node(Int)
    }

    public init(_ cluster: Cluster, seed: UInt64 = 0) {
        self.cluster = cluster
        self.seed = seed
        cluster.onArrival = { [weak self] endpoint, frame in self?.arrived(endpoint, frame) }
    }

    func host(_ key: HostKey) -> ApplicationHost {
        if let host = hosts[key] { return host }
        let made: ApplicationHost
        switch key {
        case .pod(let number):
            let pod = cluster.plan.pods[number]
            let index = cluster.positions.node(named: pod.node) ?? 0
            made = ApplicationHost(
                name: "\(pod.namespace)/\(pod.name)", mtu: cluster.plan.daemon(index).podMTU,
                seed: seed &+ UInt64(number) &* 0x9e37_79b9_7f4a_7c15 &+ lives[number, default: 0] &* 0xd1b5_4a32_d192_ed03)
            made.answersForKernel = true
        case .node(let index):
            made = ApplicationHost(
                name: cluster.plan.nodes[index].name, mtu: cluster.plan.daemon(index).podMTU,
                seed: seed &+ UInt64(index) &* 0xbf58_476d_1ce4_e5b9)
            play(node: index)
        case .outside(let address):
            made = ApplicationHost(
                name: "\(address)", mtu: 1500, seed: seed ^ address.bits.low &* 0x9e37_79b9_7f4a_7c15 ^ address.bits.high)
        }
        made.onClient = { [unowned self] client, news, now in heard(client, news, now, key) }
        hosts[key] = made
        return made
    }

    public func listen(_ server: ServerApplication, onPod number: Int) { host(hostKey(ofPod: number)).listen(server, owner: number) }

    /// Where a pod's sockets are: a pod of its own network, or its node.
    func hostKey(ofPod number: Int) -> HostKey {
        let pod = cluster.plan.pods[number]
        return pod.isHostNetwork ? .node(cluster.positions.node(named: pod.node) ?? 0) : .pod(number)
    }

    /// A node's userspace proxy with connections of its own.
    func relay(onNode index: Int, _ sockets: [UserspaceProxy]) {
        let relay = UserspaceRelay(self, node: index)
        relay.update(sockets)
        relays.append(relay)
    }

    /// A pod's network is gone, and its kernel with it: nothing answers there any more.
    func removeHost(_ key: HostKey) {
        guard case .pod(let number) = key else { return }
        hosts[key] = nil
        timerDue[key] = nil
        lives[number, default: 0] += 1
        for id in sessions.keys.sorted() where sessions[id]?.host == key { finish(id, .unfinished) }
    }

    /// Packets for the node itself go to its processes here, when their turn comes.
    private func play(node index: Int) {
        let dataplane = cluster.nodes[index].dataplane
        dataplane.processes = { [unowned self] bytes in
            guard let host = hosts[.node(index)] else { return false }
            let packet = Array(bytes)
            guard host.expects(packet) else { return false }
            cluster.schedule(at: cluster.now) { [weak self] in
                guard let self, let host = hosts[.node(index)] else { return }
                host.receive(packet, at: cluster.now)
                flush(.node(index))
            }
            return true
        }
    }

    /// Puts a client's conversations on the cluster's clock, counted from `origin`.
    public func add(_ application: ClientApplication, from origin: Instant) {
        for number in 0..<application.count {
            open += 1
            let time = origin + (application.start &+ Int64(number) &* application.interval)
            cluster.schedule(at: time) { [weak self] in self?.start(application, number) }
        }
    }

    private func start(_ application: ClientApplication, _ number: Int) {
        let key: HostKey
        let source: IPAddress
        switch application.source {
        case .pod(let pod):
            key = hostKey(ofPod: pod)
            source =
                cluster.plan.pods[pod].addresses.first { $0.family == application.destination.family }
                ?? cluster.plan.pods[pod].addresses.first ?? application.destination
        case .outside(let address):
            key = .outside(address)
            source = address
        }
        let kind = ClientSession.Kind(rawValue: application.kind) ?? .tcpEcho
        let id = results.count
        let entry: Int
        switch application.source {
        case .pod(let pod): entry = cluster.positions.node(named: cluster.plan.pods[pod].node) ?? 0
        case .outside: entry = cluster.positions.node(at: application.destination) ?? entryNode
        }
        var session = ClientSession(
            kind: kind, host: application.host, path: application.path, size: application.size,
            requests: application.requests)
        let host = host(key)
        let now = cluster.now
        let tuple: FlowTuple
        if kind.isDatagram {
            tuple = host.sendDatagram(
                client: id, from: source, port: nil, to: application.destination, application.port, session.request())
        } else {
            tuple = host.connect(
                client: id, from: source, to: application.destination, port: application.port, at: now)
        }
        sessions[id] = Session(session: session, application: application, host: key)
        awaitAnswer(id)
        var result = ConversationResult(client: application.name, number: number, tuple: tuple, started: now)
        result.requests = application.requests
        result.lastProgress = now
        result.node = entry
        results.append(result)
        if kind.isDatagram { retryLater(id) }
        flush(key)
    }

    /// An answer, or the end of the connection, is awaited from now on, as long as the client has patience.
    private func awaitAnswer(_ id: Int) {
        guard let application = sessions[id]?.application else { return }
        let deadline = cluster.now + application.timeout
        sessions[id]?.deadline = deadline
        cluster.schedule(at: deadline) { [weak self] in
            if let self, sessions[id]?.deadline == deadline { giveUp(id) }
        }
    }

    private func giveUp(_ id: Int) {
        guard let key = sessions[id]?.host else { return }
        if results[id].tuple.ipProtocol == .tcp { results[id].retransmissions = host(key).connections[results[id].tuple]?.tcp.retransmissions ?? 0 }
        finish(id, .timedOut)
        if results[id].tuple.ipProtocol == .tcp { host(key).abort(results[id].tuple, at: cluster.now) }
        flush(key)
    }

    private func finish(_ id: Int, _ outcome: ConversationResult.Outcome) {
        guard let entry = sessions.removeValue(forKey: id) else { return }
        let (session, key) = (entry.session, entry.host)
        results[id].ended = cluster.now
        results[id].answers = session.answers
        results[id].bytes = session.bytesReceived
        results[id].server = session.server
        results[id].outcome = session.isWrong ? .wrong : outcome
        if results[id].tuple.ipProtocol == .udp { hosts[key]?.forget(datagrams: results[id].tuple) }
        open -= 1
    }

    private func heard(_ id: Int, _ news: ApplicationHost.ClientNews, _ now: Instant, _ key: HostKey) {
        if id < 0 { return heardProbe(id, news, now) }
        guard var entry = sessions[id] else { return }
        let tuple = results[id].tuple
        switch news {
        case .connected:
            results[id].connected = now
            results[id].lastProgress = now
            host(key).send(entry.session.request(), on: tuple, at: now)
            sessions[id] = entry
        case .bytes(let bytes):
            results[id].lastProgress = now
            let isWhole = entry.session.step(bytes)
            results[id].answers = entry.session.answers
            sessions[id] = entry
            if isWhole { answered(id, entry, now) }
        case .ended(.refused, _) where entry.application.retry > 0 && tuple.ipProtocol == .udp:
            // A resolver that is told so asks again, when its time has come.
            break
        case .ended(let end, let retransmissions):
            if tuple.ipProtocol == .tcp { results[id].retransmissions = retransmissions }
            let isWhole = entry.session.answers == entry.application.requests
            switch end {
            case .finished: finish(id, isWhole ? .completed : .reset)
            case .refused: finish(id, .refused)
            case .reset: finish(id, .reset)
            case .timedOut: finish(id, .timedOut)
            }
        }
    }

    /// One answer is there: the next request, at once or after the client's pause, or the end.
    private func answered(_ id: Int, _ entry: Session, _ now: Instant) {
        let server = entry.session.server
        if !server.isEmpty, results[id].servers.last != server { results[id].servers.append(server) }
        if entry.session.requestsLeft > 0 {
            guard entry.application.pause > 0 else { return ask(id, now) }
            sessions[id]?.deadline = .distantFuture
            cluster.schedule(at: now + entry.application.pause) { [weak self] in
                guard let self, sessions[id] != nil else { return }
                ask(id, cluster.now)
                flush(entry.host)
            }
        } else if results[id].tuple.ipProtocol == .udp {
            finish(id, .completed)
        } else {
            awaitAnswer(id)
            host(entry.host).close(results[id].tuple, at: now)
        }
    }

    private func ask(_ id: Int, _ now: Instant) {
        guard var entry = sessions[id] else { return }
        let next = entry.session.request()
        entry.question += 1
        sessions[id] = entry
        // From here on an answer is missing.
        results[id].lastProgress = now
        awaitAnswer(id)
        let tuple = results[id].tuple
        if tuple.ipProtocol == .udp {
            sendDatagram(id, next)
            retryLater(id)
        } else {
            host(entry.host).send(next, on: tuple, at: now)
        }
    }

    private func sendDatagram(_ id: Int, _ payload: [UInt8]) {
        guard let key = sessions[id]?.host else { return }
        let tuple = results[id].tuple
        _ = host(key).sendDatagram(
            client: id, from: tuple.source, port: tuple.sourcePort, to: tuple.destination, tuple.destinationPort, payload)
    }

    /// A resolver's way with datagrams: what is not answered is asked again.
    private func retryLater(_ id: Int) {
        guard let entry = sessions[id], entry.application.retry > 0 else { return }
        cluster.schedule(at: cluster.now + entry.application.retry) { [weak self] in
            guard let self, let present = sessions[id], present.question == entry.question,
                present.session.answers == entry.session.answers
            else { return }
            results[id].retransmissions += 1
            sendDatagram(id, present.session.question())
            flush(present.host)
            retryLater(id)
        }
    }

    func arrived(_ endpoint: Cluster.Endpoint, _ frame: [UInt8]) {
        guard frame.count > 14 else { return }
        let packet = Array(frame[14...])
        switch endpoint {
        case .pod(let number):
            guard let host = hosts[.pod(number)], let destination = PacketText.destination(packet),
                cluster.plan.pods[number].addresses.contains(destination)
            else { return }
            host.receive(packet, at: cluster.now)
            flush(.pod(number))
        case .outside:
            guard let destination = PacketText.destination(packet), let host = hosts[.outside(destination)] else { return }
            host.receive(packet, at: cluster.now)
            flush(.outside(destination))
        }
    }

    /// Sends what a host has to say, and sets its timer.
    func flush(_ key: HostKey) {
        guard let host = hosts[key] else { return }
        for packet in host.takeOutput() {
            switch key {
            case .pod(let number): cluster.post(packet, fromPod: number)
            case .node(let index): cluster.post(packet, fromNode: index)
            case .outside:
                let target = PacketText.destination(packet).flatMap { cluster.positions.node(at: $0) } ?? entryNode
                cluster.post(packet, fromOutsideTo: target)
            }
        }
        let due = host.nextTimer
        guard due < .distantFuture, due != timerDue[key] else { return }
        timerDue[key] = due
        cluster.schedule(at: due) { [weak self] in
            guard let self, timerDue[key] == due else { return }
            timerDue[key] = nil
            hosts[key]?.advance(to: cluster.now)
            flush(key)
        }
    }

    /// Lets time pass until every conversation has ended, at most until `limit`. Faults on the clock happen on the way.
    public func run(until limit: Instant) {
        while open > 0 || runsOn {
            let next = cluster.nextEvent
            guard next <= limit, next < .distantFuture else { break }
            cluster.advance(to: next)
        }
        if open > 0 || runsOn { cluster.advance(to: limit) }
    }

    /// Packets that arrived at a host with a wrong checksum, or for nobody.
    public var strays: (damaged: Int, unwanted: Int) {
        hosts.values.reduce((0, 0)) { ($0.0 + $1.damaged, $0.1 + $1.unwanted) }
    }
}
