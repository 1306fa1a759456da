import HawseModel
import HawseWire

/// Everything a node knows, behind one pointer: the walk's only argument besides the packet. Tables own memory
/// that they allocated themselves; growth and release are theirs.
struct NodeState: ~Copyable {
    var now: Instant = .zero
    /// Frames from outside so far: names the cause of what the node sends.
    var frameOrdinal: UInt64 = 0
    /// Counts changes of configuration: what was prepared before the last one is refused.
    var generation: UInt64 = 0

    var pool = PacketPool()
    var work = WorkList()
    var outputs = OutputQueue()
    var outcomes = Outcomes()

    var interfaces: InterfaceTable
    var settings: NodeSettings
    var routing: RoutingState
    var neighbours: NeighbourTable
    var bridges: BridgeTable
    var vxlan: VXLANTable
    var reassembly = Reassembly()
    var sockets: SocketTable
    var limits: RateLimits

    /// Netfilter of each family.
    var netfilter4: UnsafeMutablePointer<NetfilterFamily>
    var netfilter6: UnsafeMutablePointer<NetfilterFamily>
    var sets: SetTable
    /// Lists and buckets that rules share by name.
    var named: NamedState
    /// Linear evaluation, to compare the classifier with.
    var classifiersOff = false
    /// Decides about NFQUEUE's packets.
    var queueListener: ((UInt16, UnsafeRawBufferPointer) -> QueueVerdict)?
    /// The node's processes, when somebody plays them.
    var processes: ((UnsafeRawBufferPointer) -> Bool)?
    var connections: ConnectionTable
    var ipvs: IPVSState

    /// The nft backend runs nat before security at INPUT; the legacy backend the other way round.
    var natBeforeSecurity = false

    var chance: ChanceStreams
    var portDraws = PortDraws()
    var cookieShifts = CookieShifts()
    /// `net_secret` of SYN cookies.
    var cookieKey = SipHash(key0: 0, key1: 0)
    var timers = TimerQueue()
    var trace = TraceLog()
    /// Ways that known flows take.
    var flows = FlowCache()

    @inline(__always)
    func netfilter(_ packet: PacketRef) -> UnsafeMutablePointer<NetfilterFamily> {
        packet.pointee.version == 6 ? netfilter6 : netfilter4
    }
}

/// Chance, one stream per purpose, all from one seed.
struct ChanceStreams: Hashable {
    var natPort: RandomStream
    var statistic: RandomStream
    var ipIdentification: RandomStream
    var vxlanPort: RandomStream
    var ipvs: RandomStream
    var hashSeed: RandomStream

    init(seed: UInt64) {
        natPort = RandomStream(seed: seed, purpose: "nat-port")
        statistic = RandomStream(seed: seed, purpose: "statistic")
        ipIdentification = RandomStream(seed: seed, purpose: "ip-identification")
        vxlanPort = RandomStream(seed: seed, purpose: "vxlan-port")
        ipvs = RandomStream(seed: seed, purpose: "ipvs")
        hashSeed = RandomStream(seed: seed, purpose: "hash-seed")
    }
}

/// Packets by outcome: how often each end was reached.
struct Outcomes {
    private var transmitted: UInt64 = 0
    private var delivered: UInt64 = 0
    private var consumed: UInt64 = 0
    /// By the reason's place among `DropReason.allCases`.
    private let dropped: UnsafeMutablePointer<UInt64>

    init() {
        dropped = .allocate(capacity: DropReason.allCases.count)
        dropped.initialize(repeating: 0, count: DropReason.allCases.count)
    }

    func deallocate() { dropped.deallocate() }

    @inline(__always)
    mutating func count(_ disposition: Disposition) {
        switch disposition {
        case .transmitted: transmitted &+= 1
        case .delivered: delivered &+= 1
        case .consumed: consumed &+= 1
        case .dropped(let reason): dropped[reason.ordinal] &+= 1
        case .pending: dropped[DropReason.loop.ordinal] &+= 1
        }
    }

    var counts: OutcomeCounts {
        var counts = OutcomeCounts()
        counts.transmitted = transmitted
        counts.delivered = delivered
        counts.consumed = consumed
        for reason in DropReason.allCases where dropped[reason.ordinal] > 0 { counts.dropped[reason] = dropped[reason.ordinal] }
        return counts
    }
}

extension DropReason {
    /// Its place among all cases: an enumeration without payload is that number in memory.
    @inline(__always) var ordinal: Int { Int(unsafeBitCast(self, to: UInt8.self)) }
}

/// How many packets ended how.
public struct OutcomeCounts: Hashable, Sendable {
    public var transmitted: UInt64 = 0
    public var delivered: UInt64 = 0
    public var consumed: UInt64 = 0
    public var dropped: [DropReason: UInt64] = [:]

    public init() {}

    /// Reasons with their counts, the most frequent first, then by name.
    public var drops: [(reason: DropReason, count: UInt64)] {
        dropped.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key.rawValue < $1.key.rawValue }
            .map { ($0.key, $0.value) }
    }

    /// What Linux would have written into its log about these drops, as people look for it, and how often it happened
    /// (the kernel writes it less often).
    public var kernelLog: [(message: String, count: UInt64)] {
        dropped[.conntrackFull].map { [("nf_conntrack: nf_conntrack: table full, dropping packet", $0)] } ?? []
    }
}
