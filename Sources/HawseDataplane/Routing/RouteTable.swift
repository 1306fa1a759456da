import HawseModel
import HawseWire

/// One route in a table (`struct fib_alias` with its `fib_info`, or `struct fib6_info`). Trivial.
struct RouteEntry {
    var key: AddressBits
    var length: UInt8
    var tos: UInt8
    var kind: Route.Kind
    /// `RTF_ANYCAST`: the subnet-router address of a prefix.
    var isAnycast = false
    /// Stands for an address that an interface has (`inet_lookup_ifaddr`).
    var isAddress = false
    /// Taken over from `SharedNetwork`.
    var isShared = false
    var table: UInt32
    var metric: UInt32
    var preferredSource: AddressBits = .zero
    var mtu: UInt32 = 0
    var isMTULocked = false
    var realm: UInt32 = 0
    /// `fib_scope` (RT_SCOPE_*): 0 universe, 253 link, 254 host.
    var scope: UInt8 = 0
    /// Range in `RouteTables.hops`.
    var firstHop: UInt32 = 0
    var hopCount: UInt32 = 0
    /// The next route of the same prefix and table, in order of preference; -1 ends.
    var next: Int32 = -1
}

/// `struct fib_nh_common`.
struct RouteHop {
    var gateway: AddressBits = .zero
    /// 0: on the link.
    var gatewayVersion: UInt8 = 0
    var isOnlink = false
    /// `nhc_scope`: 254 when the destination is a neighbour itself, 253 behind a gateway, 255 for local routes.
    var scope: UInt8 = 254
    var device: UInt16 = 0
    var weight: UInt32 = 1
    /// `fib_nh_upper_bound`: the share of the hash space that ends here (multipath).
    var upperBound: Int32 = -1
    /// `nhc_saddr`: the source that goes with this hop; IPv6: the preferred one of a sibling.
    var source: AddressBits = .zero
    /// A sibling's own, in bytes; 0: the route's.
    var mtu: UInt32 = 0
    var isMTULocked = false
}

/// All tables of one family: routes by (table, length, prefix) in one open-addressing hash, and per table the prefix
/// lengths that occur, longest first. A lookup probes once per length that occurs.
struct RouteTables {
    struct Table {
        var id: UInt32
        /// Start in `lengths` and count.
        var firstLength: Int
        var lengthCount: Int
    }

    let family: AddressFamily
    private(set) var entries: UnsafeMutablePointer<RouteEntry>
    private(set) var entryCount: Int
    private(set) var hops: UnsafeMutablePointer<RouteHop>
    private var hopCount: Int
    private var entryCapacity: Int
    private var hopCapacity: Int
    private var slots: UnsafeMutablePointer<Int32>
    private var slotMask: Int
    private var tables: UnsafeMutablePointer<Table>
    private var tableCount: Int
    private var lengths: UnsafeMutablePointer<UInt8>
    private let hash = FlowHash(seed: 0x68b1_e0d5)
    /// Some route has several hops.
    let hasMultipath: Bool
    /// The loopback device: that of routes that refuse.
    let loopback: UInt16

    /// `routes` must be in the order in which they were added; equal prefixes keep it within one metric.
    /// `shared` are prefix lengths of routes that may be added to the main table later.
    init(
        family: AddressFamily, routes: [RouteEntry], hops allHops: [RouteHop], loopback: UInt16 = 0, shared: [Int] = []
    ) {
        self.family = family
        self.loopback = loopback
        hasMultipath = routes.contains { $0.hopCount > 1 }
        entryCount = routes.count
        entryCapacity = max(routes.count, 1)
        entries = .allocate(capacity: entryCapacity)
        hopCount = allHops.count
        hopCapacity = max(allHops.count, 1)
        hops = .allocate(capacity: hopCapacity)
        hops.initialize(from: allHops, count: allHops.count)
        var capacity = 8
        while capacity < routes.count * 2 { capacity *= 2 }
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: -1, count: capacity)
        slotMask = capacity - 1
        var lengthsByTable: [UInt32: Set<UInt8>] = [:]
        for route in routes { lengthsByTable[route.table, default: []].insert(route.length) }
        for length in shared { lengthsByTable[254, default: []].insert(UInt8(truncatingIfNeeded: length)) }
        let ids = lengthsByTable.keys.sorted()
        tableCount = ids.count
        tables = .allocate(capacity: max(ids.count, 1))
        lengths = .allocate(capacity: max(lengthsByTable.values.reduce(0) { $0 + $1.count }, 1))
        var at = 0
        for (i, id) in ids.enumerated() {
            let sorted = (lengthsByTable[id] ?? []).sorted(by: >)
            (tables + i).initialize(to: Table(id: id, firstLength: at, lengthCount: sorted.count))
            for length in sorted {
                lengths[at] = length
                at += 1
            }
        }
        for (i, route) in routes.enumerated() {
            (entries + i).initialize(to: route)
            insert(Int32(i))
        }
    }

    func deallocate() {
        entries.deallocate()
        hops.deallocate()
        slots.deallocate()
        tables.deallocate()
        lengths.deallocate()
    }

    /// One route more, of a prefix length that its table has.
    mutating func append(_ route: RouteEntry, hop: RouteHop) {
        if entryCount == entryCapacity {
            entries = Self.grown(entries, entryCount, &entryCapacity)
            if entryCapacity * 2 > slotMask + 1 { rehash() }
        }
        if hopCount == hopCapacity { hops = Self.grown(hops, hopCount, &hopCapacity) }
        var route = route
        route.firstHop = UInt32(hopCount)
        route.hopCount = 1
        (hops + hopCount).initialize(to: hop)
        hopCount += 1
        (entries + entryCount).initialize(to: route)
        entryCount += 1
        insert(Int32(entryCount - 1))
    }

    private static func grown<Element>(
        _ old: UnsafeMutablePointer<Element>, _ count: Int, _ capacity: inout Int
    ) -> UnsafeMutablePointer<Element> {
        capacity = max(capacity * 2, 8)
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
        larger.moveInitialize(from: old, count: count)
        old.deallocate()
        return larger
    }

    /// Room for as many entries as there may be now; chains stay as they are.
    private mutating func rehash() {
        var capacity = slotMask + 1
        while capacity < entryCapacity * 2 { capacity *= 2 }
        let heads = (0...slotMask).map { slots[$0] }.filter { $0 >= 0 }
        slots.deallocate()
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: -1, count: capacity)
        slotMask = capacity - 1
        for head in heads {
            let route = entries[Int(head)]
            var at = slot(route.key, route.length, route.table)
            while slots[at] >= 0 { at = (at + 1) & slotMask }
            slots[at] = head
        }
    }

    @inline(__always)
    private func slot(_ key: AddressBits, _ length: UInt8, _ table: UInt32) -> Int {
        Int(truncatingIfNeeded: hash(key, AddressBits(high: UInt64(length), low: UInt64(table)))) & slotMask
    }

    private func insert(_ index: Int32) {
        let route = entries[Int(index)]
        var at = slot(route.key, route.length, route.table)
        while slots[at] >= 0 {
            let head = entries + Int(slots[at])
            if head.pointee.key == route.key, head.pointee.length == route.length, head.pointee.table == route.table {
                chain(index, at)
                return
            }
            at = (at + 1) & slotMask
        }
        slots[at] = index
    }

    /// `fib_find_alias`: higher TOS first, then the smaller metric, then the older one.
    private func chain(_ index: Int32, _ at: Int) {
        let route = entries[Int(index)]
        var previous: Int32 = -1
        var current = slots[at]
        while current >= 0 {
            let other = entries[Int(current)]
            if route.tos > other.tos || (route.tos == other.tos && route.metric < other.metric) { break }
            previous = current
            current = other.next
        }
        entries[Int(index)].next = current
        if previous < 0 { slots[at] = index } else { entries[Int(previous)].next = index }
    }

    /// Index of the table, or -1 when nothing is in it.
    @inline(__always)
    func table(_ id: UInt32) -> Int {
        for i in 0..<tableCount where tables[i].id == id { return i }
        return -1
    }

    @inline(__always)
    func lengthCount(_ table: Int) -> Int { table < 0 ? 0 : tables[table].lengthCount }

    @inline(__always)
    func length(_ table: Int, _ position: Int) -> UInt8 { lengths[tables[table].firstLength &+ position] }

    /// The table has the address as one of an interface's.
    @inline(__always)
    func hasAddress(_ address: AddressBits, _ table: Int) -> Bool {
        guard table >= 0 else { return false }
        let index = find(address, family == .ipv4 ? 32 : 128, table)
        return index >= 0 && entries[Int(index)].isAddress
    }

    /// The first route of exactly this prefix, or -1.
    @inline(__always)
    func find(_ address: AddressBits, _ length: UInt8, _ table: Int) -> Int32 {
        let key = address & .mask(prefixLength: Int(length), family: family)
        let id = tables[table].id
        var at = slot(key, length, id)
        while slots[at] >= 0 {
            let entry = entries + Int(slots[at])
            if entry.pointee.key == key, entry.pointee.length == length, entry.pointee.table == id { return slots[at] }
            at = (at &+ 1) & slotMask
        }
        return -1
    }
}
