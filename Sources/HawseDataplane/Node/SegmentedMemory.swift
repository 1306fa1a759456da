/// An array of trivial elements that grows without moving or copying any: each new segment has the room of all before it.
struct SegmentedMemory<Element> {
    private static var firstSegment: UInt { 16 }
    private static var firstShift: Int { 4 }
    private static var mostSegments: Int { 32 }

    private let segments: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
    private var segmentCount = 0
    private(set) var capacity = 0

    init(capacity: Int) {
        segments = .allocate(capacity: Self.mostSegments)
        reserve(max(capacity, 1))
    }

    func deallocate() {
        for number in 0..<segmentCount { segments[number].deallocate() }
        segments.deallocate()
    }

    /// Room for so many elements; new room is not initialised.
    @inline(__always)
    mutating func reserve(_ count: Int) {
        if count > capacity { grow(count) }
    }

    @inline(never)
    private mutating func grow(_ count: Int) {
        while capacity < count {
            let room = Int(Self.firstSegment) << segmentCount
            (segments + segmentCount).initialize(to: .allocate(capacity: room))
            segmentCount += 1
            capacity += room
        }
    }

    @inline(__always)
    subscript(index: Int) -> UnsafeMutablePointer<Element> {
        let place = UInt(bitPattern: index) &+ Self.firstSegment
        let number = UInt.bitWidth &- 1 &- place.leadingZeroBitCount &- Self.firstShift
        return segments[number] + Int(bitPattern: place &- Self.firstSegment << UInt(number))
    }
}

/// How many chains a table of linear hashing has, and which of them a hash belongs to: those that are split already go by
/// one more bit of the hash.
struct ChainCount {
    private(set) var count: Int
    private var lowMask: Int

    /// `count`: a power of two.
    init(_ count: Int = 16) {
        self.count = count
        lowMask = count - 1
    }

    /// The chain that gives some of its rows to the next one that is added.
    @inline(__always) var nextToSplit: Int { count & lowMask }

    mutating func add() {
        count += 1
        if count & lowMask == 0 { lowMask = lowMask << 1 | 1 }
    }

    @inline(__always)
    func number(_ hash: UInt64) -> Int {
        let wide = Int(truncatingIfNeeded: hash) & (lowMask << 1 | 1)
        return wide < count ? wide : wide & lowMask
    }
}
