/// Hands out stretches of an array: from its end, or where something was given back. Sizes are rounded up to powers of
/// two so that what is given back fits again.
struct SlotSpace {
    private(set) var used: Int
    /// By the logarithm of their size: where free stretches begin.
    private var free: [[UInt32]] = Array(repeating: [], count: 32)

    init(used: Int) { self.used = used }

    /// As much as `count` elements get.
    static func size(_ count: Int) -> Int {
        var size = 4
        while size < count { size *= 2 }
        return size
    }

    /// The place of `size(count)` elements.
    mutating func take(_ count: Int) -> UInt32 {
        let size = Self.size(count)
        if let place = free[size.trailingZeroBitCount].popLast() { return place }
        let place = UInt32(used)
        used += size
        return place
    }

    /// Gives a stretch of any length back: as much of it as is a power of two.
    mutating func give(back place: UInt32, _ count: Int) {
        guard count >= 4 else { return }
        let log = Int.bitWidth - 1 - count.leadingZeroBitCount
        free[log].append(place)
    }
}
