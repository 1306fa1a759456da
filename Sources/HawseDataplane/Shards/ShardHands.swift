import HawseModel
import HawseWire

/// A round's frames dealt out: each thread deals a part of them, and keeps for each shard a list of what is its.
///
/// Memory of its own; in a round each part is written by its thread and then read by all.
struct ShardHands {
    private let count: Int
    private let capacity: Int
    /// Numbers of frames, by part and shard.
    private let numbers: UnsafeMutablePointer<UInt16>
    private let filled: UnsafeMutablePointer<Int32>
    /// What is out of the ordinary in a part: a fragment, or a stamp before the one of its predecessor.
    private let isUnusual: UnsafeMutablePointer<Bool>

    init(count: Int) {
        self.count = count
        capacity = DataplaneShards.round / count + 1
        numbers = .allocate(capacity: count * count * capacity)
        filled = .allocate(capacity: count * count)
        filled.initialize(repeating: 0, count: count * count)
        isUnusual = .allocate(capacity: count)
        isUnusual.initialize(repeating: false, count: count)
    }

    func deallocate() {
        numbers.deallocate()
        filled.deallocate()
        isUnusual.deallocate()
    }

    private func part(_ number: Int, of total: Int) -> Range<Int> { (total * number / count)..<(total * (number + 1) / count) }

    /// One thread's part: owners, and the lists of all shards.
    func deal(_ frames: UnsafeBufferPointer<InputFrame>, _ owners: UnsafeMutablePointer<UInt8>, part: Int, _ map: ShardMap) {
        let range = self.part(part, of: frames.count)
        let ends = filled + part * count
        ends.update(repeating: 0, count: count)
        let lists = numbers + part * count * capacity
        var unusual = false
        var before = range.isEmpty || range.lowerBound == 0 ? Instant(nanoseconds: .min) : frames[range.lowerBound - 1].time
        for index in range {
            let owner = map.owner(frames[index].bytes, on: frames[index].interface)
            owners[index] = owner
            let time = frames[index].time
            unusual = unusual || time < before
            before = time
            guard Int(owner) < count else {
                unusual = true
                continue
            }
            let list = Int(owner)
            lists[list &* capacity &+ Int(ends[list])] = UInt16(truncatingIfNeeded: index)
            ends[list] &+= 1
        }
        isUnusual[part] = unusual
    }

    /// Whether the lists say it all: no fragments, and stamps in order.
    func isPlain(_ frames: UnsafeBufferPointer<InputFrame>, after clock: Instant) -> Bool {
        guard let first = frames.first, first.time >= clock else { return false }
        for part in 0..<count where isUnusual[part] { return false }
        return true
    }

    /// What of a part is a shard's, in order.
    @inline(__always)
    func list(part: Int, shard: Int) -> UnsafeBufferPointer<UInt16> {
        UnsafeBufferPointer(start: numbers + (part * count + shard) * capacity, count: Int(filled[part * count + shard]))
    }

    var parts: Int { count }
}

extension Dataplane {
    /// Receives the frames of this shard's lists, in order. The others only take their ordinals, and their time passes.
    func receiveHand(_ frames: UnsafeBufferPointer<InputFrame>, _ hands: ShardHands, _ shard: Int, after ordinal: UInt64) {
        node.pointee.frameOrdinal = ordinal
        var expected = 0
        withUnsafeTemporaryAllocation(of: InputFrame.self, capacity: Self.shareSize) { own in
            var filled = 0
            for part in 0..<hands.parts {
                for number in hands.list(part: part, shard: shard) {
                    var frame = frames[Int(number)]
                    frame.skipped = UInt32(truncatingIfNeeded: Int(number) &- expected)
                    expected = Int(number) &+ 1
                    own.initializeElement(at: filled, to: frame)
                    filled &+= 1
                    if filled == Self.shareSize {
                        receive(UnsafeBufferPointer(own))
                        filled = 0
                    }
                }
            }
            receive(UnsafeBufferPointer(rebasing: own[0..<filled]))
        }
        node.pointee.frameOrdinal &+= UInt64(frames.count - expected)
        if let last = frames.last { advance(to: last.time) }
    }
}
