import HawseModel
import HawseWire

/// One node's dataplane: frames in, frames out, as Linux would have done it.
///
/// Not thread-safe: one owner drives it. Time is what the caller says it is; the same spec, seed and frames give the
/// same bytes.
public final class Dataplane {
    let node: UnsafeMutablePointer<NodeState>
    public internal(set) var spec: NodeSpec
    let seed: UInt64
    /// Routes and entries in common with other nodes.
    public private(set) var shared: SharedNetwork.View?
    /// Compiled rules in common with other nodes, kept as long as this one has copies of them.
    private let programs: SharedPrograms?
    /// With tracing on, `takeTrace()` has the story of every packet; output is the same bytes either way.
    @exclusivity(unchecked)
    public var isTracing = false

    /// `keepsRuleCounters`: rules begin with the counters that stand in the spec (`iptables-restore -c`), else with zero.
    public convenience init(
        _ spec: NodeSpec, seed: UInt64 = 0, keepsRuleCounters: Bool = false
    ) throws(DataplaneError) {
        try self.init(spec, seed: seed, keepsRuleCounters: keepsRuleCounters, shared: nil)
    }

    /// `shared`: what the node has besides, in common with others. `programs`: rules that it may have in common; what
    /// `spec` says of rules is then to be had from `wholeSpec`.
    public init(
        _ spec: NodeSpec, seed: UInt64 = 0, keepsRuleCounters: Bool = false, shared: SharedNetwork.View?,
        programs: SharedPrograms? = nil
    ) throws(DataplaneError) {
        self.programs = programs
        self.spec = spec
        self.seed = seed
        self.shared = shared
        let interfaces = InterfaceTable(spec.interfaces, sysctls: spec.sysctls)
        let tables = shared.map { SharedTables($0, interfaces: interfaces) }
        let sets: SetTable
        do {
            sets = try SetTable(spec.sets, interfaces: interfaces, seed: seed)
        } catch {
            interfaces.deallocate()
            throw error
        }
        let family4 = UnsafeMutablePointer<NetfilterFamily>.allocate(capacity: 1)
        let family6 = UnsafeMutablePointer<NetfilterFamily>.allocate(capacity: 1)
        family4.initialize(to: NetfilterFamily(family: .ipv4))
        family6.initialize(to: NetfilterFamily(family: .ipv6))
        node = .allocate(capacity: 1)
        node.initialize(
            to: NodeState(
                interfaces: interfaces, settings: NodeSettings(spec.sysctls),
                routing: RoutingState(spec, interfaces: interfaces, shared: tables),
                neighbours: NeighbourTable(
                    spec.neighbors, interfaces: interfaces, sysctls: spec.sysctls, shared: tables),
                bridges: BridgeTable(spec, interfaces: interfaces),
                vxlan: VXLANTable(spec, interfaces: interfaces, seed: seed, shared: tables),
                sockets: SocketTable(spec.listeners), limits: RateLimits(spec.sysctls), netfilter4: family4, netfilter6: family6,
                sets: sets, named: NamedState(seed: seed),
                connections: ConnectionTable(spec.sysctls, policies: spec.timeouts, seed: seed),
                ipvs: IPVSState(spec.ipvs, sysctls: spec.sysctls, seed: seed), chance: ChanceStreams(seed: seed)))
        var cookies = RandomStream(seed: seed, purpose: "syn-cookie")
        node.pointee.cookieKey = SipHash(key0: cookies.next(), key1: cookies.next())
        try loadRules(keepsCounters: keepsRuleCounters, programs: programs)
        for service in spec.ipvs?.services ?? [] {
            do throws(IPVSCommandError) {
                try node.pointee.ipvs.addService(service)
            } catch {
                throw DataplaneError("virtual service \(service.key): \(error)")
            }
        }
        settleHelperTracking()
    }

    deinit {
        node.pointee.pool.deallocate()
        node.pointee.work.deallocate()
        node.pointee.portDraws.deallocate()
        node.pointee.cookieShifts.deallocate()
        node.pointee.outputs.deallocate()
        node.pointee.interfaces.deallocate()
        node.pointee.routing.deallocate()
        node.pointee.neighbours.deallocate()
        node.pointee.bridges.deallocate()
        node.pointee.vxlan.deallocate()
        node.pointee.reassembly.deallocate()
        node.pointee.netfilter4.pointee.deallocate()
        node.pointee.netfilter6.pointee.deallocate()
        node.pointee.netfilter4.deallocate()
        node.pointee.netfilter6.deallocate()
        node.pointee.flows.deallocate()
        node.pointee.trace.deallocate()
        node.pointee.outcomes.deallocate()
        node.pointee.sets.deallocate()
        node.pointee.named.deallocate()
        node.pointee.connections.deallocate()
        node.pointee.ipvs.deallocate()
        node.deinitialize(count: 1)
        node.deallocate()
    }

    /// Goes on to another view of what the node has in common with others, between packets.
    public func follow(_ view: SharedNetwork.View?) {
        node.pointee.flows.invalidate()
        let tables = view.map { SharedTables($0, interfaces: node.pointee.interfaces) }
        node.pointee.routing.update(spec, interfaces: node.pointee.interfaces, shared: tables)
        node.pointee.neighbours.follow(tables)
        node.pointee.vxlan.follow(tables)
        shared = view
    }

    /// The spec with everything that the node has in common with others.
    public var wholeSpec: NodeSpec {
        var whole = spec
        shared?.addAll(to: &whole)
        if programs != nil {
            if !tables(.ipv4).isEmpty { whole.iptables = ruleSet(.ipv4).withZeroCounters }
            if !tables(.ipv6).isEmpty { whole.ip6tables = ruleSet(.ipv6).withZeroCounters }
        }
        return whole
    }

    /// Whether packets of known flows may take the short way. Every byte and counter is the same with it on or off.
    public var usesFlowCache: Bool {
        get { node.pointee.flows.isEnabled }
        set {
            node.pointee.flows.invalidate()
            node.pointee.flows.isEnabled = newValue
        }
    }

    /// Index of an interface by name; `nil` when the node has none of that name.
    public func interfaceIndex(_ name: String) -> UInt16? { node.pointee.interfaces.index(of: name) }
    public func interfaceName(_ index: UInt16) -> String { node.pointee.interfaces.name(index) }

    /// A frame (Ethernet, or bare IP on a `tun` device) arrives on an interface. What leaves is in the output queue.
    public func receive(_ frame: UnsafeRawBufferPointer, on interface: UInt16, at now: Instant) {
        advance(to: now)
        node.pointee.frameOrdinal &+= 1
        if isTracing {
            Walk<Traced>(node: node).enter(frame, interface)
        } else {
            Walk<Plain>(node: node).enter(frame, interface)
        }
    }

    /// A local process sends an IP packet, as through a raw socket with its own header.
    public func send(_ packet: UnsafeRawBufferPointer, at now: Instant, uid: Int32 = 0, gid: Int32 = 0) {
        advance(to: now)
        node.pointee.frameOrdinal &+= 1
        if isTracing {
            Walk<Traced>(node: node).enterLocal(packet, uid: uid, gid: gid)
        } else {
            Walk<Plain>(node: node).enterLocal(packet, uid: uid, gid: gid)
        }
    }

    /// How far time has come.
    public var now: Instant { node.pointee.now }

    /// When the next timer is due; `distantFuture` when none is armed.
    public var nextTimer: Instant { node.pointee.timers.next }

    /// Lets time pass: timers due on the way fire in order.
    public func advance(to now: Instant) {
        if node.pointee.now == .zero { node.pointee.sets.beginLives(at: now) }
        while let timer = node.pointee.timers.popDue(now) {
            node.pointee.now = max(node.pointee.now, timer.due)
            if isTracing {
                Walk<Traced>(node: node).fire(timer)
            } else {
                Walk<Plain>(node: node).fire(timer)
            }
        }
        node.pointee.now = max(node.pointee.now, now)
        if node.pointee.ipvs.needsAdvance(node.pointee.now) {
            node.pointee.ipvs.advance(to: node.pointee.now, node)
            sendSyncMessages()
        }
    }

    private func sendSyncMessages() {
        guard node.pointee.ipvs.sync.isMaster else { return }
        if isTracing { Walk<Traced>(node: node).sendSync() } else { Walk<Plain>(node: node).sendSync() }
    }

    /// Frames that have left since the last call: handed to `body` in order, then forgotten.
    public func takeOutputs(_ body: (OutputFrame) throws -> Void) rethrows {
        defer { node.pointee.outputs.removeAll() }
        for i in 0..<node.pointee.outputs.count {
            let (entry, bytes) = node.pointee.outputs[i]
            try body(
                OutputFrame(
                    interface: entry.interface, cause: entry.cause, time: entry.time, mark: entry.mark, bytes: bytes))
        }
    }

    /// Frames that wait to be taken.
    public var outputCount: Int { node.pointee.outputs.count }

    /// While tracing, also record the frames at every device, for captures with many vantage points.
    public var isTapping: Bool {
        get { node.pointee.trace.keepsFrames }
        set { node.pointee.trace.keepsFrames = newValue }
    }

    /// Whether frames that leave are kept for `takeOutputs`. Off, they are only counted: for measuring.
    public var keepsOutputs: Bool {
        get { node.pointee.outputs.keepsFrames }
        set { node.pointee.outputs.keepsFrames = newValue }
    }

    /// Names of the node's devices, by index; index 0 is unused.
    public var interfaceNames: [String] { node.pointee.interfaces.names }

    /// Packets by outcome since the node was made.
    public var outcomes: OutcomeCounts { node.pointee.outcomes.counts }
}

/// A frame that left the node. `bytes` are valid only inside the callback.
public struct OutputFrame {
    public let interface: UInt16
    /// Ordinal (from 1) of the frame or local packet that caused it.
    public let cause: UInt64
    public let time: Instant
    public let mark: UInt32
    public let bytes: UnsafeRawBufferPointer
}

/// Why a node cannot be built from its spec.
public struct DataplaneError: Error, Hashable, CustomStringConvertible {
    public var location: SourceLocation?
    public var message: String
    public init(_ message: String, at location: SourceLocation? = nil) {
        self.message = message
        self.location = location
    }
    public var description: String { location.map { "\($0): \(message)" } ?? message }
}
