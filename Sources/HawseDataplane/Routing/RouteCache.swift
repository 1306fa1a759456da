import CShims
import HawseModel
import HawseWire

/// Routes found lately, by what was asked: a table with two places for each, that grows when it is too small for the traffic. It
/// is only a shortcut: whoever finds nothing here asks the tables and gets the same answer.
///
/// Only what is asked for a second time is kept: many connections of one packet each would fill the table with what nobody
/// asks again, and each would pay for a place that it has to fetch first.
struct RouteCache {
    struct Entry {
        var source: AddressBits = .zero
        var destination: AddressBits = .zero
        var mark: UInt32 = 0
        /// Ingress device (or egress constraint), TOS and direction in one word; 0 is an empty entry.
        var tag: UInt32 = 0
        var route = RouteResult()
    }

    static let largest = 1 << 13

    /// The tag of a packet from outside.
    @inline(__always)
    static func inputTag(_ device: UInt16, _ tos: UInt8, isIPv4: Bool) -> UInt32 {
        UInt32(device) << 8 | UInt32(tos) | (isIPv4 ? 0x8000_0000 : 0xc000_0000)
    }

    private var entries: UnsafeMutablePointer<Entry>?
    /// By some bits of a question's hash, others of the last one for which nothing was found.
    private var asked: UnsafeMutablePointer<UInt32>?
    private static let askedCount = 1 << 12
    private var mask = 0
    /// Questions for which nothing was found since the table grew, and those among them that had been asked before.
    private var misses = 0
    private var repeated = 0
    /// Changes with every flush: whoever keeps a route of his own sees that it is out of date.
    private(set) var generation: UInt32 = 1

    func deallocate() {
        entries?.deallocate()
        asked?.deallocate()
    }

    @inline(__always)
    private func slot(_ source: AddressBits, _ destination: AddressBits, _ value: UInt32, _ tag: UInt32) -> Int {
        Int(truncatingIfNeeded: hash(source, destination, value, tag) >> 40) & mask
    }

    @inline(__always)
    private func hash(_ source: AddressBits, _ destination: AddressBits, _ value: UInt32, _ tag: UInt32) -> UInt64 {
        var h = (source.low ^ source.high &* 0x9e37_79b9_7f4a_7c15) &* 0xa076_1d64_78bd_642f
        h ^= (destination.low &+ destination.high) &* 0xe703_7ed1_a0b4_28db
        return (h ^ (UInt64(value) << 32 | UInt64(tag))) &* 0x9e37_79b9_7f4a_7c15
    }

    @inline(__always)
    func prefetch(_ source: AddressBits, _ destination: AddressBits, _ mark: UInt32, _ tag: UInt32) {
        guard let entries else { return }
        let place = UnsafeRawPointer(entries + slot(source, destination, mark, tag))
        hawse_prefetch(place)
        hawse_prefetch(place + 64)
    }

    /// The cached route, or `nil`.
    @inline(__always)
    func find(_ source: AddressBits, _ destination: AddressBits, _ mark: UInt32, _ tag: UInt32)
        -> UnsafeMutablePointer<Entry>?
    {
        guard let entries else { return nil }
        let home = slot(source, destination, mark, tag)
        if Self.isFor(entries + home, source, destination, mark, tag) { return entries + home }
        return Self.isFor(entries + (home ^ 1), source, destination, mark, tag) ? entries + (home ^ 1) : nil
    }

    @inline(__always)
    private static func isFor(
        _ entry: UnsafeMutablePointer<Entry>, _ source: AddressBits, _ destination: AddressBits, _ mark: UInt32,
        _ tag: UInt32
    ) -> Bool {
        entry.pointee.tag == tag && entry.pointee.destination == destination && entry.pointee.source == source
            && entry.pointee.mark == mark
    }

    @inline(never)
    mutating func store(
        _ source: AddressBits, _ destination: AddressBits, _ mark: UInt32, _ tag: UInt32, _ route: RouteResult
    ) {
        misses &+= 1
        if entries == nil || repeated > 4 &* (mask &+ 1) { grow() }
        guard let entries, let asked else { return }
        let home = slot(source, destination, mark, tag)
        let bits = hash(source, destination, mark, tag)
        let place = asked + Int(truncatingIfNeeded: bits >> 20) & (Self.askedCount &- 1)
        let others = UInt32(truncatingIfNeeded: bits >> 32) | 1
        guard place.pointee == others else {
            place.pointee = others
            return
        }
        repeated &+= 1
        // The newcomer takes the home place; who was there moves next door.
        if entries[home].tag != 0 { entries[home ^ 1] = entries[home] }
        entries[home] = Entry(source: source, destination: destination, mark: mark, tag: tag, route: route)
    }

    /// More places, where they would help: not when most questions are never asked again.
    private mutating func grow() {
        let isWorthwhile = repeated &* 8 > misses && mask &+ 1 < Self.largest
        misses = 0
        repeated = 0
        if let old = entries {
            guard isWorthwhile else { return }
            old.deallocate()
            makeEntries((mask + 1) * 4)
            return
        }
        makeEntries(32)
        let marks = UnsafeMutablePointer<UInt32>.allocate(capacity: Self.askedCount)
        marks.initialize(repeating: 0, count: Self.askedCount)
        asked = marks
    }

    private mutating func makeEntries(_ capacity: Int) {
        let fresh = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
        fresh.initialize(repeating: Entry(), count: capacity)
        entries = fresh
        mask = capacity - 1
    }

    /// A fresh table in the place of one that had come to this generation.
    mutating func follow(_ old: UInt32) { generation = old &+ 1 }

    /// Forgets everything (`rt_genid_bump`).
    mutating func flush() {
        generation &+= 1
        guard let entries else { return }
        entries.update(repeating: Entry(), count: mask + 1)
    }
}
