import HawseDataplane
import HawseModel
import HawseWire

/// A cluster in one process: a dataplane a node, pods and clients at their edges, an underlay between them.
///
/// Virtual time only: `advance(to:)` lets it pass, frames travel by an event queue, and the same plan, seed and inputs
/// give the same frames. A delegate sees what arrives at pods and clients, and may answer.
public final class Cluster {
    /// Somebody at the edge.
    public enum Endpoint: Hashable, Sendable {
        case pod(Int)
        /// Everything behind the underlay's router.
        case outside
    }

    enum Event {
        case node(Int, interface: UInt16, frame: [UInt8])
        case endpoint(Endpoint, frame: [UInt8])
    }

    public let plan: ClusterPlan
    public internal(set) var now: Instant = .zero
    public internal(set) var nodes: [SimulatedNode]
    /// Called for each frame that arrives at a pod or outside.
    public var onArrival: ((Endpoint, [UInt8]) -> Void)?
    /// Called for each node that did something, with its story when tracing.
    public var onTrace: ((Int, [TraceEvent]) -> Void)?

    var events = EventQueue<Event>()
    var links: [Endpoint: Link] = [:]
    /// From the switch to each node and back.
    var nodeLinks: [(up: Link, down: Link)]
    var chance: RandomStream
    private var nodeByMAC: [MACAddress: Int] = [:]
    private var podByVeth: [[UInt16: Int]] = []
    /// Frames of the underlay that nobody has an address for.
    public internal(set) var unknownDestination: UInt64 = 0

    public init(_ plan: ClusterPlan, specs: [HawseModel.NodeSpec], seed: UInt64 = 0) throws(DataplaneError) {
        self.plan = plan
        chance = RandomStream(seed: seed, purpose: "links")
        nodes = []
        nodeLinks = Array(repeating: (Link(), Link()), count: specs.count)
        for (index, spec) in specs.enumerated() {
            nodes.append(SimulatedNode(name: spec.name, dataplane: try Dataplane(spec, seed: seed &+ UInt64(index) &* 0x9e37_79b9)))
            nodeByMAC[PlanMAC.underlay(index)] = index
        }
        for node in nodes {
            var veths: [UInt16: Int] = [:]
            for (number, pod) in plan.pods.enumerated() where pod.node == node.name && !pod.isHostNetwork {
                if let port = node.dataplane.interfaceIndex(ClusterPlan.Device.veth(number)) { veths[port] = number }
            }
            podByVeth.append(veths)
        }
    }

    public var isTracing: Bool {
        get { nodes.first?.dataplane.isTracing ?? false }
        set { for node in nodes { node.dataplane.isTracing = newValue } }
    }

    /// Lets time pass: everything due on the way happens in order.
    public func advance(to limit: Instant) {
        while let next = nextDue(by: limit) {
            now = max(now, next)
            if let (_, event) = events.pop(dueBy: next) { handle(event) } else { fireTimers(at: next) }
        }
        now = max(now, limit)
        for (index, node) in nodes.enumerated() {
            node.dataplane.advance(to: now)
            collect(index)
        }
    }

    private func nextDue(by limit: Instant) -> Instant? {
        let timers = nodes.lazy.map(\.dataplane.nextTimer).min() ?? .distantFuture
        let due = min(events.nextTime, timers)
        return due <= limit ? due : nil
    }

    private func fireTimers(at time: Instant) {
        for (index, node) in nodes.enumerated() where node.dataplane.nextTimer <= time {
            node.dataplane.advance(to: time)
            collect(index)
        }
    }

    private func handle(_ event: Event) {
        switch event {
        case .node(let index, let interface, let frame):
            frame.withUnsafeBytes { nodes[index].dataplane.receive($0, on: interface, at: now) }
            collect(index)
        case .endpoint(let endpoint, let frame):
            onArrival?(endpoint, frame)
        }
    }

    /// Takes what a node sent and puts it on its way.
    func collect(_ index: Int) {
        let node = nodes[index]
        if node.dataplane.isTracing {
            let story = node.dataplane.takeTrace()
            if !story.isEmpty { onTrace?(index, story) }
        }
        var sent: [(UInt16, [UInt8])] = []
        node.dataplane.takeOutputs { sent.append(($0.interface, Array($0.bytes))) }
        for (interface, frame) in sent {
            if let pod = podByVeth[index][interface] {
                events.push(.endpoint(.pod(pod), frame: frame), at: now)
            } else {
                switchFrame(frame, from: index)
            }
        }
    }

    /// The underlay's switch: to the node that has the address, to the router, or to all.
    private func switchFrame(_ frame: [UInt8], from source: Int?) {
        guard frame.count >= 14 else { return }
        let destination = MACAddress(frame[0..<6].reduce(0) { $0 << 8 | UInt64($1) })
        var arrivals = [now]
        if let source { arrivals = nodeLinks[source].up.arrivals(bytes: frame.count, at: now, chance: &chance) }
        for time in arrivals {
            if destination == PlanMAC.gateway {
                events.push(.endpoint(.outside, frame: frame), at: time)
            } else if let target = nodeByMAC[destination] {
                deliver(frame, to: target, at: time)
            } else if destination.isGroup {
                for target in nodes.indices where target != source { deliver(frame, to: target, at: time) }
                answerARP(frame, from: source, at: time)
            } else {
                unknownDestination += 1
            }
        }
    }

    private func deliver(_ frame: [UInt8], to target: Int, at time: Instant) {
        guard let interface = nodes[target].dataplane.interfaceIndex(ClusterPlan.Device.underlay) else { return }
        for arrival in nodeLinks[target].down.arrivals(bytes: frame.count, at: time, chance: &chance) {
            events.push(.node(target, interface: interface, frame: frame), at: arrival)
        }
    }

    /// The router answers for every address that no node has: clients on the nodes' own network live behind it too.
    private func answerARP(_ frame: [UInt8], from source: Int?, at time: Instant) {
        guard let source, frame.count >= 42, frame[12] == 8, frame[13] == 6, frame[21] == 1 else { return }
        guard let wanted = IPAddress(bytes: frame[38..<42]), !plan.nodes.contains(where: { $0.addresses.contains(wanted) })
        else { return }
        var reply = Array(frame[0..<42])
        let router = (0..<6).map { UInt8(truncatingIfNeeded: PlanMAC.gateway.value >> (40 - 8 * UInt64($0))) }
        reply.replaceSubrange(0..<6, with: frame[6..<12])
        reply.replaceSubrange(6..<12, with: router)
        reply[21] = 2
        reply.replaceSubrange(22..<28, with: router)
        reply.replaceSubrange(28..<32, with: frame[38..<42])
        reply.replaceSubrange(32..<38, with: frame[22..<28])
        reply.replaceSubrange(38..<42, with: frame[28..<32])
        deliver(reply, to: source, at: time)
    }
}

/// A node of a cluster.
public struct SimulatedNode {
    public let name: String
    public let dataplane: Dataplane
}
