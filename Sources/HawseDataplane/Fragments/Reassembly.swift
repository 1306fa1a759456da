import HawseModel
import HawseWire

/// Fragment queues (`ip_fragment.c`, `nf_conntrack_reasm.c`), bounded in bytes and time, and the sizes in which
/// reassembled packets came.
struct Reassembly {
    /// `ipfrag_high_thresh`: bytes held by all queues of a family before new fragments are refused.
    private static let highThreshold = 4 << 20

    private var slots: [FragmentQueue?] = []
    private var generations: [UInt16] = []
    private var freeSlots: [Int] = []
    private var index: [FragmentKey: Int] = [:]
    private var heldIPv4 = 0
    private var heldIPv6 = 0
    private var geometries: [[UInt16]] = [[]]
    private var freeGeometries: [Int] = []
    /// Fragments by IPv4 source, for `ipfrag_max_dist`; forgotten when no queue is left.
    private var peers: [AddressBits: UInt32] = [:]

    func deallocate() {
        for queue in slots {
            for fragment in queue?.fragments ?? [] {
                fragment.packet.pointee.buffer.deallocate()
                fragment.packet.deallocate()
            }
        }
    }

    /// Packets held.
    var heldCount: Int { slots.reduce(0) { $0 + ($1?.fragments.count ?? 0) } }

    // MARK: Queues

    /// The queue's slot, made when there is none; `nil` when too much is held already.
    mutating func slot(for key: FragmentKey) -> (slot: Int, isNew: Bool)? {
        guard (key.version == 4 ? heldIPv4 : heldIPv6) <= Self.highThreshold else { return nil }
        if let slot = index[key] { return (slot, false) }
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            guard slots.count < 1 << 16 else { return nil }
            slot = slots.count
            slots.append(nil)
            generations.append(0)
        }
        slots[slot] = FragmentQueue(key: key)
        index[key] = slot
        return (slot, true)
    }

    /// Works on a queue in place.
    mutating func withQueue<Result>(_ slot: Int, _ body: (inout FragmentQueue) -> Result) -> Result? {
        guard slot < slots.count, slots[slot] != nil else { return nil }
        let before = slots[slot]!.bytes
        let result = body(&slots[slot]!)
        let change = slots[slot]!.bytes - before
        if slots[slot]!.key.version == 4 { heldIPv4 += change } else { heldIPv6 += change }
        return result
    }

    func timerHandle(_ slot: Int) -> UInt32 { UInt32(generations[slot]) << 16 | UInt32(slot) }

    /// The slot a timer was armed for, if that queue still is there.
    func slot(ofTimer handle: UInt32) -> Int? {
        let slot = Int(handle & 0xffff)
        guard slot < slots.count, slots[slot] != nil, generations[slot] == UInt16(handle >> 16) else { return nil }
        return slot
    }

    /// Takes a queue out (`inet_frag_kill`): its fragments are the caller's.
    mutating func remove(_ slot: Int) -> FragmentQueue? {
        guard slot < slots.count, let queue = slots[slot] else { return nil }
        slots[slot] = nil
        generations[slot] &+= 1
        freeSlots.append(slot)
        index[queue.key] = nil
        if queue.key.version == 4 { heldIPv4 -= queue.bytes } else { heldIPv6 -= queue.bytes }
        if index.isEmpty { peers.removeAll(keepingCapacity: true) }
        return queue
    }

    /// `ip_frag_too_far`: have more than `maximum` fragments of the same source come since this queue's last?
    mutating func isTooFar(_ slot: Int, maximum: Int) -> Bool {
        guard maximum > 0, let queue = slots[slot] else { return false }
        let count = (peers[queue.key.source] ?? 0) &+ 1
        peers[queue.key.source] = count
        let distance = count &- queue.peerCount
        slots[slot]!.peerCount = count
        return !queue.fragments.isEmpty && distance > UInt32(clamping: maximum)
    }

    // MARK: Geometry

    /// Remembers the payload sizes of a datagram's fragments, in order; 0 when there is nothing to remember.
    mutating func remember(_ sizes: [UInt16]) -> UInt32 {
        guard sizes.count > 1 else { return 0 }
        if let free = freeGeometries.popLast() {
            geometries[free] = sizes
            return UInt32(free)
        }
        geometries.append(sizes)
        return UInt32(geometries.count - 1)
    }

    /// IP payload bytes of each fragment that the packet came in, in order (IPv6: without the fragment header).
    func sizes(_ geometry: UInt32) -> [UInt16] {
        Int(geometry) < geometries.count ? geometries[Int(geometry)] : []
    }

    /// Forgets the sizes in which a reassembled packet came.
    mutating func release(_ geometry: UInt32) {
        guard geometry != 0, Int(geometry) < geometries.count, !geometries[Int(geometry)].isEmpty else { return }
        geometries[Int(geometry)] = []
        freeGeometries.append(Int(geometry))
    }
}
