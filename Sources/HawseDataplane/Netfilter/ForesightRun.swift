import CShims
import HawseModel
import HawseWire

/// Foresight for the first packets of batches, eight at a time: while the packets before them are walked, one stage with each.
/// What a stage fetches has a packet's time to come, and no more is on its way at once than a core keeps in flight.
struct ForesightRun {
    /// Frames that are followed side by side, and the stages that each of them goes through.
    static let group = 8

    private let foresight: Foresight
    private let steps: UnsafeMutablePointer<Foresight.Step>
    private var frames = UnsafeBufferPointer<InputFrame>(start: nil, count: 0)
    /// Which of them, by bit.
    private var wanted: UInt64 = 0
    /// As they will be when the group has been walked, and as they are expected before it.
    private var chance: Chance
    private var before: Chance

    private struct Chance: Equatable {
        var statistic: RandomStream
        var natPort: RandomStream

        @inline(__always)
        init(_ node: UnsafeMutablePointer<NodeState>) {
            statistic = node.pointee.chance.statistic
            natPort = node.pointee.chance.natPort
        }
    }

    init?(_ node: UnsafeMutablePointer<NodeState>, _ steps: UnsafeMutablePointer<Foresight.Step>) {
        guard let foresight = Foresight(node.pointee.netfilter4, .nat, .prerouting) else { return nil }
        self.foresight = foresight
        self.steps = steps
        chance = Chance(node)
        before = chance
    }

    /// The group of a batch that is followed from now on. `newcomers`: the batch's frames of interest.
    @inline(__always)
    mutating func begin(_ batch: UnsafeBufferPointer<InputFrame>, _ number: Int, _ newcomers: UInt64) {
        let start = min(number &* Self.group, batch.count)
        frames = UnsafeBufferPointer(rebasing: batch[start..<min(start &+ Self.group, batch.count)])
        wanted = newcomers >> UInt64(start) & 0xff
        before = chance
    }

    /// Whether the group in hand is the first of this batch, and the draws so far were those foreseen.
    @inline(__always)
    func hasFollowed(_ batch: UnsafeBufferPointer<InputFrame>, _ node: UnsafeMutablePointer<NodeState>) -> Bool {
        frames.baseAddress == batch.baseAddress && before == Chance(node)
    }

    /// All stages at once, for a batch that nobody has looked at.
    mutating func catchUp(
        _ batch: UnsafeBufferPointer<InputFrame>, _ newcomers: UInt64, _ node: UnsafeMutablePointer<NodeState>
    ) {
        chance = Chance(node)
        begin(batch, 0, newcomers)
        for stage in 0..<Self.group { run(stage, node) }
    }

    /// One stage of the group in hand.
    mutating func run(_ stage: Int, _ node: UnsafeMutablePointer<NodeState>) {
        guard wanted != 0 else { return }
        for index in 0..<frames.count {
            let step = steps + index
            if stage == 0 {
                step.initialize(to: Foresight.Step())
                if wanted >> UInt64(index) & 1 != 0, foresight.begin(frames[index], step) {
                    step.pointee.source = Self.sourceHash(frames[index])
                    node.pointee.connections.bySource.prefetch(step.pointee.source)
                }
                continue
            }
            guard let record = step.pointee.record else { continue }
            switch stage {
            case 1:
                foresight.fetchRule(step)
                let records = node.pointee.connections.records
                node.pointee.connections.bySource.prefetchNeighbour(step.pointee.source, in: records)
            case 2: foresight.enterChain(step, record)
            case 3: foresight.fetchRest(of: record, behind: 2)
            case 4:
                foresight.fetchRest(of: record, behind: 4)
                foresight.fetchOperations(of: record)
            case 5: foresight.choose(step, record, frames[index], &chance.statistic)
            case 6: foresight.fetchTargets(of: record)
            default: foreseeWay(frames[index], step, node)
            }
        }
    }

    /// The list of connections of this source, where NAT will look for one of its own.
    @inline(__always)
    private static func sourceHash(_ frame: InputFrame) -> UInt32 {
        guard let base = frame.bytes.baseAddress else { return 0 }
        return SourceList.mix(UInt64(base.loadBE32(at: 26)), base.loadBE16(at: 34), base.loadProtocol(at: 23))
    }

    /// Behind the rules: the route to the endpoint, and the places of the answers in the index. DNAT
    /// looks whether the endpoint's answer to the client is taken; a masqueraded connection's is to the node, at the port that
    /// will be drawn next.
    @inline(__always)
    private mutating func foreseeWay(
        _ frame: InputFrame, _ step: UnsafeMutablePointer<Foresight.Step>, _ node: UnsafeMutablePointer<NodeState>
    ) {
        guard let destination = foresight.destination(step.pointee), let base = frame.bytes.baseAddress else { return }
        let source = AddressBits(ipv4: base.loadBE32(at: 26))
        let target = AddressBits(ipv4: destination.address)
        let tag = RouteCache.inputTag(frame.interface, base.load8(at: 15) & 0xfc, isIPv4: true)
        node.pointee.routing.cache.prefetch(source, target, 0, tag)
        var reply = Tuple(
            source: target, destination: source, sourcePort: destination.port ?? base.loadBE16(at: 36),
            destinationPort: base.loadBE16(at: 34), ipProtocol: base.loadProtocol(at: 23), version: 4)
        node.pointee.connections.prefetch(node.pointee.connections.hash(reply, zone: 0))
        if step.pointee.isMarked {
            reply.destination = node.pointee.routing.sources.latest.address
            reply.destinationPort = UInt16(truncatingIfNeeded: 1024 + Int(UInt16(truncatingIfNeeded: chance.natPort.nextUInt32())) % 64512)
            node.pointee.connections.prefetch(node.pointee.connections.hash(reply, zone: 0))
        }
    }
}
