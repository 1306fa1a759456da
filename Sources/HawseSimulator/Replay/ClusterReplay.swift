import HawseCapture
import HawseDataplane
import HawseModel
import HawseWire

/// Puts a capture through a cluster: each packet enters where its sender is, and servers' packets are sent by the pod
/// that the conversation was given to.
///
/// A capture taken between a client and a service address holds both sides' packets with the service's address. A
/// request goes in as it is. What it looks like when it arrives at a pod is remembered; a packet of the other direction
/// is then sent by that pod, readdressed accordingly, and has to find its way back through the nodes' connections.
public final class ClusterReplay {
    struct Conversation {
        var service: String?
        /// The pod that took the request.
        var pod: Int?
        /// The request's tuple as the pod saw it.
        var seen: FlowTuple?
    }

    public let cluster: Cluster
    public let directory: ServiceDirectory
    public var map = AddressMap()
    /// The node at which clients from outside arrive when their destination does not decide it.
    public var entryNode = 0
    public private(set) var summary = ReplaySummary()
    /// Called for each frame that arrives at a pod or outside, while the packet that caused it is being played.
    public var onArrival: ((Cluster.Endpoint, [UInt8]) -> Void)?

    private var conversations: [FlowTuple: Conversation] = [:]
    private var current: FlowTuple?
    private var arrivals = 0

    public init(_ cluster: Cluster, directory: ServiceDirectory) {
        self.cluster = cluster
        self.directory = directory
        cluster.onArrival = { [unowned self] endpoint, frame in arrived(endpoint, frame) }
    }

    /// One packet of the capture, at its time.
    public func feed(_ record: CaptureRecord) {
        cluster.advance(to: Instant(nanoseconds: record.timestamp))
        summary.packets += 1
        guard var packet = CapturedPacket(record) else {
            summary.notIP += 1
            return
        }
        let captured = packet.tuple
        let tuple = map.apply(captured)
        packet.readdress(tuple)
        arrivals = 0
        if var conversation = conversations[tuple.reversed], conversation.service != nil {
            reply(&packet, tuple, &conversation)
        } else {
            request(packet, tuple)
        }
        current = nil
    }

    private func request(_ packet: CapturedPacket, _ tuple: FlowTuple) {
        let service = directory.name(tuple.destination, tuple.destinationPort, tuple.ipProtocol)
        // A capture that begins with a server's packet: nobody has been asked yet.
        if service == nil, directory.name(tuple.source, tuple.sourcePort, tuple.ipProtocol) != nil {
            summary.orphanReplies += 1
            return
        }
        let isNew = conversations[tuple] == nil
        if isNew { conversations[tuple] = Conversation(service: service) }
        summary.requests += 1
        if let service {
            summary.service(service) {
                $0.packets += 1
                if isNew { $0.flows += 1 }
            }
        }
        current = tuple
        send(packet.bytes, tuple)
        if let service, arrivals == 0 { summary.service(service) { $0.undelivered += 1 } }
    }

    private func reply(_ packet: inout CapturedPacket, _ tuple: FlowTuple, _ conversation: inout Conversation) {
        guard let pod = conversation.pod, let seen = conversation.seen else {
            summary.orphanReplies += 1
            return
        }
        summary.replies += 1
        if let service = conversation.service { summary.service(service) { $0.packets += 1 } }
        packet.readdress(seen.reversed)
        cluster.send(packet.bytes, fromPod: pod)
        if arrivals > 0 { summary.repliesArrived += 1 }
    }

    /// Where the sender is: a pod, a node's own process, or outside.
    private func send(_ bytes: [UInt8], _ tuple: FlowTuple) {
        if let pod = cluster.positions.pod(at: tuple.source) {
            cluster.send(bytes, fromPod: pod)
        } else if let node = cluster.positions.node(at: tuple.source) {
            cluster.send(bytes, fromNode: node)
        } else {
            cluster.send(bytes, fromOutsideTo: cluster.positions.node(at: tuple.destination) ?? entryNode)
        }
    }

    private func arrived(_ endpoint: Cluster.Endpoint, _ frame: [UInt8]) {
        arrivals += 1
        onArrival?(endpoint, frame)
        guard case .pod(let pod) = endpoint, let current, frame.count > 14,
            let packet = CapturedPacket(Array(frame[14...]))
        else { return }
        guard conversations[current]?.pod == nil else { return }
        conversations[current]?.pod = pod
        conversations[current]?.seen = packet.tuple
        if let service = conversations[current]?.service {
            let target = cluster.plan.pods[pod]
            summary.service(service) { $0.endpoints["\(target.namespace)/\(target.name)", default: 0] += 1 }
        }
    }

    /// Lets the last timers run out and adds up the nodes' outcomes.
    public func finish() -> ReplaySummary {
        summary.outcomes = cluster.builtNodes.map { ($0.name, $0.dataplane.outcomes) }
        return summary
    }
}
