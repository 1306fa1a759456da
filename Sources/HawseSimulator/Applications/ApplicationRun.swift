import HawseDataplane
import HawseModel
import HawseWire

/// Clients of a scenario: who asks whom, how often.
public struct ClientApplication: Hashable, Sendable {
    public enum Source: Hashable, Sendable {
        /// By number in the plan.
        case pod(Int)
        case outside(IPAddress)
    }

    public var name: String
    public var source: Source
    public var destination: IPAddress
    public var port: UInt16
    public var kind: String
    public var host: String
    public var path: String
    /// Bytes of a request's body or of an echo.
    public var size: Int
    /// Conversations, one after another or overlapping as the interval has it.
    public var count: Int
    public var requests: Int
    public var start: Int64
    public var interval: Int64
    /// After so long a conversation without its answers is given up.
    public var timeout: Int64

    public init(
        name: String, source: Source, destination: IPAddress, port: UInt16, kind: String, host: String = "",
        path: String = "/", size: Int = 0, count: Int = 1, requests: Int = 1, start: Int64 = 0,
        interval: Int64 = .seconds(1), timeout: Int64 = .seconds(30)
    ) {
        self.name = name
        self.source = source
        self.destination = destination
        self.port = port
        self.kind = kind
        self.host = host
        self.path = path
        self.size = size
        self.count = count
        self.requests = requests
        self.start = start
        self.interval = interval
        self.timeout = timeout
    }
}

/// How one conversation went.
public struct ConversationResult: Hashable, Sendable {
    public enum Outcome: String, Hashable, Sendable, CaseIterable {
        case completed, refused, reset, timedOut = "timed out", wrong, unfinished
    }

    public var client: String
    public var number: Int
    public var tuple: FlowTuple
    /// Nanoseconds.
    public var started: Instant
    public var connected: Instant?
    public var ended: Instant?
    public var outcome = Outcome.unfinished
    public var answers = 0
    public var bytes = 0
    public var retransmissions = 0
    /// The HTTP server that answered last.
    public var server = ""
}

/// Runs applications at the edges of a cluster until all conversations have ended or the time is over.
public final class ApplicationRun {
    public let cluster: Cluster
    public private(set) var results: [ConversationResult] = []
    /// The node at which clients from outside arrive.
    public var entryNode = 0
    private let seed: UInt64
    private var hosts: [HostKey: ApplicationHost] = [:]
    private var sessions: [Int: (session: ClientSession, application: ClientApplication, host: HostKey)] = [:]
    private var timerDue: [HostKey: Instant] = [:]
    private var open = 0

    enum HostKey: Hashable {
        case pod(Int)
        case outside(IPAddress)
    }

    public init(_ cluster: Cluster, seed: UInt64 = 0) {
        self.cluster = cluster
        self.seed = seed
        cluster.onArrival = { [weak self] endpoint, frame in self?.arrived(endpoint, frame) }
    }

    private func host(_ key: HostKey) -> ApplicationHost {
        if let host = hosts[key] { return host }
        let made: ApplicationHost
        switch key {
        case .pod(let number):
            let pod = cluster.plan.pods[number]
            let index = cluster.positions.node(named: pod.node) ?? 0
            made = ApplicationHost(
                name: "\(pod.namespace)/\(pod.name)", mtu: cluster.plan.daemon(index).podMTU,
                seed: seed &+ UInt64(number) &* 0x9e37_79b9_7f4a_7c15)
        case .outside(let address):
            made = ApplicationHost(
                name: "\(address)", mtu: 1500, seed: seed ^ address.bits.low &* 0x9e37_79b9_7f4a_7c15 ^ address.bits.high)
        }
        made.onClient = { [unowned self] client, news, now in heard(client, news, now, key) }
        hosts[key] = made
        return made
    }

    public func listen(_ server: ServerApplication, onPod number: Int) { host(.pod(number)).listen(server) }

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
            key = .pod(pod)
            source =
                cluster.plan.pods[pod].addresses.first { $0.family == application.destination.family }
                ?? cluster.plan.pods[pod].addresses.first ?? application.destination
        case .outside(let address):
            key = .outside(address)
            source = address
        }
        let kind = ClientSession.Kind(rawValue: application.kind) ?? .tcpEcho
        let id = results.count
        var session = ClientSession(
            kind: kind, host: application.host, path: application.path, size: application.size,
            requests: application.requests)
        let host = host(key)
        let now = cluster.now
        let tuple: FlowTuple
        if kind == .udpEcho {
            tuple = host.sendDatagram(
                client: id, from: source, port: nil, to: application.destination, application.port, session.request())
        } else {
            tuple = host.connect(
                client: id, from: source, to: application.destination, port: application.port, at: now)
        }
        sessions[id] = (session, application, key)
        results.append(
            ConversationResult(client: application.name, number: number, tuple: tuple, started: now))
        cluster.schedule(at: now + application.timeout) { [weak self] in self?.giveUp(id) }
        flush(key)
    }

    private func giveUp(_ id: Int) {
        guard let (_, _, key) = sessions[id] else { return }
        results[id].retransmissions = host(key).connections[results[id].tuple]?.tcp.retransmissions ?? 0
        finish(id, .timedOut)
        if results[id].tuple.ipProtocol == .tcp { host(key).abort(results[id].tuple, at: cluster.now) }
        flush(key)
    }

    private func finish(_ id: Int, _ outcome: ConversationResult.Outcome) {
        guard let (session, _, key) = sessions.removeValue(forKey: id) else { return }
        results[id].ended = cluster.now
        results[id].answers = session.answers
        results[id].bytes = session.bytesReceived
        results[id].server = session.server
        results[id].outcome = session.isWrong ? .wrong : outcome
        if results[id].tuple.ipProtocol == .udp { host(key).forget(datagrams: results[id].tuple) }
        open -= 1
    }

    private func heard(_ id: Int, _ news: ApplicationHost.ClientNews, _ now: Instant, _ key: HostKey) {
        guard var entry = sessions[id] else { return }
        let host = host(key)
        let tuple = results[id].tuple
        switch news {
        case .connected:
            results[id].connected = now
            host.send(entry.session.request(), on: tuple, at: now)
            sessions[id] = entry
        case .bytes(let bytes):
            guard entry.session.step(bytes) else {
                sessions[id] = entry
                return
            }
            if entry.session.requestsLeft > 0 {
                let next = entry.session.request()
                sessions[id] = entry
                if tuple.ipProtocol == .udp {
                    _ = host.sendDatagram(
                        client: id, from: tuple.source, port: tuple.sourcePort, to: tuple.destination,
                        tuple.destinationPort, next)
                } else {
                    host.send(next, on: tuple, at: now)
                }
            } else {
                sessions[id] = entry
                if tuple.ipProtocol == .udp { finish(id, .completed) } else { host.close(tuple, at: now) }
            }
        case .ended(let end, let retransmissions):
            results[id].retransmissions = retransmissions
            let isWhole = entry.session.answers == entry.application.requests
            switch end {
            case .finished: finish(id, isWhole ? .completed : .reset)
            case .refused: finish(id, .refused)
            case .reset: finish(id, .reset)
            case .timedOut: finish(id, .timedOut)
            }
        }
    }

    private func arrived(_ endpoint: Cluster.Endpoint, _ frame: [UInt8]) {
        guard frame.count > 14 else { return }
        let packet = Array(frame[14...])
        switch endpoint {
        case .pod(let number):
            guard let host = hosts[.pod(number)] else { return }
            host.receive(packet, at: cluster.now)
            flush(.pod(number))
        case .outside:
            guard let destination = PacketText.destination(packet), let host = hosts[.outside(destination)] else { return }
            host.receive(packet, at: cluster.now)
            flush(.outside(destination))
        }
    }

    /// Sends what a host has to say, and sets its timer.
    private func flush(_ key: HostKey) {
        let host = host(key)
        for packet in host.takeOutput() {
            switch key {
            case .pod(let number): cluster.post(packet, fromPod: number)
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
            host.advance(to: cluster.now)
            flush(key)
        }
    }

    /// Lets time pass until every conversation has ended, at most until `limit`. Faults on the clock happen on the way.
    public func run(until limit: Instant) {
        while open > 0 {
            let next = cluster.nextEvent
            guard next <= limit, next < .distantFuture else { break }
            cluster.advance(to: next)
        }
        if open > 0 { cluster.advance(to: limit) }
    }

    /// Packets that arrived at a host with a wrong checksum, or for nobody.
    public var strays: (damaged: Int, unwanted: Int) {
        hosts.values.reduce((0, 0)) { ($0.0 + $1.damaged, $0.1 + $1.unwanted) }
    }
}
