import HawseModel
import HawseWire

/// One neighbour (`struct neighbour`). Trivial.
struct Neighbour {
    /// `NUD_*`.
    enum State: UInt8 { case none, incomplete, reachable, stale, delay, probe, failed, noarp, permanent }

    var address: AddressBits
    var mac: MACAddress = .zero
    var device: UInt16
    var version: UInt8
    var state: State = .none
    var isProxy = false
    var isRouter = false
    /// Taken over from `SharedNetwork`.
    var isShared = false
    /// A packet has made it, and collection may take it away again.
    var isLearned = false
    var probes: UInt8 = 0
    /// Increases with every timer armed or cancelled, so that an old timer is known as such.
    var timerGeneration: UInt32 = 0
    var timerDue: Instant = .distantFuture
    var confirmed: Instant = .zero
    var updated: Instant = .zero
    var used: Instant = .zero
    var queuedBytes = 0
    var nextInBucket: Int32 = -1

    /// `NUD_CONNECTED`.
    @inline(__always) var isConnected: Bool { state == .permanent || state == .reachable || state == .noarp }
    /// `NUD_VALID`: the MAC may be used.
    @inline(__always) var isValid: Bool { isConnected || state == .stale || state == .delay || state == .probe }
}

/// ARP and neighbour-discovery entries (`struct neigh_table`) of both families in one chained hash.
struct NeighbourTable {
    private(set) var entries: UnsafeMutablePointer<Neighbour>
    private var capacity: Int
    private(set) var count = 0
    private var buckets: UnsafeMutablePointer<Int32>
    private var bucketMask: Int
    /// Entries that were learnt, not configured (`gc_entries`), by family; IPv4 first.
    private var learned = (0, 0)
    /// All entries, by family.
    private var present = (0, 0)
    /// Places of entries that are gone.
    private var free: [Int32] = []
    /// A timer of the periodic collection runs, by family.
    var isCollecting = (false, false)
    /// `last_flush` of each family.
    private var flushed = (Instant.zero, Instant.zero)
    /// Whether a packet has met an entry that was not settled beforehand: what comes of it depends on other packets.
    var hasResolved = false
    /// Packets that wait for an answer, oldest first. Cold.
    var queues: [Int32: [PacketRef]] = [:]
    /// Questions that a proxy answers after a while (`proxy_queue`), by timer handle. Cold.
    var delayed: [UInt32: PacketRef] = [:]
    private var nextDelayed: UInt32 = 0
    /// Proxy entries (`ip neigh add proxy`): device and address.
    private var proxies: Set<ProxyKey> = []
    var settings: NeighbourSettings
    /// Entries that many nodes have in common; one that is asked for moves into the table.
    private var shared: SharedTables?

    struct ProxyKey: Hashable {
        var address: IPAddress
        var device: UInt16
    }

    init(_ neighbors: [Neighbor], interfaces: InterfaceTable, sysctls: Sysctls, shared: SharedTables? = nil) {
        self.shared = shared
        capacity = max(neighbors.count * 2, 16)
        entries = .allocate(capacity: capacity)
        var size = 16
        while size < capacity { size *= 2 }
        buckets = .allocate(capacity: size)
        buckets.initialize(repeating: -1, count: size)
        bucketMask = size - 1
        settings = NeighbourSettings(sysctls, interfaces)
        for neighbor in neighbors {
            guard !neighbor.isProxy, let device = interfaces.index(of: neighbor.device), let mac = neighbor.mac else { continue }
            set(neighbor.address, device, mac)
        }
        setProxies(neighbors, interfaces)
    }

    func deallocate() {
        entries.deallocate()
        buckets.deallocate()
    }

    /// The proxy entries of a changed spec.
    mutating func setProxies(_ neighbors: [Neighbor], _ interfaces: InterfaceTable) {
        proxies = []
        for neighbor in neighbors where neighbor.isProxy {
            guard let device = interfaces.index(of: neighbor.device) else { continue }
            proxies.insert(ProxyKey(address: neighbor.address, device: device))
        }
    }

    /// `ip neigh replace … nud permanent`.
    mutating func set(_ address: IPAddress, _ device: UInt16, _ mac: MACAddress) {
        let version = address.family.rawValue
        let handle = find(address.bits, device, version: version)
        let index = handle >= 0 ? handle : insert(Neighbour(address: address.bits, device: device, version: version))
        entries[Int(index)].mac = mac
        entries[Int(index)].state = .permanent
        if entries[Int(index)].isLearned {
            entries[Int(index)].isLearned = false
            if version == 6 { learned.1 -= 1 } else { learned.0 -= 1 }
        }
        entries[Int(index)].timerGeneration &+= 1
    }

    /// `ip neigh del`.
    mutating func remove(_ address: IPAddress, _ device: UInt16) {
        let handle = find(address.bits, device, version: address.family.rawValue)
        if handle >= 0 { forget(handle) }
    }

    func isProxied(_ address: AddressBits, _ family: AddressFamily, on device: UInt16) -> Bool {
        !proxies.isEmpty && proxies.contains(ProxyKey(address: IPAddress(family: family, bits: address), device: device))
    }

    /// Puts a question aside; the handle of its timer, or `nil` when too many wait (`proxy_qlen`).
    mutating func delay(_ packet: PacketRef, atMost limit: Int) -> UInt32? {
        guard delayed.count <= limit else { return nil }
        nextDelayed = (nextDelayed &+ 1) & 0x7fff_ffff
        let handle = nextDelayed | 0x8000_0000
        delayed[handle] = packet
        return handle
    }

    /// `pndisc_constructor`: a proxy entry makes its device listen to the address's solicited-node group.
    func proxiesSolicited(_ tail: UInt64, on device: UInt16) -> Bool {
        proxies.contains {
            $0.device == device && $0.address.family == .ipv6 && $0.address.bits.low & 0xff_ffff == tail
        }
    }

    /// The settings of the device that a neighbour is on.
    func parameters(_ neighbour: Neighbour) -> NeighbourParameters {
        settings.of(neighbour.device, version: neighbour.version)
    }

    @inline(__always)
    private func bucket(_ address: AddressBits, _ device: UInt16) -> Int {
        let h = (address.low ^ address.high &* 31 ^ UInt64(device) << 48) &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: h >> 40) & bucketMask
    }

    /// Handle of the entry, or -1.
    @inline(__always)
    mutating func find(_ address: AddressBits, _ device: UInt16, version: UInt8) -> Int32 {
        var index = buckets[bucket(address, device)]
        while index >= 0 {
            let entry = entries + Int(index)
            if entry.pointee.address == address, entry.pointee.device == device, entry.pointee.version == version {
                return index
            }
            index = entry.pointee.nextInBucket
        }
        return shared == nil ? -1 : adopt(address, device, version)
    }

    @inline(never)
    private mutating func adopt(_ address: AddressBits, _ device: UInt16, _ version: UInt8) -> Int32 {
        let wanted = IPAddress(family: version == 6 ? .ipv6 : .ipv4, bits: address)
        guard let mac = shared?.neighbor(wanted, on: device) else { return -1 }
        var neighbour = Neighbour(address: address, mac: mac, device: device, version: version, state: .permanent)
        neighbour.isShared = true
        return insert(neighbour)
    }

    /// Another view: what the table holds becomes what the view says of it.
    mutating func follow(_ view: SharedTables?) {
        shared = view
        for i in 0..<count where entries[i].device != 0 {
            let entry = entries + i
            let address = IPAddress(family: entry.pointee.version == 6 ? .ipv6 : .ipv4, bits: entry.pointee.address)
            if let mac = view?.neighbor(address, on: entry.pointee.device) {
                entry.pointee.mac = mac
                entry.pointee.state = .permanent
                entry.pointee.isShared = true
                entry.pointee.timerGeneration &+= 1
            } else if entry.pointee.isShared {
                entry.pointee.state = .none
                entry.pointee.isShared = false
                entry.pointee.timerGeneration &+= 1
            }
        }
    }

    private mutating func insert(_ neighbour: Neighbour) -> Int32 {
        if free.isEmpty, count == capacity {
            let larger = UnsafeMutablePointer<Neighbour>.allocate(capacity: capacity * 2)
            larger.moveInitialize(from: entries, count: count)
            entries.deallocate()
            entries = larger
            capacity *= 2
            rehash(bucketMask * 2 + 2)
        }
        let index: Int32
        if let gone = free.popLast() {
            index = gone
            let generation = entries[Int(gone)].timerGeneration
            entries[Int(gone)] = neighbour
            entries[Int(gone)].timerGeneration = generation &+ 1
        } else {
            index = Int32(count)
            (entries + count).initialize(to: neighbour)
            count += 1
        }
        if neighbour.version == 6 { present.1 += 1 } else { present.0 += 1 }
        let at = bucket(neighbour.address, neighbour.device)
        entries[Int(index)].nextInBucket = buckets[at]
        buckets[at] = index
        return index
    }

    private mutating func rehash(_ size: Int) {
        buckets.deallocate()
        buckets = .allocate(capacity: size)
        buckets.initialize(repeating: -1, count: size)
        bucketMask = size - 1
        for i in 0..<count where entries[i].device != 0 {
            let at = bucket(entries[i].address, entries[i].device)
            entries[i].nextInBucket = buckets[at]
            buckets[at] = Int32(i)
        }
    }

    /// The entry of an address, made when there is none; -1 when the table is full (`neigh_alloc`).
    mutating func findOrMake(_ address: AddressBits, _ device: UInt16, version: UInt8, now: Instant) -> Int32 {
        let handle = find(address, device, version: version)
        if handle >= 0 { return handle }
        guard makeRoom(version, now) else { return -1 }
        if version == 6 { learned.1 += 1 } else { learned.0 += 1 }
        var neighbour = Neighbour(address: address, device: device, version: version)
        neighbour.isLearned = true
        neighbour.updated = now
        neighbour.used = now
        return insert(neighbour)
    }

    // MARK: Entries that nobody needs

    private func learnt(_ version: UInt8) -> Int { version == 6 ? learned.1 : learned.0 }

    /// Whether the periodic collection has anything to look at.
    func isCollected(_ version: UInt8) -> Bool {
        learnt(version) > 0 && (version == 6 ? present.1 : present.0) >= settings.limits(version).first
    }

    /// `neigh_alloc`: above the second threshold room is made at most every five seconds, above the third always.
    private mutating func makeRoom(_ version: UInt8, _ now: Instant) -> Bool {
        let limits = settings.limits(version)
        let count = learnt(version)
        let last = version == 6 ? flushed.1 : flushed.0
        guard count >= limits.third || (count >= limits.second && now > last + .seconds(5)) else { return true }
        return forceCollection(version, now, atMost: count - limits.second + 1) > 0 || count < limits.third
    }

    /// `neigh_forced_gc`: entries that are unfinished or have not changed for five seconds go, the oldest first.
    private mutating func forceCollection(_ version: UInt8, _ now: Instant, atMost most: Int) -> Int {
        if version == 6 { flushed.1 = now } else { flushed.0 = now }
        let old = (0..<count).filter { place in
            let entry = entries[place]
            return entry.device != 0 && entry.version == version && entry.isLearned && queues[Int32(place)] == nil
                && (entry.state == .none || entry.state == .failed || entry.updated + .seconds(5) < now)
        }.sorted { entries[$0].updated < entries[$1].updated }
        for place in old.prefix(max(most, 1)) { forget(Int32(place)) }
        return old.count
    }

    /// `neigh_periodic_work`: failed entries go, and those that no packet has used for `gc_stale_time`.
    mutating func collect(_ version: UInt8, _ now: Instant) {
        guard isCollected(version) else { return }
        for place in 0..<count {
            let entry = entries[place]
            guard entry.device != 0, entry.version == version, entry.isLearned, queues[Int32(place)] == nil,
                entry.state != .permanent
            else { continue }
            let used = max(entry.used, entry.confirmed)
            if entry.state == .failed || now > used + parameters(entry).staleTime { forget(Int32(place)) }
        }
    }

    /// Takes an entry out of the table.
    mutating func forget(_ handle: Int32) {
        let entry = entries + Int(handle)
        let at = bucket(entry.pointee.address, entry.pointee.device)
        if buckets[at] == handle {
            buckets[at] = entry.pointee.nextInBucket
        } else {
            var index = buckets[at]
            while index >= 0, entries[Int(index)].nextInBucket != handle { index = entries[Int(index)].nextInBucket }
            if index >= 0 { entries[Int(index)].nextInBucket = entry.pointee.nextInBucket }
        }
        if entry.pointee.version == 6 {
            learned.1 -= entry.pointee.isLearned ? 1 : 0
            present.1 -= 1
        } else {
            learned.0 -= entry.pointee.isLearned ? 1 : 0
            present.0 -= 1
        }
        entry.pointee.device = 0
        entry.pointee.state = .none
        entry.pointee.timerDue = .distantFuture
        entry.pointee.timerGeneration &+= 1
        free.append(handle)
    }
}
