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

/// A hash table of trivial values in memory of its own: chains of rows that keep their place as long as they live, so that
/// other structures may point at them. Rows are also linked in the order in which they were last moved to the end.
///
/// It grows by linear hashing over memory that never moves: an insertion splits one chain at most.
struct EntryTable<Value: BitwiseCopyable> {
    struct Row: BitwiseCopyable {
        var key: EntryKey
        var value: Value
        /// Order list; a free row uses `next` for the free list.
        var previous: UInt32
        var next: UInt32
        /// The next row of the chain.
        var chain: UInt32
    }

    static var none: UInt32 { .max }

    private let hash: FlowHash
    private var heads: SegmentedMemory<UInt32>
    private var chains = ChainCount()
    private var rows: SegmentedMemory<Row>
    private var rowsUsed = 0
    private var firstFree = UInt32.max
    private(set) var count = 0
    private(set) var first = UInt32.max
    private(set) var last = UInt32.max

    init(seed: UInt64, capacity: Int = 8) {
        hash = FlowHash(seed: seed)
        heads = SegmentedMemory(capacity: max(chains.count, capacity))
        rows = SegmentedMemory(capacity: capacity)
        for number in 0..<chains.count { heads[number].initialize(to: .max) }
        while chains.count < capacity {
            heads[chains.count].initialize(to: .max)
            chains.add()
        }
    }

    func deallocate() {
        heads.deallocate()
        rows.deallocate()
    }

    @inline(__always)
    private func head(_ key: EntryKey) -> UnsafeMutablePointer<UInt32> {
        heads[chains.number(hash(key.a, key.b, key.rest))]
    }

    /// The row's index; `nil` when the key is not there.
    @inline(__always)
    func find(_ key: EntryKey) -> UInt32? {
        var index = head(key).pointee
        while index != .max {
            let row = rows[Int(index)]
            if row.pointee.key == key { return index }
            index = row.pointee.chain
        }
        return nil
    }

    @inline(__always)
    subscript(index: UInt32) -> UnsafeMutablePointer<Row> { rows[Int(index)] }

    /// Adds a row at the end of the order. The key must not be there.
    mutating func insert(_ key: EntryKey, _ value: Value) -> UInt32 {
        if count >= chains.count { split() }
        let index: UInt32
        if firstFree != .max {
            index = firstFree
            firstFree = rows[Int(index)].pointee.next
        } else {
            rows.reserve(rowsUsed + 1)
            index = UInt32(rowsUsed)
            rowsUsed += 1
        }
        let head = head(key)
        rows[Int(index)].initialize(to: Row(key: key, value: value, previous: .max, next: .max, chain: head.pointee))
        head.pointee = index
        link(index)
        count += 1
        return index
    }

    /// One more chain, which takes its share of an old one.
    private mutating func split() {
        let old = heads[chains.nextToSplit]
        heads.reserve(chains.count + 1)
        let new = heads[chains.count]
        let newNumber = chains.count
        chains.add()
        var index = old.pointee
        old.pointee = .max
        new.initialize(to: .max)
        while index != .max {
            let row = rows[Int(index)]
            let next = row.pointee.chain
            let key = row.pointee.key
            let target = chains.number(hash(key.a, key.b, key.rest)) == newNumber ? new : old
            row.pointee.chain = target.pointee
            target.pointee = index
            index = next
        }
    }

    private mutating func link(_ index: UInt32) {
        rows[Int(index)].pointee.previous = last
        rows[Int(index)].pointee.next = .max
        if last != .max { rows[Int(last)].pointee.next = index } else { first = index }
        last = index
    }

    private mutating func unlink(_ index: UInt32) {
        let row = rows[Int(index)]
        if row.pointee.previous != .max { rows[Int(row.pointee.previous)].pointee.next = row.pointee.next } else { first = row.pointee.next }
        if row.pointee.next != .max { rows[Int(row.pointee.next)].pointee.previous = row.pointee.previous } else { last = row.pointee.previous }
    }

    mutating func moveToEnd(_ index: UInt32) {
        guard index != last else { return }
        unlink(index)
        link(index)
    }

    mutating func remove(_ index: UInt32) {
        let row = rows[Int(index)]
        let head = head(row.pointee.key)
        if head.pointee == index {
            head.pointee = row.pointee.chain
        } else {
            var before = rows[Int(head.pointee)]
            while before.pointee.chain != index { before = rows[Int(before.pointee.chain)] }
            before.pointee.chain = row.pointee.chain
        }
        unlink(index)
        row.pointee.next = firstFree
        firstFree = index
        count -= 1
    }

    mutating func removeAll() {
        for number in 0..<chains.count { heads[number].pointee = .max }
        rowsUsed = 0
        firstFree = .max
        count = 0
        first = .max
        last = .max
    }
}
