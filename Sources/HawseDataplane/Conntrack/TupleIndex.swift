import CShims
import HawseWire

/// The hash index of both directions' tuples: open addressing by 64-byte buckets, each with twelve one-byte tags
/// (compared at once), how many entries had to go past it, and twelve references.
///
/// A reference is record number × 2 + direction. The index knows hashes only: whether a candidate is the one looked
/// for is the caller's to compare.
struct TupleIndex {
    static let slots = 12
    private static let slotMask: UInt32 = 0xfff
    private static let overflowOffset = 12
    private static let referenceOffset = 16

    private var buckets: UnsafeMutableRawPointer
    private(set) var mask: UInt64
    private(set) var count = 0

    init(bucketCount: Int = 64) {
        mask = UInt64(bucketCount - 1)
        buckets = Self.allocate(bucketCount)
    }

    func deallocate() { buckets.deallocate() }

    private static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count * 64, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: count * 64)
        return memory
    }

    var byteCount: Int { Int(mask + 1) * 64 }
    @inline(__always) var needsGrowth: Bool { count &* 4 > Int(mask &+ 1) &* Self.slots &* 3 }

    @inline(__always)
    private static func tag(_ hash: UInt64) -> UInt8 {
        let high = UInt8(truncatingIfNeeded: hash >> 56)
        return high == 0 ? 1 : high
    }

    @inline(__always)
    private func bucket(_ number: UInt64) -> UnsafeMutableRawPointer { buckets + Int((number & mask) << 6) }

    @inline(__always)
    private static func reference(_ bucket: UnsafeMutableRawPointer, _ slot: Int) -> UInt32 {
        bucket.load(fromByteOffset: referenceOffset &+ slot &* 4, as: UInt32.self)
    }

    @inline(__always)
    private static func overflow(_ bucket: UnsafeMutableRawPointer) -> UInt32 {
        bucket.load(fromByteOffset: overflowOffset, as: UInt32.self)
    }

    @inline(__always)
    func prefetch(_ hash: UInt64) { hawse_prefetch(UnsafeRawPointer(bucket(hash))) }

    /// The candidates of a hash, one after the other: `while let reference = walk.next()`.
    struct Candidates {
        private let index: TupleIndex
        private let tag: UInt8
        private var number: UInt64
        private var bucket: UnsafeMutableRawPointer
        private var matches: UInt32
        private var left: UInt64

        @inline(__always)
        init(_ index: TupleIndex, _ hash: UInt64) {
            self.index = index
            tag = TupleIndex.tag(hash)
            number = hash
            bucket = index.bucket(hash)
            matches = hawse_match_tags(bucket, tag) & TupleIndex.slotMask
            left = index.mask
        }

        @inline(__always)
        mutating func next() -> UInt32? {
            while true {
                if matches != 0 {
                    let slot = matches.trailingZeroBitCount
                    matches &= matches &- 1
                    return TupleIndex.reference(bucket, slot)
                }
                guard TupleIndex.overflow(bucket) != 0, left != 0 else { return nil }
                left &-= 1
                number &+= 1
                bucket = index.bucket(number)
                matches = hawse_match_tags(bucket, tag) & TupleIndex.slotMask
            }
        }
    }

    @inline(__always)
    func candidates(_ hash: UInt64) -> Candidates { Candidates(self, hash) }

    mutating func insert(_ reference: UInt32, hash: UInt64) {
        place(reference, hash: hash)
        count &+= 1
    }

    private func place(_ reference: UInt32, hash: UInt64) {
        var number = hash
        while true {
            let bucket = bucket(number)
            let free = hawse_match_tags(bucket, 0) & Self.slotMask
            if free != 0 {
                let slot = free.trailingZeroBitCount
                bucket.storeBytes(of: Self.tag(hash), toByteOffset: slot, as: UInt8.self)
                bucket.storeBytes(of: reference, toByteOffset: Self.referenceOffset + slot * 4, as: UInt32.self)
                return
            }
            bucket.storeBytes(of: Self.overflow(bucket) &+ 1, toByteOffset: Self.overflowOffset, as: UInt32.self)
            number &+= 1
        }
    }

    /// Removes an entry that is in the index under this hash; does nothing when it is not.
    mutating func remove(_ reference: UInt32, hash: UInt64) {
        var number = hash
        var passed: UInt64 = 0
        while passed <= mask {
            let bucket = bucket(number)
            var matches = hawse_match_tags(bucket, Self.tag(hash)) & Self.slotMask
            while matches != 0 {
                let slot = matches.trailingZeroBitCount
                matches &= matches &- 1
                guard Self.reference(bucket, slot) == reference else { continue }
                bucket.storeBytes(of: 0, toByteOffset: slot, as: UInt8.self)
                for step in 0..<passed {
                    let before = self.bucket(hash &+ step)
                    before.storeBytes(
                        of: Self.overflow(before) &- 1, toByteOffset: Self.overflowOffset, as: UInt32.self)
                }
                count &-= 1
                return
            }
            guard Self.overflow(bucket) != 0 else { return }
            number &+= 1
            passed &+= 1
        }
    }

    /// Doubles the table; `hash` says the hash of a reference.
    mutating func grow(_ hash: (UInt32) -> UInt64) {
        let old = buckets
        let oldCount = Int(mask + 1)
        buckets = Self.allocate(oldCount * 2)
        mask = UInt64(oldCount * 2 - 1)
        for number in 0..<oldCount {
            let bucket = old + number * 64
            for slot in 0..<Self.slots where bucket.load(fromByteOffset: slot, as: UInt8.self) != 0 {
                let reference = Self.reference(bucket, slot)
                place(reference, hash: hash(reference))
            }
        }
        old.deallocate()
    }
}
