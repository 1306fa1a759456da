import HawseControl
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
        case action(() -> Void)
    }

    public internal(set) var plan: ClusterPlan
    public internal(set) var positions: PlanIndex
    public internal(set) var now: Instant = .zero
    public let nodes: [SimulatedNode]
    /// flanneld on every node.
    public let flannel: FlannelNetwork
    /// Called for each frame that arrives at a pod or outside.
    public var onArrival: ((Endpoint, [UInt8]) -> Void)?
    /// Called for each node that did something, with its story when tracing.
    public var onTrace: ((Int, [TraceEvent]) -> Void)?
    /// Called for each frame that a node puts on the underlay, before its wire does anything to it.
    public var onTransmit: ((Int, [UInt8]) -> Void)?
    /// Commands of the fault plan that a node did not take, with the reason.
    public internal(set) var refusedCommands: [String] = []
    /// Called for each frame that a pod sends.
    public var onPost: ((Int, [UInt8]) -> Void)?
    /// Called for each frame that a client outside sends to a node.
    public var onPostOutside: ((Int, [UInt8]) -> Void)?
    /// Called once for each node that is made.
    public var onBuild: ((SimulatedNode) -> Void)?

    /// The sockets of kube-proxy's userspace mode on a node; `nil` in other modes.
    public internal(set) var userspaceSockets: ((Int) -> [UserspaceProxy])? {
        didSet { relay = userspaceSockets.map { PacketRelay(self, sockets: $0) } }
    }
    private var relay: PacketRelay?

    var events = EventQueue<Event>()
    /// When nodes' timers are due. An entry counts as long as it is what its node says itself.
    private var timers = EventQueue<Int>()
    private var armed: [Int: Instant] = [:]
    /// From each node to the switch and back.
    var nodeLinks: [Int: (up: Link, down: Link)] = [:]
    var chance: RandomStream
    /// Nodes that have a dataplane, in order: only they have timers.
    private var active: [Int] = []
    private var podByVeth: [Int: [UInt16: Int]] = [:]
    private var underlayPort: [Int: UInt16] = [:]
    /// Devices of a node that lead into a tunnel which is only modelled.
    private var tunnelPorts: [Int: [UInt16]] = [:]
    /// Frames of the underlay that nobody has an address for.
    public internal(set) var unknownDestination: UInt64 = 0
    /// What is wrong with the first node that could not be built as its spec wants it.
    public private(set) var failure: DataplaneError?
    /// Frames lost because a node was off.
    public internal(set) var lostAtGoneNodes: UInt64 = 0

    /// `makeSpec` describes a node but for what it knows of its peers, which all nodes have in common; it is asked when
    /// the node is first needed.
    public init(_ plan: ClusterPlan, seed: UInt64 = 0, makeSpec: @escaping (Int, PlanIndex) -> HawseModel.NodeSpec) {
        self.plan = plan
        let positions = PlanIndex(plan)
        let flannel = FlannelNetwork(plan)
        self.positions = positions
        self.flannel = flannel
        chance = RandomStream(seed: seed, purpose: "links")
        let programs = SharedPrograms()
        nodes = plan.nodes.enumerated().map { index, node in
            SimulatedNode(name: node.name, index: index, seed: seed, programs: programs) { index in
                (makeSpec(index, positions), flannel.join(index))
            }
        }
        for node in nodes { node.onBuild = { [unowned self] in built($0) } }
    }

    /// Specs made beforehand; every node is built at once, and the first that cannot be is thrown.
    public convenience init(_ plan: ClusterPlan, specs: [HawseModel.NodeSpec], seed: UInt64 = 0) throws(DataplaneError) {
        self.init(plan, seed: seed) { index, _ in specs[index] }
        try buildAll()
    }

    /// Builds every node now; throws what is wrong with the first that cannot be.
    public func buildAll() throws(DataplaneError) {
        for node in nodes {
            _ = node.dataplane
            if let failure = node.failure { throw failure }
        }
    }

    private func built(_ node: SimulatedNode) {
        let index = node.index
        if let wrong = node.failure, failure == nil { failure = wrong }
        node.dataplane.isTracing = isTracing
        node.dataplane.isTapping = isTapping
        node.dataplane.tellsEveryMiss = tellsEveryMiss
        var veths: [UInt16: Int] = [:]
        for number in positions.pods(of: index) where !plan.pods[number].isHostNetwork {
            if let port = node.dataplane.interfaceIndex(ClusterPlan.Device.veth(number)) { veths[port] = number }
        }
        podByVeth[index] = veths
        underlayPort[index] = node.dataplane.interfaceIndex(ClusterPlan.Device.underlay)
        if tunnelPort(.ipv4) != nil {
            tunnelPorts[index] = Self.tunnelDevices.compactMap { node.dataplane.interfaceIndex($0) }
        }
        active.insert(index, at: active.firstIndex { $0 > index } ?? active.count)
        node.dataplane.advance(to: now)
        relay?.attach(index, node.dataplane)
        onBuild?(node)
    }

    public var isTracing = false {
        didSet { for index in active { nodes[index].dataplane.isTracing = isTracing } }
    }

    /// While tracing, also records the frames at every device.
    public var isTapping = false {
        didSet { for index in active { nodes[index].dataplane.isTapping = isTapping } }
    }

    /// While tracing, also tells of rules that did not match by their addresses, devices or protocol.
    public var tellsEveryMiss = false {
        didSet { for index in active { nodes[index].dataplane.tellsEveryMiss = tellsEveryMiss } }
    }

    /// Nodes built so far.
    public var builtNodes: [SimulatedNode] { active.map { nodes[$0] } }

    /// Lets time pass: everything due on the way happens in order.
    public func advance(to limit: Instant) {
        let passes = limit > now
        if passes { for index in active { watchTimer(index) } }
        while let next = nextDue(by: limit) {
            now = max(now, next)
            if let (_, event) = events.pop(dueBy: next) { handle(event) } else { fireTimer(dueBy: next) }
        }
        guard passes else { return }
        now = max(now, limit)
        for index in active where !nodes[index].isGone {
            nodes[index].dataplane.advance(to: now)
            collect(index)
        }
    }

    /// Notes when the node's next timer is due.
    private func watchTimer(_ index: Int) {
        let next = nodes[index].dataplane.nextTimer
        guard next < .distantFuture, !nodes[index].isGone, armed[index] != next else { return }
        armed[index] = next
        timers.push(index, at: next)
    }

    /// Calls `body` when its time has come, among the frames of that instant in the order of the calls.
    public func schedule(at time: Instant, _ body: @escaping () -> Void) {
        events.push(.action(body), at: max(time, now))
    }

    /// When something is due next.
    public var nextEvent: Instant { nextDue(by: .distantFuture) ?? .distantFuture }

    private func nextDue(by limit: Instant) -> Instant? {
        let due = min(events.nextTime, timers.nextTime)
        return due <= limit && due < .distantFuture ? due : nil
    }

    private func fireTimer(dueBy time: Instant) {
        guard let (due, index) = timers.pop(dueBy: time) else { return }
        if armed[index] == due { armed[index] = nil }
        guard !nodes[index].isGone else { return }
        if nodes[index].dataplane.nextTimer <= time {
            nodes[index].dataplane.advance(to: time)
            collect(index)
        } else {
            watchTimer(index)
        }
    }

    private func handle(_ event: Event) {
        switch event {
        case .node(let index, let interface, let frame):
            if nodes[index].isGone {
                lostAtGoneNodes += 1
                return
            }
            receive(frame, at: index, on: interface)
        case .endpoint(let endpoint, let frame):
            if case .pod(let number) = endpoint, let node = positions.node(named: plan.pods[number].node), nodes[node].isGone {
                lostAtGoneNodes += 1
                return
            }
            onArrival?(endpoint, frame)
        case .action(let body): body()
        }
    }

    private func receive(_ frame: [UInt8], at index: Int, on interface: UInt16) {
        let dataplane = nodes[index].dataplane
        let ports = tunnelPorts[index] ?? []
        let delivered = ports.isEmpty ? 0 : dataplane.outcomes.delivered
        frame.withUnsafeBytes { dataplane.receive($0, on: interface, at: now) }
        // What reached the tunnel's socket comes out of the tunnel's device.
        if !ports.isEmpty, dataplane.outcomes.delivered > delivered, let inner = decapsulated(frame) {
            let port = inner[0] >> 4 == 6 ? ports.last : ports.first
            if let port { inner.withUnsafeBytes { dataplane.receive($0, on: port, at: now) } }
        }
        collect(index)
    }

    /// Takes what a node sent and puts it on its way.
    func collect(_ index: Int) {
        let node = nodes[index]
        watchTimer(index)
        guard node.dataplane.isTracing || node.dataplane.outputCount > 0 else { return }
        if node.dataplane.isTracing {
            let story = node.dataplane.takeTrace()
            if !story.isEmpty { onTrace?(index, story) }
        }
        var sent: [(UInt16, [UInt8])] = []
        node.dataplane.takeOutputs { sent.append(($0.interface, Array($0.bytes))) }
        for (interface, frame) in sent {
            if let pod = podByVeth[index]?[interface] {
                events.push(.endpoint(.pod(pod), frame: frame), at: now)
            } else if underlayPort[index] == interface {
                onTransmit?(index, frame)
                switchFrame(frame, from: index)
            } else if tunnelPorts[index]?.contains(interface) == true {
                encapsulate(frame, from: index)
            }
        }
    }

    /// The underlay's switch: to the node that has the address, to the router, or to all.
    private func switchFrame(_ frame: [UInt8], from source: Int?) {
        guard frame.count >= 14 else { return }
        let destination = MACAddress(frame[0..<6].reduce(0) { $0 << 8 | UInt64($1) })
        var arrivals = [now]
        if let source, nodeLinks[source] != nil {
            arrivals = nodeLinks[source, default: (Link(), Link())].up.arrivals(bytes: frame.count, at: now, chance: &chance)
        }
        for time in arrivals {
            if destination == PlanMAC.gateway {
                events.push(.endpoint(.outside, frame: frame), at: time)
            } else if let target = PlanMAC.node(destination, count: nodes.count) {
                deliver(frame, to: target, at: time)
            } else if destination.isGroup {
                for target in groupMembers(of: frame) where target != source { deliver(frame, to: target, at: time) }
                answerARP(frame, from: source, at: time)
            } else {
                unknownDestination += 1
            }
        }
    }

    /// Who gets a broadcast: everybody; of a question for one node's address, that node alone when the cluster is large,
    /// since the others would only pass it over.
    private func groupMembers(of frame: [UInt8]) -> [Int] {
        if nodes.count > 256, frame.count >= 42, frame[12] == 8, frame[13] == 6,
            let wanted = IPAddress(bytes: frame[38..<42])
        {
            return positions.node(at: wanted).map { [$0] } ?? []
        }
        return Array(nodes.indices)
    }

    private func deliver(_ frame: [UInt8], to target: Int, at time: Instant) {
        if nodes[target].isGone {
            lostAtGoneNodes += 1
            return
        }
        _ = nodes[target].dataplane
        guard let interface = underlayPort[target] else { return }
        var arrivals = [time]
        if nodeLinks[target] != nil {
            arrivals = nodeLinks[target, default: (Link(), Link())].down.arrivals(bytes: frame.count, at: time, chance: &chance)
        }
        for arrival in arrivals { events.push(.node(target, interface: interface, frame: frame), at: arrival) }
    }

    /// The router answers for every address that no node has: clients on the nodes' own network live behind it too.
    private func answerARP(_ frame: [UInt8], from source: Int?, at time: Instant) {
        guard let source, frame.count >= 42, frame[12] == 8, frame[13] == 6, frame[21] == 1 else { return }
        guard let wanted = IPAddress(bytes: frame[38..<42]), positions.node(at: wanted) == nil else { return }
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
