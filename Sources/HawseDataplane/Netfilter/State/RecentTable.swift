import HawseModel
import HawseWire

/// One list of `-m recent` (`struct recent_table`), shared by all rules that name it.
struct RecentTable {
    static let listTotal = 100
    static let stampsPerEntry = 256

    struct Entry: BitwiseCopyable {
        /// Where the next stamp goes.
        var index: UInt16
        var stampCount: UInt16
        var ttl: UInt8
        /// Block of the stamps array.
        var block: UInt32
    }

    let name: String
    let mask: AddressBits
    var references = 1
    /// Stamps kept an entry, a power of two, minus one.
    private(set) var stampMask: Int
    private(set) var entries: EntryTable<Entry>
    /// Stamps in jiffies: a block an entry.
    private var stamps: UnsafeMutablePointer<UInt64>

    init(name: String, mask: AddressBits, stampMask: Int, seed: UInt64) {
        self.name = name
        self.mask = mask
        self.stampMask = stampMask
        entries = EntryTable(seed: seed)
        stamps = .allocate(capacity: (Self.listTotal + 1) * Self.stampsPerEntry)
    }

    func deallocate() {
        entries.deallocate()
        stamps.deallocate()
    }

    /// `recent_mt_check`: how many stamps a rule with this hit count asks for, minus one.
    static func stampMask(hitCount: UInt32) -> Int {
        guard hitCount > 0 else { return 31 }
        var size = 1
        while size < Int(hitCount) { size *= 2 }
        return min(size, stampsPerEntry) - 1
    }

    /// A later rule that asks for more stamps empties the list.
    mutating func raise(stampMask wanted: Int) {
        guard wanted > stampMask else { return }
        stampMask = wanted
        entries.removeAll()
    }

    private static func key(_ address: AddressBits, _ family: AddressFamily) -> EntryKey {
        EntryKey(address, .zero, UInt64(family.rawValue))
    }

    func find(_ address: AddressBits, _ family: AddressFamily) -> UInt32? {
        entries.find(Self.key(address, family))
    }

    subscript(index: UInt32) -> UnsafeMutablePointer<Entry> {
        let row = entries[index]
        return UnsafeMutableRawPointer(row).advanced(by: MemoryLayout<EntryTable<Entry>.Row>.offset(of: \.value) ?? 0)
            .assumingMemoryBound(to: Entry.self)
    }

    private func stampsOf(_ index: UInt32) -> UnsafeMutablePointer<UInt64> {
        stamps + Int(entries[index].pointee.value.block) * Self.stampsPerEntry
    }

    /// `recent_entry_init`: the longest unseen entry makes room.
    mutating func insert(_ address: AddressBits, _ family: AddressFamily, ttl: UInt8, now: UInt64) {
        if entries.count >= Self.listTotal { entries.remove(entries.first) }
        let index = entries.insert(
            Self.key(address, family), Entry(index: 1, stampCount: 1, ttl: ttl, block: 0))
        entries[index].pointee.value.block = index
        stampsOf(index)[0] = now
    }

    mutating func remove(_ index: UInt32) { entries.remove(index) }

    /// `recent_entry_update`
    mutating func update(_ index: UInt32, ttl: UInt8, now: UInt64) {
        let row = entries[index]
        let place = Int(row.pointee.value.index) & stampMask
        stampsOf(index)[place] = now
        row.pointee.value.index = UInt16(place + 1)
        row.pointee.value.stampCount = max(row.pointee.value.stampCount, row.pointee.value.index)
        row.pointee.value.ttl = ttl
        entries.moveToEnd(index)
    }

    /// Whether `hitCount` stamps (any one for 0) lie within `since`; 0: whenever they were.
    func hits(_ index: UInt32, hitCount: UInt32, since: UInt64, limited: Bool) -> Bool {
        let stamps = stampsOf(index)
        var hits: UInt32 = 0
        for i in 0..<Int(entries[index].pointee.value.stampCount) {
            if limited, since > stamps[i] { continue }
            hits += 1
            if hitCount == 0 || hits >= hitCount { return true }
        }
        return false
    }

    /// `recent_entry_reap`: the longest unseen entry goes when its last stamp is too old.
    mutating func reap(before time: UInt64, keeping working: UInt32?) {
        let oldest = entries.first
        guard oldest != .max, oldest != working else { return }
        let lastStamp = stampsOf(oldest)[Int(entries[oldest].pointee.value.index) - 1]
        if time > lastStamp { entries.remove(oldest) }
    }
}
