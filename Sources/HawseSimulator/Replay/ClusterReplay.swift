import HawseCapture
import HawseControl
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
        /// Which life of the pod's place it was, while a timeline runs.
        var uid = ""
        var fate: ConversationFate?
    }

    public let cluster: Cluster
    public let directory: ServiceDirectory
    public var map = AddressMap()
    /// The node at which clients from outside arrive when their destination does not decide it.
    public var entryNode = 0
    public private(set) var summary = ReplaySummary()
    /// The control plane that runs along: pods may stop or go while the capture is played.
    public var timeline: ClusterTimeline? {
        didSet { cluster.onArrival = { [unowned self] endpoint, frame in arrived(endpoint, frame) } }
    }
    /// Conversations that were reset, refused, blackholed or moved while a timeline ran.
    public private(set) var findings: [CaptureFinding] = []
    /// Called for each frame that arrives at a pod or outside, while the packet that caused it is being played.
    public var onArrival: ((Cluster.Endpoint, [UInt8]) -> Void)?

    private var conversations: [FlowTuple: Conversation] = [:]
    private var current: FlowTuple?
    private var arrivals = 0
    private var isReplying = false
    /// All nodes' pods have the same.
    private let podMTU: Int

    public init(_ cluster: Cluster, directory: ServiceDirectory) {
        self.cluster = cluster
        self.directory = directory
        podMTU = cluster.plan.nodes.isEmpty ? cluster.plan.mtu : cluster.plan.daemon(0).podMTU
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
        send(packet, tuple)
        if let service, arrivals == 0 {
            summary.service(service) { $0.undelivered += 1 }
            if timeline != nil { note(.blackholed, tuple) }
        }
    }

    private func reply(_ packet: inout CapturedPacket, _ tuple: FlowTuple, _ conversation: inout Conversation) {
        guard let pod = conversation.pod, let seen = conversation.seen else {
            summary.orphanReplies += 1
            return
        }
        if let timeline, !timeline.isServing(pod, conversation.uid) {
            // Who would say this is not there any more.
            summary.orphanReplies += 1
            return note(.blackholed, tuple.reversed)
        }
        summary.replies += 1
        isReplying = true
        defer { isReplying = false }
        if let service = conversation.service { summary.service(service) { $0.packets += 1 } }
        packet.readdress(seen.reversed)
        send(packet, fromPod: pod)
        if arrivals > 0 { summary.repliesArrived += 1 }
    }

    /// Where the sender is: a pod, a node's own process, or outside. Segments that a device had put together, or was to cut, go
    /// as those that the sender's device takes.
    private func send(_ packet: CapturedPacket, _ tuple: FlowTuple) {
        if let pod = cluster.positions.pod(at: tuple.source) { return send(packet, fromPod: pod) }
        let own = cluster.positions.node(at: tuple.source)
        let node = own ?? cluster.positions.node(at: tuple.destination) ?? entryNode
        for bytes in packet.segments(limit: cluster.plan.mtu) {
            if own != nil { cluster.send(bytes, fromNode: node) } else { cluster.send(bytes, fromOutsideTo: node) }
        }
    }

    private func send(_ packet: CapturedPacket, fromPod pod: Int) {
        let limit = cluster.plan.pods[pod].isHostNetwork ? cluster.plan.mtu : podMTU
        for bytes in packet.segments(limit: limit) { cluster.send(bytes, fromPod: pod) }
    }

    private func arrived(_ endpoint: Cluster.Endpoint, _ frame: [UInt8]) {
        onArrival?(endpoint, frame)
        guard frame.count > 14, let packet = CapturedPacket(Array(frame[14...])) else { return }
        // An error or a reset that comes back is no endpoint that has been reached.
        let isBack = isForClient(packet)
        if !isBack || isReplying { arrivals += 1 }
        if isBack { return }
        guard case .pod(let pod) = endpoint, let current, let known = conversations[current] else {
            timeline?.apps.arrived(endpoint, frame)
            return
        }
        if let timeline, !timeline.isServing(pod, known.pod == pod ? known.uid : nil) {
            // The pod's own kernel answers, if there is one.
            return timeline.apps.arrived(endpoint, frame)
        }
        if let old = known.pod, old != pod {
            guard let timeline else { return }
            // A connection is unknown to another pod, a datagram is not.
            guard packet.ipProtocol == .udp else { return timeline.apps.arrived(endpoint, frame) }
            note(.moved, current, pods: [old, pod])
        } else if known.pod != nil {
            return
        }
        conversations[current]?.pod = pod
        conversations[current]?.seen = packet.tuple
        conversations[current]?.uid = timeline?.uid(ofPod: pod) ?? ""
        if let service = known.service {
            let target = cluster.plan.pods[pod]
            summary.service(service) { $0.endpoints["\(target.namespace)/\(target.name)", default: 0] += 1 }
        }
    }

    /// Packets that come back to a client of the capture; one that ends its conversation is noted, unless the capture
    /// itself has sent it.
    private func isForClient(_ packet: CapturedPacket) -> Bool {
        let tuple = packet.tuple.reversed
        if conversations[tuple] != nil {
            if !isReplying, packet.isReset { note(.reset, tuple) }
            return true
        }
        guard let quoted = packet.quoted, conversations[quoted] != nil else { return false }
        if !isReplying { note(.refused, quoted) }
        return true
    }

    /// The first that goes wrong with a conversation is its fate; being moved is not the end of it.
    private func note(_ fate: ConversationFate, _ tuple: FlowTuple, pods: [Int] = []) {
        guard let timeline, let conversation = conversations[tuple],
            conversation.fate == nil || conversation.fate == .moved
        else { return }
        conversations[tuple]?.fate = fate
        // A connection that nobody has taken yet was refused.
        let isRefused = fate == .reset && conversation.pod == nil
        let names = (pods.isEmpty ? conversation.pod.map { [$0] } ?? [] : pods).map { number in
            let pod = cluster.plan.pods[number]
            return pod.name.isEmpty ? timeline.lastName(ofPlace: number) : "\(pod.namespace)/\(pod.name)"
        }
        let node =
            cluster.positions.pod(at: tuple.source).flatMap { cluster.positions.node(named: cluster.plan.pods[$0].node) }
            ?? cluster.positions.node(at: tuple.source) ?? cluster.positions.node(at: tuple.destination) ?? entryNode
        let cause = timeline.cause(of: names, at: cluster.now)
        findings.append(
            CaptureFinding(
                flow: tuple, service: conversation.service ?? "", fate: isRefused ? .refused : fate, time: cluster.now,
                node: cluster.plan.nodes[node].name, mode: timeline.mode, cause: cause,
                step: cause?.step ?? timeline.step(at: cluster.now), pods: names))
    }

    /// Lets the last timers run out and adds up the nodes' outcomes.
    public func finish() -> ReplaySummary {
        summary.outcomes = cluster.builtNodes.map { ($0.name, $0.dataplane.outcomes) }
        return summary
    }
}

/// A conversation of a capture that did not go as without the steps.
public struct CaptureFinding: Hashable, Sendable {
    public var flow: FlowTuple
    public var service: String
    public var fate: ConversationFate
    public var time: Instant
    /// The node whose rules its packets met first.
    public var node: String
    public var mode: ProxyMode
    /// What had happened last that could be the cause.
    public var cause: Disruption?
    public var step: Int?
    /// The pod that it was with; two when it was moved.
    public var pods: [String]
}
