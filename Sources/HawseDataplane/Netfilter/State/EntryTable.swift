import HawseModel
import HawseWire

/// What rows of an `EntryTable` are found by: two addresses and a word for ports, protocol and the like.
struct EntryKey: BitwiseCopyable, Hashable {
    var a: AddressBits
    var b: AddressBits
    var rest: UInt64

    @inline(__always)
    init(_ a: AddressBits = .zero, _ b: AddressBits = .zero, _ rest: UInt64 = 0) {
        self.a = a
        self.b = b
        self.rest = rest
    }
}

/// A hash table of trivial values in memory of its own: open addressing over dense rows that keep their index as long
/// as they live, so that other structures may point at them. Rows are chained in the order in which they were last
/// moved to the end.
struct EntryTable<Value: BitwiseCopyable> {
    struct Row: BitwiseCopyable {
        var key: EntryKey
        var value: Value
        /// Order list; a free row uses `next` for the free list.
        var previous: UInt32
        var next: UInt32
    }

    static var none: UInt32 { .max }

    private let hash: FlowHash
    private var slots: UnsafeMutablePointer<UInt32>
    private var slotMask: Int
    private(set) var rows: UnsafeMutablePointer<Row>
    private var rowCapacity: Int
    private var rowsUsed = 0
    private var firstFree = UInt32.max
    private(set) var count = 0
    private(set) var first = UInt32.max
    private(set) var last = UInt32.max

    init(seed: UInt64, capacity: Int = 8) {
        hash = FlowHash(seed: seed)
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = .allocate(capacity: size)
        slots.initialize(repeating: .max, count: size)
        slotMask = size - 1
        rowCapacity = max(8, capacity)
        rows = .allocate(capacity: rowCapacity)
    }

    func deallocate() {
        slots.deallocate()
        rows.deallocate()
    }

    @inline(__always)
    private func slot(_ key: EntryKey) -> Int { Int(truncatingIfNeeded: hash(key.a, key.b, key.rest)) & slotMask }

    /// The row's index; `nil` when the key is not there.
    @inline(__always)
    func find(_ key: EntryKey) -> UInt32? {
        var i = slot(key)
        while slots[i] != .max {
            if rows[Int(slots[i])].key == key { return slots[i] }
            i = (i &+ 1) & slotMask
        }
        return nil
    }

    @inline(__always)
    subscript(index: UInt32) -> UnsafeMutablePointer<Row> { rows + Int(index) }

    /// Adds a row at the end of the order. The key must not be there.
    mutating func insert(_ key: EntryKey, _ value: Value) -> UInt32 {
        if (count + 1) * 2 > slotMask + 1 { grow() }
        let index: UInt32
        if firstFree != .max {
            index = firstFree
            firstFree = rows[Int(index)].next
        } else {
            if rowsUsed == rowCapacity {
                let larger = UnsafeMutablePointer<Row>.allocate(capacity: rowCapacity * 2)
                larger.moveInitialize(from: rows, count: rowsUsed)
                rows.deallocate()
                rows = larger
                rowCapacity *= 2
            }
            index = UInt32(rowsUsed)
            rowsUsed += 1
        }
        (rows + Int(index)).initialize(to: Row(key: key, value: value, previous: .max, next: .max))
        link(index)
        place(index)
        count += 1
        return index
    }

    private mutating func place(_ index: UInt32) {
        var i = slot(rows[Int(index)].key)
        while slots[i] != .max { i = (i &+ 1) & slotMask }
        slots[i] = index
    }

    private mutating func grow() {
        let size = (slotMask + 1) * 2
        slots.deallocate()
        slots = .allocate(capacity: size)
        slots.initialize(repeating: .max, count: size)
        slotMask = size - 1
        var index = first
        while index != .max {
            place(index)
            index = rows[Int(index)].next
        }
    }

    private mutating func link(_ index: UInt32) {
        rows[Int(index)].previous = last
        rows[Int(index)].next = .max
        if last != .max { rows[Int(last)].next = index } else { first = index }
        last = index
    }

    private mutating func unlink(_ index: UInt32) {
        let row = rows[Int(index)]
        if row.previous != .max { rows[Int(row.previous)].next = row.next } else { first = row.next }
        if row.next != .max { rows[Int(row.next)].previous = row.previous } else { last = row.previous }
    }

    mutating func moveToEnd(_ index: UInt32) {
        guard index != last else { return }
        unlink(index)
        link(index)
    }

    mutating func remove(_ index: UInt32) {
        var hole = slot(rows[Int(index)].key)
        while slots[hole] != index { hole = (hole &+ 1) & slotMask }
        // Backward shift: no tombstones, so that a table that churns stays as fast as a fresh one.
        var i = (hole &+ 1) & slotMask
        while slots[i] != .max {
            let home = slot(rows[Int(slots[i])].key)
            if (i &- home) & slotMask >= (i &- hole) & slotMask {
                slots[hole] = slots[i]
                hole = i
            }
            i = (i &+ 1) & slotMask
        }
        slots[hole] = .max
        unlink(index)
        rows[Int(index)].next = firstFree
        firstFree = index
        count -= 1
    }

    mutating func removeAll() {
        slots.update(repeating: .max, count: slotMask + 1)
        rowsUsed = 0
        firstFree = .max
        count = 0
        first = .max
        last = .max
    }
}
