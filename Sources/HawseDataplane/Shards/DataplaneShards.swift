import HawseModel
import HawseWire

/// One node's flows dealt out to several dataplanes that work side by side, a thread each.
///
/// Of an order-free program the result is that of one dataplane: every frame in the same order, every counter and every
/// connection. A program that is not (`dependences`) runs on one shard unless an approximate result will do.
///
/// Not thread-safe itself: one owner drives it, as a `Dataplane`.
public final class DataplaneShards {
    /// How many shards there are: one if the program's result depends on the order of all packets.
    public let count: Int
    /// What ties flows together in this program.
    public let dependences: [OrderDependence]
    public let isApproximate: Bool
    /// What packets have met that depends on the order of all of them, though the program alone does not: the result may
    /// differ from that of one shard. `nil`: it is the same. Always `nil` with one shard.
    public private(set) var orderEvent: OrderDependence?

    private let shards: [Dataplane]
    private let map: ShardMap
    private let threads: ShardThreads
    private let owners: UnsafeMutablePointer<UInt8>
    private let hands: ShardHands
    private var ordinal: UInt64 = 0
    private var clock = Instant.zero
    private var datagrams = DatagramOwners()

    /// Frames that are dealt out at a time. Threads wait for each other at the end of each round: fewer, larger rounds.
    static let round = 1 << 14

    public init(
        _ spec: NodeSpec, count: Int, seed: UInt64 = 0, isApproximate: Bool = false
    ) throws(DataplaneError) {
        dependences = OrderDependence.all(of: spec)
        self.isApproximate = isApproximate
        let count = isApproximate || dependences.isEmpty ? min(max(count, 1), ShardMap.most) : 1
        self.count = count
        let first = try Dataplane(spec, seed: seed)
        var shards = [first]
        for number in 1..<max(count, 1) {
            // Exact shards draw nothing; approximate ones are not to draw the same.
            let own = isApproximate ? seed &+ UInt64(number) &* 0x9e37_79b9_7f4a_7c15 : seed
            shards.append(try Dataplane(spec, seed: own))
        }
        map = ShardMap(spec, count: count, node: first)
        if isApproximate, count > 1 {
            for (number, shard) in shards.enumerated() {
                shard.node.pointee.connections.shard = ShardPlace(map: map, number: UInt8(number))
            }
        }
        threads = ShardThreads(count: count)
        owners = .allocate(capacity: Self.round)
        hands = ShardHands(count: count)
        self.shards = shards
    }

    deinit {
        threads.end()
        map.deallocate()
        owners.deallocate()
        hands.deallocate()
    }

    /// The first shard: it alone has packets that belong to no flow. For what is the same in all: names, devices.
    public var first: Dataplane { shards[0] }

    /// Frames in the order of their arrival.
    public func receive(_ frames: UnsafeBufferPointer<InputFrame>) {
        guard count > 1 else { return shards[0].receive(frames) }
        var start = 0
        while start < frames.count {
            let end = min(start + Self.round, frames.count)
            deal(UnsafeBufferPointer(rebasing: frames[start..<end]))
            start = end
        }
    }

    /// A local process sends an IP packet.
    public func send(_ packet: UnsafeRawBufferPointer, at now: Instant) {
        guard count > 1 else { return shards[0].send(packet, at: now) }
        let owner = map.owner(ofPacket: packet)
        if owner == ShardMap.fragment { note(OrderDependence("a local process", "sends fragments")) }
        clock = max(clock, now)
        for (number, shard) in shards.enumerated() {
            shard.node.pointee.frameOrdinal = ordinal
            if number == Int(owner == ShardMap.fragment ? 0 : owner) { shard.send(packet, at: clock) } else { shard.advance(to: clock) }
        }
        ordinal &+= 1
        for shard in shards { shard.node.pointee.frameOrdinal = ordinal }
        watch(1)
    }

    /// Lets time pass on all shards.
    public func advance(to now: Instant) {
        clock = max(clock, now)
        for shard in shards { shard.advance(to: now) }
        watch(0)
    }

    // MARK: Dealing out

    private func deal(_ frames: UnsafeBufferPointer<InputFrame>) {
        let (owners, hands, map) = (owners, hands, map)
        threads.run { number in hands.deal(frames, owners, part: number, map) }
        let (shards, ordinal, clock) = (shards, ordinal, clock)
        if hands.isPlain(frames, after: clock) {
            threads.run { number in shards[number].receiveHand(frames, hands, number, after: ordinal) }
        } else {
            if let event = datagrams.assign(owners, frames, map) { note(event) }
            threads.run { number in
                shards[number].receiveShare(frames, owners, UInt8(number), after: ordinal, clock)
            }
        }
        self.ordinal &+= UInt64(frames.count)
        self.clock = shards[0].node.pointee.now
        watch(frames.count)
    }

    private func note(_ event: OrderDependence) { if orderEvent == nil, !isApproximate { orderEvent = event } }

    private func watch(_ arrived: Int) {
        guard count > 1, !isApproximate, orderEvent == nil else { return }
        var connections = 0
        for shard in shards {
            if let event = shard.orderEvent { return note(event) }
            connections += shard.node.pointee.connections.count
        }
        let most = shards[0].node.pointee.connections.settings.maximum
        if most > 0, connections + Self.round > most { note(OrderDependence("conntrack", "the table of connections is nearly full")) }
    }

    // MARK: Results

    /// Frames that have left since the last call, in the order of one dataplane.
    public func takeOutputs(_ body: (OutputFrame) throws -> Void) rethrows {
        guard count > 1 else { return try shards[0].takeOutputs(body) }
        defer { for shard in shards { shard.node.pointee.outputs.removeAll() } }
        var cursors = shards.map { OutputCursor(node: $0.node) }
        while true {
            var next = -1
            for index in cursors.indices where !cursors[index].isAtEnd {
                if next < 0 || cursors[index].key < cursors[next].key { next = index }
            }
            guard next >= 0 else { return }
            try body(cursors[next].take())
        }
    }

    /// Whether frames that leave are kept for `takeOutputs`.
    public var keepsOutputs: Bool {
        get { shards[0].keepsOutputs }
        set { for shard in shards { shard.keepsOutputs = newValue } }
    }

    public var usesFlowCache: Bool {
        get { shards[0].usesFlowCache }
        set { for shard in shards { shard.usesFlowCache = newValue } }
    }

    public var outcomes: OutcomeCounts {
        shards.dropFirst().reduce(into: shards[0].outcomes) { $0 += $1.outcomes }
    }

    public func connections() -> [ConnectionListing] { shards.flatMap { $0.connections() } }

    /// The family's tables with the counters of all shards.
    public func ruleSet(_ family: AddressFamily) -> RuleSet {
        shards.dropFirst().reduce(into: shards[0].ruleSet(family)) { $0.addCounters(of: $1.ruleSet(family)) }
    }

    public func sets() -> [IPSet] { shards[0].sets() }

    /// Seconds of CPU that each shard's thread has spent on packets, dealing out included.
    public var busySeconds: [Double] { (0..<count).map { Double(threads.busy[$0]) / 1e9 } }
}

/// Which shard a node is, for those who choose ports.
struct ShardPlace {
    let map: ShardMap
    let number: UInt8

    /// Whether packets of this reply would go to another shard, now that the source is no longer the client's.
    func loses(_ reply: Tuple, of original: Tuple) -> Bool {
        reply.destination != original.source && map.owner(reply) != number
    }
}

/// A shard's outputs from the first on. A frame stands behind all that were caused before its own cause.
private struct OutputCursor {
    let node: UnsafeMutablePointer<NodeState>
    private var index = 0
    private(set) var key: UInt64 = 0

    init(node: UnsafeMutablePointer<NodeState>) {
        self.node = node
        raiseKey()
    }

    var isAtEnd: Bool { index >= node.pointee.outputs.count }

    private mutating func raiseKey() {
        if !isAtEnd { key = max(key, node.pointee.outputs[index].entry.cause) }
    }

    mutating func take() -> OutputFrame {
        let (entry, bytes) = node.pointee.outputs[index]
        index += 1
        raiseKey()
        return OutputFrame(interface: entry.interface, cause: entry.cause, time: entry.time, mark: entry.mark, bytes: bytes)
    }
}

/// The shards of datagrams that come in fragments: only the first fragment has ports.
private struct DatagramOwners {
    private var known: [ShardMap.Datagram: (owner: UInt8, isGuess: Bool)] = [:]
    private static let most = 1 << 16

    /// Gives each fragment of a round the shard of its datagram's first fragment, wherever that stands in the round. One that
    /// came a round earlier than the first decides for it, which one dataplane would not have done.
    mutating func assign(
        _ owners: UnsafeMutablePointer<UInt8>, _ frames: UnsafeBufferPointer<InputFrame>, _ map: ShardMap
    ) -> OrderDependence? {
        var event: OrderDependence?
        var ahead: [ShardMap.Datagram: UInt8]?
        for index in 0..<frames.count where owners[index] == ShardMap.fragment {
            let (key, first) = map.datagram(frames[index].bytes, on: frames[index].interface)
            if let first {
                if let guess = known[key], guess.isGuess, guess.owner != first {
                    event = OrderDependence("fragments", "the first fragment came long after another one")
                    owners[index] = guess.owner
                } else {
                    known[key] = (first, false)
                    owners[index] = first
                }
                continue
            }
            if let owner = known[key]?.owner {
                owners[index] = owner
                continue
            }
            if known.count >= Self.most { known.removeAll() }
            if ahead == nil { ahead = Self.firstFragments(owners, frames, map, from: index) }
            let owner = ahead?[key]
            known[key] = (owner ?? 0, owner == nil)
            owners[index] = owner ?? 0
        }
        return event
    }

    private static func firstFragments(
        _ owners: UnsafeMutablePointer<UInt8>, _ frames: UnsafeBufferPointer<InputFrame>, _ map: ShardMap, from start: Int
    ) -> [ShardMap.Datagram: UInt8] {
        var found: [ShardMap.Datagram: UInt8] = [:]
        for index in start..<frames.count where owners[index] == ShardMap.fragment {
            let (key, first) = map.datagram(frames[index].bytes, on: frames[index].interface)
            if let first, found[key] == nil { found[key] = first }
        }
        return found
    }
}
