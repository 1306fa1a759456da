import CShims
import HawseWire

/// The hash index of both directions' tuples: 64-byte buckets, each with twelve one-byte tags (compared at once), a link
/// to an overflow bucket, and twelve references.
///
/// A reference is record number × 2 + direction. The index knows hashes only: whether a candidate is the one looked
/// for is the caller's to compare.
///
/// It grows by linear hashing: in address space reserved when it is made, one bucket after the other is split in two, a few
/// with each insertion. No insertion ever pays for more than those few.
struct TupleIndex {
    static let slots = 12
    /// Buckets that one insertion splits while the index grows.
    private static let stepsPerInsertion = 2
    private static let slotMask: UInt32 = 0xfff
    private static let overflowOffset = 12
    private static let referenceOffset = 16

    /// One cache line.
    private typealias Line = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

    private let memory: LazyMemory<Line>
    private let overflowMemory: LazyMemory<Line>
    private let buckets: UnsafeMutableRawPointer
    private let overflows: UnsafeMutableRawPointer
    /// Buckets when the present doubling began, less one.
    private var lowMask: UInt64
    private(set) var bucketCount: UInt64
    private let largest: UInt64
    private(set) var count = 0
    private var isGrowing = false
    private var highestOverflow: UInt32 = 0
    private var freeOverflow: UInt32 = 0

    /// `references`: how many there will be at most.
    init(references: Int = 1 << 16) {
        var most = 64
        while most * Self.slots * 3 / 4 < references, most < 1 << 24 { most *= 2 }
        memory = LazyMemory(capacity: most)
        // Address space for the worst case, one reference in each.
        overflowMemory = LazyMemory(capacity: references + 2)
        buckets = UnsafeMutableRawPointer(memory.base)
        overflows = UnsafeMutableRawPointer(overflowMemory.base)
        var reserved = 64
        while reserved * 2 <= memory.capacity { reserved *= 2 }
        largest = UInt64(reserved)
        lowMask = 63
        bucketCount = 64
    }

    func deallocate() {
        memory.deallocate()
        overflowMemory.deallocate()
    }

    var byteCount: Int { (Int(bucketCount) + Int(highestOverflow)) * 64 }

    @inline(__always)
    private static func tag(_ hash: UInt64) -> UInt8 {
        let high = UInt8(truncatingIfNeeded: hash >> 56)
        return high == 0 ? 1 : high
    }

    /// Where a hash is at home: buckets that are split already go by one more bit.
    @inline(__always)
    private func home(_ hash: UInt64) -> UInt64 {
        let number = hash & (lowMask << 1 | 1)
        return number < bucketCount ? number : hash & lowMask
    }

    @inline(__always)
    private func bucket(_ number: UInt64) -> UnsafeMutableRawPointer { buckets + Int(truncatingIfNeeded: number << 6) }

    /// The bucket that follows in the chain.
    @inline(__always)
    private func follower(_ bucket: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        let number = Self.link(bucket)
        return number == 0 ? nil : overflow(number)
    }

    @inline(__always)
    private func overflow(_ number: UInt32) -> UnsafeMutableRawPointer { overflows + (Int(number) << 6) }

    @inline(__always)
    private static func reference(_ bucket: UnsafeMutableRawPointer, _ slot: Int) -> UInt32 {
        bucket.load(fromByteOffset: referenceOffset &+ slot &* 4, as: UInt32.self)
    }

    @inline(__always)
    private static func link(_ bucket: UnsafeMutableRawPointer) -> UInt32 {
        bucket.load(fromByteOffset: overflowOffset, as: UInt32.self)
    }

    @inline(__always)
    private static func setLink(_ bucket: UnsafeMutableRawPointer, _ number: UInt32) {
        bucket.storeBytes(of: number, toByteOffset: overflowOffset, as: UInt32.self)
    }

    @inline(__always)
    func prefetch(_ hash: UInt64) { hawse_prefetch(UnsafeRawPointer(bucket(home(hash)))) }

    /// The candidates of a hash, one after the other: `while let reference = walk.next()`.
    struct Candidates {
        private let overflows: UnsafeMutableRawPointer
        private let tag: UInt8
        private var bucket: UnsafeMutableRawPointer
        private var matches: UInt32
        /// Read ahead: the bucket may be given back while its candidates are looked at.
        private var link: UInt32

        @inline(__always)
        init(_ index: TupleIndex, _ hash: UInt64) {
            overflows = index.overflows
            tag = TupleIndex.tag(hash)
            bucket = index.bucket(index.home(hash))
            matches = hawse_match_tags(bucket, tag) & TupleIndex.slotMask
            link = TupleIndex.link(bucket)
        }

        @inline(__always)
        mutating func next() -> UInt32? {
            while true {
                if matches != 0 {
                    let slot = matches.trailingZeroBitCount
                    matches &= matches &- 1
                    return TupleIndex.reference(bucket, slot)
                }
                guard link != 0 else { return nil }
                bucket = overflows + (Int(link) << 6)
                matches = hawse_match_tags(bucket, tag) & TupleIndex.slotMask
                link = TupleIndex.link(bucket)
            }
        }
    }

    @inline(__always)
    func candidates(_ hash: UInt64) -> Candidates { Candidates(self, hash) }

    /// Puts a reference in; `view` tells the hashes of those that have to move. The caller keeps to the bound that the index
    /// was made for.
    @inline(__always)
    mutating func insert(_ reference: UInt32, hash: UInt64, _ view: ConnectionView) {
        if isGrowing || count &* 4 > Int(bucketCount) &* Self.slots &* 3 { grow(view) }
        place(reference, hash: hash)
        count &+= 1
    }

    @inline(__always)
    private mutating func place(_ reference: UInt32, hash: UInt64) {
        let first = bucket(home(hash))
        let free = hawse_match_tags(first, 0) & Self.slotMask
        if free != 0 {
            Self.store(reference, hash, first, free.trailingZeroBitCount)
        } else {
            placeBehind(first, reference, hash: hash)
        }
    }

    @inline(__always)
    private static func store(_ reference: UInt32, _ hash: UInt64, _ bucket: UnsafeMutableRawPointer, _ slot: Int) {
        bucket.storeBytes(of: tag(hash), toByteOffset: slot, as: UInt8.self)
        bucket.storeBytes(of: reference, toByteOffset: referenceOffset &+ slot &* 4, as: UInt32.self)
    }

    @inline(never)
    private mutating func placeBehind(_ first: UnsafeMutableRawPointer, _ reference: UInt32, hash: UInt64) {
        var last = first
        while let next = follower(last) {
            last = next
            let free = hawse_match_tags(last, 0) & Self.slotMask
            if free != 0 {
                Self.store(reference, hash, last, free.trailingZeroBitCount)
                return
            }
        }
        let number: UInt32
        if freeOverflow != 0 {
            number = freeOverflow
            freeOverflow = Self.link(overflow(number))
        } else {
            precondition(Int(highestOverflow) + 1 < overflowMemory.capacity, "more references than the index was made for")
            highestOverflow += 1
            number = highestOverflow
        }
        let fresh = overflow(number)
        fresh.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
        Self.store(reference, hash, fresh, 0)
        Self.setLink(last, number)
    }

    private mutating func give(back number: UInt32) {
        Self.setLink(overflow(number), freeOverflow)
        freeOverflow = number
    }

    /// Removes an entry that is in the index under this hash; does nothing when it is not.
    mutating func remove(_ reference: UInt32, hash: UInt64) {
        var bucket = bucket(home(hash))
        var before: UnsafeMutableRawPointer?
        while true {
            var matches = hawse_match_tags(bucket, Self.tag(hash)) & Self.slotMask
            while matches != 0 {
                let slot = matches.trailingZeroBitCount
                matches &= matches &- 1
                guard Self.reference(bucket, slot) == reference else { continue }
                bucket.storeBytes(of: 0, toByteOffset: slot, as: UInt8.self)
                count &-= 1
                if let before, hawse_match_tags(bucket, 0) & Self.slotMask == Self.slotMask {
                    let number = Self.link(before)
                    Self.setLink(before, Self.link(bucket))
                    give(back: number)
                }
                return
            }
            guard let next = follower(bucket) else { return }
            before = bucket
            bucket = next
        }
    }

    // MARK: Growth

    /// Some steps of a doubling, which begins when three quarters of all slots are taken.
    @inline(never)
    private mutating func grow(_ view: ConnectionView) {
        if !isGrowing {
            guard bucketCount * 2 <= largest else { return }
            isGrowing = true
        }
        for _ in 0..<Self.stepsPerInsertion {
            split(bucketCount & lowMask, view)
            if bucketCount & lowMask == 0 {
                lowMask = lowMask << 1 | 1
                isGrowing = false
                return
            }
        }
        for ahead in 0..<UInt64(Self.stepsPerInsertion) { prefetchRecords(bucket(bucketCount & lowMask &+ ahead), view) }
    }

    /// The next steps will read these records.
    private func prefetchRecords(_ bucket: UnsafeMutableRawPointer, _ view: ConnectionView) {
        var taken = ~hawse_match_tags(bucket, 0) & Self.slotMask
        while taken != 0 {
            hawse_prefetch(UnsafeRawPointer(view.records[Int(Self.reference(bucket, taken.trailingZeroBitCount) >> 1)]))
            taken &= taken &- 1
        }
    }

    /// One bucket's entries go their two ways.
    private mutating func split(_ number: UInt64, _ view: ConnectionView) {
        let old = bucket(number)
        var chain = Self.link(old)
        Self.setLink(old, 0)
        let other = bucketCount
        bucketCount &+= 1
        memory.noteGrowth(Int(bucketCount))
        var taken = ~hawse_match_tags(old, 0) & Self.slotMask
        while taken != 0 {
            let slot = taken.trailingZeroBitCount
            taken &= taken &- 1
            let reference = Self.reference(old, slot)
            let hash = view.hash(ofReference: reference)
            guard home(hash) == other else { continue }
            old.storeBytes(of: 0, toByteOffset: slot, as: UInt8.self)
            place(reference, hash: hash)
        }
        while chain != 0 {
            let bucket = overflow(chain)
            var taken = ~hawse_match_tags(bucket, 0) & Self.slotMask
            let next = Self.link(bucket)
            while taken != 0 {
                let reference = Self.reference(bucket, taken.trailingZeroBitCount)
                taken &= taken &- 1
                place(reference, hash: view.hash(ofReference: reference))
            }
            give(back: chain)
            chain = next
        }
    }
}
