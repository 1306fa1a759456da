/// Numbers of chains by name, found from a string or from bytes of a text without making a string of them.
public struct ChainNames: Sendable {
    private struct Slot: Sendable {
        var tag: UInt32 = 0
        /// `nil`: free.
        var name: String?
        var number = 0
    }

    private var slots: [Slot]
    public private(set) var count = 0

    public init(capacity: Int = 16) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = Array(repeating: Slot(), count: size)
    }

    /// The names of `chains` with their places; the first has a name that stands twice.
    public init(_ chains: [Chain]) {
        self.init(capacity: chains.count)
        for (number, chain) in chains.enumerated() { insert(chain.name, number) }
    }

    /// False when the name is there already.
    @discardableResult
    public mutating func insert(_ name: String, _ number: Int) -> Bool {
        if (count + 1) * 3 > slots.count * 2 { grow() }
        let tag = Self.tag(name)
        var place = Int(tag) & (slots.count - 1)
        while let known = slots[place].name {
            if slots[place].tag == tag, known == name { return false }
            place = (place + 1) & (slots.count - 1)
        }
        slots[place] = Slot(tag: tag, name: name, number: number)
        count += 1
        return true
    }

    public subscript(name: String) -> Int? { place(of: name).map { slots[$0].number } }

    private func place(of name: String) -> Int? {
        let tag = Self.tag(name)
        var place = Int(tag) & (slots.count - 1)
        while let known = slots[place].name {
            if slots[place].tag == tag, known == name { return place }
            place = (place + 1) & (slots.count - 1)
        }
        return nil
    }

    /// The chain whose name these bytes are.
    public subscript(bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        let tag = Self.tag(bytes)
        var place = Int(tag) & (slots.count - 1)
        while let known = slots[place].name {
            if slots[place].tag == tag, Self.equal(known, bytes) { return slots[place].number }
            place = (place + 1) & (slots.count - 1)
        }
        return nil
    }

    private static func equal(_ name: String, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard name.utf8.count == bytes.count else { return false }
        return name.utf8.withContiguousStorageIfAvailable { known in
            for i in 0..<known.count where known[i] != bytes[i] { return false }
            return true
        } ?? name.utf8.elementsEqual(bytes)
    }

    public func contains(_ name: String) -> Bool { place(of: name) != nil }

    /// All names, sorted.
    public var sorted: [String] { slots.compactMap(\.name).sorted() }

    /// Takes a name out; those behind it close up, so that none is cut off from its place.
    public mutating func remove(_ name: String) {
        guard var hole = place(of: name) else { return }
        let mask = slots.count - 1
        slots[hole] = Slot()
        count -= 1
        var next = (hole + 1) & mask
        while slots[next].name != nil {
            let home = Int(slots[next].tag) & mask
            if (next - home) & mask >= (next - hole) & mask {
                slots[hole] = slots[next]
                slots[next] = Slot()
                hole = next
            }
            next = (next + 1) & mask
        }
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: old.count * 2)
        for slot in old where slot.name != nil {
            var place = Int(slot.tag) & (slots.count - 1)
            while slots[place].name != nil { place = (place + 1) & (slots.count - 1) }
            slots[place] = slot
        }
    }

    private static func tag(_ name: String) -> UInt32 {
        if let tag = name.utf8.withContiguousStorageIfAvailable({ tag($0) }) { return tag }
        return Array(name.utf8).withUnsafeBufferPointer { tag($0) }
    }

    /// Eight bytes at a time, multiplied and folded. Only ever compared with itself.
    private static func tag(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let raw = UnsafeRawBufferPointer(bytes)
        var hash = UInt64(raw.count) &* 0x9e37_79b9_7f4a_7c15
        var at = 0
        while at + 8 <= raw.count {
            let word = raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            let (high, low) = (hash ^ word).multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
            hash = high ^ low
            at += 8
        }
        var rest: UInt64 = 0
        while at < raw.count {
            rest = rest << 8 | UInt64(raw[at])
            at += 1
        }
        let (high, low) = (hash ^ rest ^ 0xe703_7ed1_a0b4_28db).multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
        return UInt32(truncatingIfNeeded: high ^ low)
    }
}
