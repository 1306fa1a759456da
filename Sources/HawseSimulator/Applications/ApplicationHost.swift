import HawseDataplane
import HawseModel
import HawseWire

/// A server of a host: what listens on which port.
public struct ServerApplication: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case tcpEcho = "tcp-echo"
        case udpEcho = "udp-echo"
        /// Answers a datagram with the host's name.
        case udpName = "udp-name"
        case http
        var isDatagram: Bool { self == .udpEcho || self == .udpName }
    }

    public var kind: Kind
    public var port: UInt16
    /// Bytes of an HTTP answer's body.
    public var size: Int
    /// Nanoseconds from a request to its answer.
    public var delay: Int64
    /// Nanoseconds from the container's start until it listens.
    public var start: Int64 = 0

    public init(kind: Kind, port: UInt16, size: Int = 100, delay: Int64 = 0) {
        self.kind = kind
        self.port = port
        self.size = size
        self.delay = delay
    }
}

/// A host at the cluster's edge, a pod or a client outside: its connections and what listens on it.
///
/// Packets and time in, packets out; the cluster between two hosts is none of its business.
final class ApplicationHost {
    struct Connection {
        var tcp: TCPConnection
        var tuple: FlowTuple
        var server: ServerSession?
        /// The client whose conversation this is.
        var client: Int?
        var delay: Int64
        /// Whose socket it is, where a host has several processes: the number of a pod.
        var owner = ApplicationHost.everybody
        /// A connection of the userspace proxy.
        var isRelay = false
        /// The process has exited: the kernel sees the connection to its end.
        var isOrphan = false
        /// Answers held back until their time.
        var held: [(due: Instant, reply: ApplicationReply)] = []
        /// The timer that was set last.
        var armed: Instant?
    }

    let name: String
    let mtu: Int
    var connections: [FlowTuple: Connection] = [:]
    var servers: [UInt16: [(server: ServerApplication, owner: Int)]] = [:]
    /// Processes that hang: the kernel answers for them, they do not.
    var silent: Set<Int> = []
    /// Processes that finish what they have and take nothing new.
    var draining: Set<Int> = []
    /// Ports that the userspace proxy listens on, and what it hears there.
    var relayPorts: Set<UInt16> = []
    var onRelay: ((FlowTuple, RelayNews, Instant) -> Void)?
    static let everybody = -1
    private var timers = EventQueue<FlowTuple>()
    private var chance: RandomStream
    private var packetID: UInt16
    private var nextPort: UInt16
    /// Packets to be sent, in order.
    private var output: [[UInt8]] = []
    /// Packets whose checksum was wrong, that were cut off, or that nobody waited for.
    var damaged = 0
    var unwanted = 0
    /// UDP conversations of clients, by the port they were made from.
    var datagramClients: [FlowTuple: Int] = [:]
    /// Datagram conversations of the userspace proxy with endpoints.
    var relayDatagrams: Set<FlowTuple> = []
    /// Names of processes, where a host has several.
    var names: [Int: String] = [:]
    /// A pod's own kernel: datagrams for nobody are refused. On a node the node's kernel does it.
    var answersForKernel = false
    /// Tells of a client's conversation; set by the run.
    var onClient: ((Int, ClientNews, Instant) -> Void)?

    enum RelayNews {
        case accepted
        case connected
        case bytes([UInt8])
        case datagram([UInt8])
        /// The peer has nothing more to say.
        case done
        case ended
    }

    enum ClientNews {
        case connected
        case bytes([UInt8])
        case ended(TCPConnection.End, retransmissions: Int)
    }

    init(name: String, mtu: Int, seed: UInt64) {
        self.name = name
        self.mtu = mtu
        chance = RandomStream(seed: seed, purpose: "application-host")
        packetID = UInt16(truncatingIfNeeded: chance.next())
        nextPort = 32768 + UInt16(chance.below(20000))
    }

    func listen(_ server: ServerApplication, owner: Int = ApplicationHost.everybody) {
        servers[server.port, default: []].append((server, owner))
    }

    func takeOutput() -> [[UInt8]] {
        defer { output.removeAll() }
        return output
    }

    /// When something may be due next: a timer that was set and is not needed any more counts until it has been looked at.
    var nextTimer: Instant { timers.nextTime }

    /// Remembers when a connection wants to be looked at.
    private func arm(_ tuple: FlowTuple) {
        guard let connection = connections[tuple] else { return }
        let due = min(connection.tcp.nextTimer, connection.held.first?.due ?? .distantFuture)
        guard due < .distantFuture, due != connection.armed else { return }
        connections[tuple]?.armed = due
        timers.push(tuple, at: due)
    }

    func ephemeralPort() -> UInt16 {
        nextPort = nextPort >= 60999 ? 32768 : nextPort + 1
        return nextPort
    }

    private func segmentSize(_ family: AddressFamily) -> Int { mtu - (family == .ipv4 ? 40 : 60) }

    /// A client opens a conversation; the tuple is its own direction.
    func connect(
        client: Int?, from source: IPAddress, to destination: IPAddress, port: UInt16, at now: Instant
    ) -> FlowTuple {
        let tuple = FlowTuple(
            ipProtocol: .tcp, source: source, sourcePort: ephemeralPort(), destination: destination, destinationPort: port)
        let tcp = TCPConnection(
            connecting: chance.nextUInt32(), maximumSegment: segmentSize(source.family), at: now)
        connections[tuple] = Connection(
            tcp: tcp, tuple: tuple, server: nil, client: client, delay: 0, isRelay: client == nil)
        flush(tuple)
        return tuple
    }

    func send(_ bytes: [UInt8], on tuple: FlowTuple, at now: Instant) {
        connections[tuple]?.tcp.send(bytes, at: now)
        flush(tuple)
    }

    func close(_ tuple: FlowTuple, at now: Instant) {
        connections[tuple]?.tcp.close(at: now)
        flush(tuple)
    }

    func abort(_ tuple: FlowTuple, at now: Instant) {
        connections[tuple]?.tcp.abort()
        flush(tuple)
        settle(tuple, now)
    }

    /// A client sends a datagram from a port of its own.
    func sendDatagram(
        client: Int, from source: IPAddress, port: UInt16?, to destination: IPAddress, _ destinationPort: UInt16,
        _ payload: [UInt8]
    ) -> FlowTuple {
        let tuple = FlowTuple(
            ipProtocol: .udp, source: source, sourcePort: port ?? ephemeralPort(), destination: destination,
            destinationPort: destinationPort)
        datagramClients[tuple] = client
        emitDatagram(tuple, payload)
        return tuple
    }

    func forget(datagrams tuple: FlowTuple) { datagramClients[tuple] = nil }

    /// The userspace proxy sends a datagram; answers to it are told to the relay.
    func sendRelayDatagram(_ tuple: FlowTuple, _ payload: [UInt8]) { emitDatagram(tuple, payload) }

    func emitDatagram(_ tuple: FlowTuple, _ payload: [UInt8]) {
        emit(.udp, tuple, HostPacket.datagram(from: tuple.sourcePort, to: tuple.destinationPort, payload))
    }

    func emit(_ ipProtocol: IPProtocol, _ tuple: FlowTuple, _ transport: [UInt8]) {
        packetID &+= 1
        output.append(
            HostPacket.make(ipProtocol, from: tuple.source, to: tuple.destination, id: packetID, transport: transport))
    }

    private func flush(_ tuple: FlowTuple) {
        for segment in connections[tuple]?.tcp.takeOutput() ?? [] {
            emit(.tcp, tuple, segment.bytes(from: tuple.sourcePort, to: tuple.destinationPort))
        }
        arm(tuple)
    }

    /// Time has passed: retransmissions, and answers whose time has come.
    func advance(to now: Instant) {
        var due: Set<FlowTuple> = []
        while let (_, tuple) = timers.pop(dueBy: now) {
            due.insert(tuple)
            connections[tuple]?.armed = nil
        }
        for tuple in due.count < 2 ? Array(due) : due.sorted(by: { $0.order < $1.order }) {
            guard var connection = connections[tuple] else { continue }
            var isDue = connection.tcp.nextTimer <= now
            if isDue { connection.tcp.advance(to: now) }
            while let first = connection.held.first, first.due <= now {
                isDue = true
                connection.held.removeFirst()
                if !first.reply.bytes.isEmpty { connection.tcp.send(first.reply.bytes, at: now) }
                if first.reply.closes || draining.contains(connection.owner) { connection.tcp.close(at: now) }
            }
            guard isDue else {
                arm(tuple)
                continue
            }
            connections[tuple] = connection
            flush(tuple)
            settle(tuple, now)
        }
    }

    /// A frame's packet has arrived.
    func receive(_ bytes: [UInt8], at now: Instant) {
        guard let packet = HostPacket.read(bytes) else {
            unwanted += 1
            return
        }
        guard packet.isIntact else {
            damaged += 1
            return
        }
        let own = packet.tuple.reversed
        switch packet.tuple.ipProtocol {
        case .tcp: receiveSegment(packet, own, now)
        case .udp: receiveDatagram(packet, own, now)
        case .icmp, .icmpv6: receiveError(packet, now)
        default: unwanted += 1
        }
    }

    private func receiveSegment(_ packet: HostPacket.Received, _ own: FlowTuple, _ now: Instant) {
        guard let segment = TCPSegment(packet.transport) else {
            damaged += 1
            return
        }
        if let connection = connections[own], connection.isOrphan, !segment.payload.isEmpty {
            return abort(own, at: now)
        }
        if connections[own] == nil {
            let isOpening = segment.flags.contains(.syn) && !segment.flags.contains(.ack)
            if isOpening, relayPorts.contains(own.sourcePort) { return acceptRelay(segment, own, now) }
            guard isOpening, let (server, owner) = servers[own.sourcePort]?.first(where: { !$0.server.kind.isDatagram })
            else { return refuse(segment, own) }
            let tcp = TCPConnection(
                accepting: segment, initial: chance.nextUInt32(), maximumSegment: segmentSize(own.source.family), at: now)
            let session: ServerSession =
                server.kind == .http ? .http(HTTPServerSession(name: name(of: owner), bodySize: server.size)) : .echo
            connections[own] = Connection(
                tcp: tcp, tuple: own, server: session, client: nil, delay: server.delay, owner: owner)
            return flush(own)
        }
        let wasOpening = connections[own]?.tcp.state == .synSent
        connections[own]?.tcp.receive(segment, at: now)
        flush(own)
        if wasOpening, connections[own]?.tcp.state == .established {
            if let client = connections[own]?.client {
                onClient?(client, .connected, now)
            } else {
                onRelay?(own, .connected, now)
            }
        }
        deliver(own, now)
        settle(own, now)
    }

    private func acceptRelay(_ segment: TCPSegment, _ own: FlowTuple, _ now: Instant) {
        let tcp = TCPConnection(
            accepting: segment, initial: chance.nextUInt32(), maximumSegment: segmentSize(own.source.family), at: now)
        connections[own] = Connection(tcp: tcp, tuple: own, server: nil, client: nil, delay: 0, isRelay: true)
        flush(own)
        onRelay?(own, .accepted, now)
    }

    /// A segment for nobody is answered with a reset, but for resets.
    private func refuse(_ segment: TCPSegment, _ own: FlowTuple) {
        unwanted += 1
        guard !segment.flags.contains(.rst) else { return }
        let reset =
            segment.flags.contains(.ack)
            ? TCPSegment(sequence: segment.acknowledgement, flags: .rst)
            : TCPSegment(sequence: 0, acknowledgement: segment.sequence &+ segment.length, flags: [.rst, .ack])
        emit(.tcp, own, reset.bytes(from: own.sourcePort, to: own.destinationPort))
    }

    /// Hands bytes to the application and its answer back.
    func deliver(_ own: FlowTuple, _ now: Instant) {
        guard var connection = connections[own], !connection.isOrphan else { return }
        if connection.server != nil, silent.contains(connection.owner) { return }
        let bytes = connection.tcp.takeReceived()
        let isPeerDone = connection.tcp.isPeerDone
        guard !bytes.isEmpty || isPeerDone else { return }
        if var server = connection.server {
            let reply = server.step(bytes, isPeerDone: isPeerDone)
            connection.server = server
            if connection.delay > 0 {
                if !reply.bytes.isEmpty || reply.closes { connection.held.append((now + connection.delay, reply)) }
            } else {
                if !reply.bytes.isEmpty { connection.tcp.send(reply.bytes, at: now) }
                if reply.closes || draining.contains(connection.owner) && !reply.bytes.isEmpty {
                    connection.tcp.close(at: now)
                }
            }
            connections[own] = connection
            flush(own)
        } else if connection.isRelay {
            connections[own] = connection
            if !bytes.isEmpty { onRelay?(own, .bytes(bytes), now) }
            if isPeerDone { onRelay?(own, .done, now) }
        } else if let client = connection.client {
            connections[own] = connection
            if !bytes.isEmpty { onClient?(client, .bytes(bytes), now) }
            if isPeerDone { close(own, at: now) }
        }
    }

    /// A connection that has ended is told of and forgotten.
    func settle(_ own: FlowTuple, _ now: Instant) {
        guard let connection = connections[own], let end = connection.tcp.end else { return }
        if connection.tcp.state == .closed { connections[own] = nil }
        if let client = connection.client {
            connections[own]?.client = nil
            onClient?(client, .ended(end, retransmissions: connection.tcp.retransmissions), now)
        } else if connection.isRelay {
            connections[own]?.isRelay = false
            onRelay?(own, .ended, now)
        }
    }

    /// The packet that an ICMP error quotes names the conversation.
    private func receiveError(_ packet: HostPacket.Received, _ now: Instant) {
        let isIPv6 = packet.tuple.source.family == .ipv6
        let bytes = Array(packet.transport)
        guard bytes.count >= 8 + (isIPv6 ? 48 : 28) else {
            unwanted += 1
            return
        }
        let (type, code) = (bytes[0], bytes[1])
        guard isIPv6 ? type == 1 || type == 2 : type == 3, let quoted = CapturedPacket(Array(bytes[8...])) else {
            unwanted += 1
            return
        }
        let own = quoted.tuple
        let isTooBig = isIPv6 ? type == 2 : code == 4
        if isTooBig, connections[own] != nil {
            let limit = isIPv6 ? Int(bytes[4...].load32(at: 0)) : Int(bytes[4...].load16(at: 2))
            connections[own]?.tcp.lower(maximumSegment: limit - (isIPv6 ? 60 : 40), at: now)
        } else if connections[own] != nil {
            connections[own]?.tcp.unreachable()
        } else if let client = datagramClients[own] {
            onClient?(client, .ended(.refused, retransmissions: 0), now)
            return
        } else {
            unwanted += 1
        }
        flush(own)
        settle(own, now)
    }
}

extension FlowTuple {
    /// A fixed order, so that nothing hangs on how a dictionary lists its keys.
    var order: String { "\(ipProtocol.rawValue) \(self)" }
}
