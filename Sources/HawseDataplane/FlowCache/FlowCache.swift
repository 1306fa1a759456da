import HawseModel
import HawseWire

/// Trajectories by number, all of one epoch. Whatever could send a known flow another way (rules, routes, neighbours,
/// forwarding entries, sets, virtual servers) ends the epoch; connections then find their number out of date.
struct FlowCache: ~Copyable {
    private static let numberBits: UInt32 = 14
    static let capacity = 1 << 14
    /// Frames that are prepared together: enough to hide a memory access behind the others, few enough for the cache.
    static let batch = 32
    /// Off: every packet takes the whole walk. Results are the same.
    var isEnabled = true
    /// 1 … 2¹⁸ − 1. 0: they are used up, and no connection may keep a word of theirs.
    private(set) var epoch: UInt32 = 1
    private(set) var count = 0
    /// Trajectories so far, of all epochs, whose packets lease their tunnel's connection.
    private var leaseCount: UInt64 = 0
    let trajectories: UnsafeMutablePointer<Trajectory>
    private var hits: UnsafeMutablePointer<TrajectoryHit>
    private var hitCapacity = 1 << 12
    private var hitTotal = 0
    /// Numbers + 1 by content, at least twice as many places as there are trajectories. Looked at once per flow and direction.
    private var slots: UnsafeMutablePointer<UInt16>
    private var slotMask = 63
    /// Of the frames that are about to be worked on, and of the batch behind them.
    let plans: UnsafeMutablePointer<FramePlan>
    /// Of the first packets that `ForesightRun` follows.
    let steps: UnsafeMutablePointer<Foresight.Step>
    /// A record outside the table, for rewriting the packets of flows that are not tracked.
    let stranger: ConnectionRef
    /// Packets of known flows so far whose trajectory is gone or has handed them on.
    private var followed = KnownFlowCounts()
    var recorder = PathRecorder()
    /// What came of the fast path for the frame that is about to be received.
    var outcome = FastOutcome.untried

    init() {
        trajectories = .allocate(capacity: Self.capacity)
        hits = .allocate(capacity: hitCapacity)
        stranger = .allocate(capacity: 1)
        stranger.initialize(to: Connection())
        plans = .allocate(capacity: 2 * Self.batch)
        steps = .allocate(capacity: ForesightRun.group)
        slots = .allocate(capacity: slotMask + 1)
        slots.initialize(repeating: 0, count: slotMask + 1)
    }

    func deallocate() {
        trajectories.deallocate()
        hits.deallocate()
        slots.deallocate()
        plans.deallocate()
        steps.deallocate()
        stranger.deallocate()
        recorder.deallocate()
    }

    /// The trajectory of a connection's word: epoch and number in 32 bits, 0 is none.
    @inline(__always)
    func trajectory(_ word: UInt32) -> UnsafeMutablePointer<Trajectory>? {
        guard word >> Self.numberBits == epoch, word != 0 else { return nil }
        return trajectories + Int(truncatingIfNeeded: word & (1 << Self.numberBits - 1))
    }

    /// Hands what has been counted on to the counters themselves. Before anybody reads one.
    mutating func flush() {
        for number in 0..<count {
            let way = trajectories + number
            guard way.pointee.packets > 0 else { continue }
            let packets = way.pointee.packets
            for index in Int(way.pointee.firstHit)..<Int(way.pointee.firstHit + way.pointee.hitCount) {
                let hit = hits[index]
                hit.counters.pointee.packets &+= packets
                hit.counters.pointee.bytes &+= way.pointee.bytes &+ UInt64(bitPattern: Int64(hit.offset)) &* packets
            }
            followed.add(packets, way.pointee.flags)
            way.pointee.packets = 0
            way.pointee.bytes = 0
        }
    }

    /// How many packets have gone the short way.
    mutating func counts() -> KnownFlowCounts {
        flush()
        return followed
    }

    /// Whether some way adds to one of these counters.
    func meets(_ isConcerned: (UnsafeMutablePointer<Counters>) -> Bool) -> Bool {
        for index in 0..<hitTotal where isConcerned(hits[index].counters) { return true }
        return false
    }

    /// Something has changed: forget all ways. Before the memory of any counter goes away.
    mutating func invalidate() {
        recorder.isVoid = true
        guard count > 0 else { return }
        flush()
        count = 0
        hitTotal = 0
        slots.update(repeating: 0, count: slotMask + 1)
        epoch = epoch == 1 << (32 - Self.numberBits) - 1 ? 0 : epoch + 1
    }

    /// After the last epoch: connections keep no words any more, and the first epoch begins again.
    mutating func beginAgain() { epoch = 1 }

    /// The word for a recorded way, new or known; 0 when there are too many.
    mutating func intern(_ way: Trajectory) -> UInt32 {
        let length = recorder.count
        if 2 * count > slotMask { growSlots() }
        var slot = Int(truncatingIfNeeded: hash(way, recorder.hits, length)) & slotMask
        while slots[slot] != 0 {
            let number = Int(slots[slot] - 1)
            if trajectories[number].isSameWay(way), Int(trajectories[number].hitCount) == length, hasRecordedHits(number) {
                return epoch << Self.numberBits | UInt32(number)
            }
            slot = (slot + 1) & slotMask
        }
        guard count < Self.capacity, hitTotal + length < 1 << 24 else { return 0 }
        if hitTotal + length > hitCapacity { growHits(length) }
        (hits + hitTotal).update(from: recorder.hits, count: length)
        var way = way
        way.firstHit = UInt32(hitTotal)
        way.hitCount = UInt32(length)
        hitTotal += length
        if way.tunnel.canLease {
            leaseCount += 1
            way.tunnel.lease(number: leaseCount)
        }
        (trajectories + count).initialize(to: way)
        count += 1
        slots[slot] = UInt16(count)
        return epoch << Self.numberBits | UInt32(count - 1)
    }

    private func hasRecordedHits(_ number: Int) -> Bool {
        let first = hits + Int(trajectories[number].firstHit)
        for index in 0..<recorder.count where first[index] != recorder.hits[index] { return false }
        return true
    }

    private func hash(_ way: Trajectory, _ hits: UnsafeMutablePointer<TrajectoryHit>, _ count: Int) -> UInt64 {
        var hash = way.hash
        for index in 0..<count {
            hash = (hash ^ UInt64(UInt(bitPattern: hits[index].counters))) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 29
        }
        return hash >> 20
    }

    /// Four times as many places.
    private mutating func growSlots() {
        slots.deallocate()
        slotMask = 4 * slotMask + 3
        slots = .allocate(capacity: slotMask + 1)
        slots.initialize(repeating: 0, count: slotMask + 1)
        for number in 0..<count {
            let way = trajectories[number]
            var slot = Int(truncatingIfNeeded: hash(way, hits + Int(way.firstHit), Int(way.hitCount))) & slotMask
            while slots[slot] != 0 { slot = (slot + 1) & slotMask }
            slots[slot] = UInt16(number + 1)
        }
    }

    private mutating func growHits(_ more: Int) {
        let capacity = max(hitCapacity * 2, hitTotal + more)
        let larger = UnsafeMutablePointer<TrajectoryHit>.allocate(capacity: capacity)
        larger.moveInitialize(from: hits, count: hitTotal)
        hits.deallocate()
        hits = larger
        hitCapacity = capacity
    }
}
