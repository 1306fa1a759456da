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
        /// Of a bridge that filters; 0: all.
        var vlan: UInt16 = 0
        var updated: Instant = .zero
        var next: Int32 = -1
    }

    static let largest = 1 << 16
    private let memory = LazyMemory<Entry>(capacity: largest)
    private(set) var count = 0
    private var heads: SegmentedMemory<Int32>
    private var chains = ChainCount()

    init() {
        heads = SegmentedMemory(capacity: chains.count)
        for number in 0..<chains.count { heads[number].initialize(to: -1) }
    }

    func deallocate() {
        memory.deallocate()
        heads.deallocate()
    }

    @inline(__always) var entries: UnsafeMutablePointer<Entry> { memory.base }

    @inline(__always)
    static func key(_ mac: MACAddress, _ device: UInt16) -> UInt64 { mac.value << 16 | UInt64(device) }

    @inline(__always)
    private func head(_ key: UInt64) -> UnsafeMutablePointer<Int32> {
        heads[chains.number((key &* 0x9e37_79b9_7f4a_7c15) >> 40)]
    }

    /// Index of the entry, or -1.
    @inline(__always)
    func find(_ mac: MACAddress, _ device: UInt16, vlan: UInt16 = 0) -> Int {
        let key = Self.key(mac, device)
        var index = head(key).pointee
        while index >= 0 {
            if entries[Int(index)].key == key, entries[Int(index)].vlan == vlan { return Int(index) }
            index = entries[Int(index)].next
        }
        return -1
    }

    /// The entry of an address, made when there is none; -1 when the table is full.
    mutating func findOrMake(_ mac: MACAddress, _ device: UInt16, vlan: UInt16 = 0) -> Int {
        let found = find(mac, device, vlan: vlan)
        if found >= 0 { return found }
        guard count < min(Self.largest, memory.capacity) else { return -1 }
        if count >= chains.count { split() }
        let key = Self.key(mac, device)
        let head = head(key)
        (entries + count).initialize(to: Entry(key: key, vlan: vlan, next: head.pointee))
        head.pointee = Int32(count)
        count += 1
        return count - 1
    }

    /// One more chain, which takes its share of an old one.
    private mutating func split() {
        let old = heads[chains.nextToSplit]
        heads.reserve(chains.count + 1)
        let new = heads[chains.count]
        chains.add()
        var index = old.pointee
        old.pointee = -1
        new.initialize(to: -1)
        while index >= 0 {
            let entry = entries + Int(index)
            let next = entry.pointee.next
            let target = head(entry.pointee.key)
            entry.pointee.next = target.pointee
            target.pointee = index
            index = next
        }
    }
}
