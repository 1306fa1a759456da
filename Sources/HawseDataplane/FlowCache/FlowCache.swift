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
    let trajectories: UnsafeMutablePointer<Trajectory>
    private var hits: UnsafeMutablePointer<TrajectoryHit>
    private var hitCapacity = 1 << 12
    private var hitTotal = 0
    /// Numbers by content. Cold: looked at once per flow and direction.
    private var known: [TrajectoryKey: UInt32] = [:]
    var recorder = PathRecorder()
    /// What came of the fast path for the frame that is about to be received.
    var outcome = FastOutcome.untried

    init() {
        trajectories = .allocate(capacity: Self.capacity)
        hits = .allocate(capacity: hitCapacity)
    }

    func deallocate() {
        trajectories.deallocate()
        hits.deallocate()
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
            way.pointee.packets = 0
            way.pointee.bytes = 0
        }
    }

    /// Something has changed: forget all ways. Before the memory of any counter goes away.
    mutating func invalidate() {
        recorder.isVoid = true
        guard count > 0 else { return }
        flush()
        count = 0
        hitTotal = 0
        known.removeAll(keepingCapacity: true)
        epoch = epoch == 1 << (32 - Self.numberBits) - 1 ? 0 : epoch + 1
    }

    /// After the last epoch: connections keep no words any more, and the first epoch begins again.
    mutating func beginAgain() { epoch = 1 }

    /// The word for a recorded way, new or known; 0 when there are too many.
    mutating func intern(_ way: Trajectory) -> UInt32 {
        let path = Array(UnsafeBufferPointer(start: recorder.hits, count: recorder.count))
        let key = TrajectoryKey(way, path)
        if let number = known[key] { return epoch << Self.numberBits | number }
        guard count < Self.capacity, hitTotal + path.count < 1 << 24 else { return 0 }
        if hitTotal + path.count > hitCapacity { growHits(path.count) }
        for (index, hit) in path.enumerated() { (hits + hitTotal + index).initialize(to: hit) }
        var way = way
        way.firstHit = UInt32(hitTotal)
        way.hitCount = UInt32(path.count)
        hitTotal += path.count
        let number = UInt32(count)
        (trajectories + count).initialize(to: way)
        count += 1
        known[key] = number
        return epoch << Self.numberBits | number
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

/// All of a trajectory but its tallies.
private struct TrajectoryKey: Hashable {
    var words: [UInt64]
    var hits: [TrajectoryHit]

    init(_ way: Trajectory, _ hits: [TrajectoryHit]) {
        self.hits = hits
        words = [
            way.destinationMAC << 16 | UInt64(way.bridge),
            UInt64(way.inInterface) << 48 | UInt64(way.outInterface) << 32 | UInt64(way.version) << 24
                | UInt64(way.service) << 16 | UInt64(way.info.rawValue) << 8 | UInt64(way.direction.rawValue),
            UInt64(UInt32(bitPattern: way.maximumLength)) << 32 | UInt64(way.mark), way.ethernetHigh,
            UInt64(way.ethernetMiddle) << 32 | UInt64(way.ethernetType) << 16 | UInt64(way.flags.rawValue),
            UInt64(way.markBefore),
        ]
        guard !way.flags.isDisjoint(with: [.encapsulates, .decapsulates]) else { return }
        let tunnel = way.tunnel
        withUnsafeBytes(of: tunnel.bytes) { words += $0.bindMemory(to: UInt64.self) }
        words.append(
            UInt64(tunnel.natDone.rawValue) << 16 | UInt64(tunnel.info.rawValue) << 8 | (tunnel.isIPv6 ? 1 : 0)
                | (tunnel.hasChecksum ? 2 : 0) | (tunnel.isTracked ? 4 : 0))
    }
}
