import HawseModel
import HawseWire

/// Where MACs live (`net_bridge_fdb_entry`, `vxlan_fdb`): a chained hash over (device, MAC), bounded.
struct ForwardingTable {
    struct Entry {
        /// MAC << 16 | device that owns the entry.
        var key: UInt64
        /// Bridge: the port; 0 is the bridge itself. VXLAN: index of the first remote.
        var port: UInt16 = 0
        /// The address of a port or of the bridge: for the node itself.
        var isLocal = false
        /// Never ages.
        var isStatic = false
        /// VXLAN: taken over from `SharedNetwork`.
        var isShared = false
        /// VXLAN: range in the table of remotes.
        var firstRemote: UInt32 = 0
        var remoteCount: UInt32 = 0
        var updated: Instant = .zero
        var next: Int32 = -1
    }

    static let largest = 1 << 16
    private(set) var entries: UnsafeMutablePointer<Entry>
    private(set) var count = 0
    private var capacity = 16
    private var buckets: UnsafeMutablePointer<Int32>
    private var mask = 15

    init() {
        entries = .allocate(capacity: 16)
        buckets = .allocate(capacity: 16)
        buckets.initialize(repeating: -1, count: 16)
    }

    func deallocate() {
        entries.deallocate()
        buckets.deallocate()
    }

    @inline(__always)
    static func key(_ mac: MACAddress, _ device: UInt16) -> UInt64 { mac.value << 16 | UInt64(device) }

    @inline(__always)
    private func bucket(_ key: UInt64) -> Int { Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 40) & mask }

    /// Index of the entry, or -1.
    @inline(__always)
    func find(_ mac: MACAddress, _ device: UInt16) -> Int {
        let key = Self.key(mac, device)
        var index = buckets[bucket(key)]
        while index >= 0 {
            if entries[Int(index)].key == key { return Int(index) }
            index = entries[Int(index)].next
        }
        return -1
    }

    /// The entry of an address, made when there is none; -1 when the table is full.
    mutating func findOrMake(_ mac: MACAddress, _ device: UInt16) -> Int {
        let found = find(mac, device)
        if found >= 0 { return found }
        guard count < Self.largest else { return -1 }
        if count == capacity { grow() }
        let key = Self.key(mac, device)
        let at = bucket(key)
        (entries + count).initialize(to: Entry(key: key, next: buckets[at]))
        buckets[at] = Int32(count)
        count += 1
        return count - 1
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: entries, count: count)
        entries.deallocate()
        entries = larger
        capacity *= 2
        buckets.deallocate()
        buckets = .allocate(capacity: capacity)
        buckets.initialize(repeating: -1, count: capacity)
        mask = capacity - 1
        for i in 0..<count {
            let at = bucket(entries[i].key)
            entries[i].next = buckets[at]
            buckets[at] = Int32(i)
        }
    }
}
