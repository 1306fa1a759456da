import HawseModel
import HawseWire

/// Routing tables and rules of both families (`fib_trie`, `fib_rules`, `ip6_fib`), and the routes found lately.
struct RoutingState {
    var tables4: RouteTables
    var tables6: RouteTables
    var policy4: RoutingPolicy
    var policy6: RoutingPolicy
    var localTable4: Int
    var mainTable4: Int
    var defaultTable4: Int
    var localTable6: Int
    var mainTable6: Int
    /// `fib_has_custom_local_routes`, `fib_has_custom_rules`: there is one, or there was.
    private var hadCustomLookups: Bool
    /// The short way through source validation is closed, by these or by `fib_num_tclassid_users`.
    var needsFullSourceCheck: Bool { hadCustomLookups || hasRealms }
    var hasRealms: Bool
    var loopback: UInt16
    var cache: RouteCache
    /// Keys the multipath hash (`fib_multipath_hash_from_keys`).
    var multipathKey: SipHash
    var multipathPolicy: Int
    /// `fib_multipath_hash_policy` of IPv6, and which fields policy 3 takes.
    var multipathPolicy6: Int
    var multipathFields: Int
    var multipathFields6: Int
    /// Groups of the devices, by index.
    private(set) var groups: [UInt32]
    /// What errors and redirects have taught (`fib_nh_exception`, `rt6_exception`).
    var exceptions = RouteExceptions()
    /// A route depends on more than addresses, mark and TOS: none is remembered.
    var cacheOff: Bool
    var sources: SourceAddresses
    /// Routes that many nodes have in common; one that is asked for moves into the tables.
    private(set) var shared: SharedTables?

    init(_ spec: NodeSpec, interfaces: InterfaceTable, shared: SharedTables? = nil) {
        self.shared = shared
        sources = SourceAddresses(interfaces)
        let four = RouteList.ipv4(spec, interfaces, sources)
        let six = RouteList.ipv6(spec, interfaces)
        tables4 = RouteTables(
            family: .ipv4, routes: four.entries, hops: four.hops, loopback: interfaces.loopback,
            shared: shared?.prefixLengths(.ipv4) ?? [])
        tables6 = RouteTables(
            family: .ipv6, routes: six.entries, hops: six.hops, loopback: interfaces.loopback,
            shared: shared?.prefixLengths(.ipv6) ?? [])
        policy4 = RoutingPolicy(spec.rules, family: .ipv4, interfaces: interfaces)
        policy6 = RoutingPolicy(spec.rules, family: .ipv6, interfaces: interfaces)
        localTable4 = tables4.table(255)
        mainTable4 = tables4.table(254)
        defaultTable4 = tables4.table(253)
        localTable6 = tables6.table(255)
        mainTable6 = tables6.table(254)
        hasRealms = spec.routes.contains { $0.realm != 0 && $0.destination.family == .ipv4 }
        hadCustomLookups =
            policy4.isCustom || spec.routes.contains { $0.kind == .local && $0.destination.family == .ipv4 && $0.table == 255 }
        loopback = interfaces.loopback
        cache = RouteCache()
        multipathKey = Self.multipathKey(spec.sysctls)
        multipathPolicy = spec.sysctls.integer("net.ipv4.fib_multipath_hash_policy", default: 0)
        multipathPolicy6 = spec.sysctls.integer("net.ipv6.fib_multipath_hash_policy", default: 0)
        multipathFields = spec.sysctls.integer("net.ipv4.fib_multipath_hash_fields", default: 7)
        multipathFields6 = spec.sysctls.integer("net.ipv6.fib_multipath_hash_fields", default: 7)
        groups = (0..<UInt16(interfaces.count)).map { interfaces[$0].pointee.group }
        cacheOff = policy4.looksAtPorts || policy6.looksAtPorts || multipathPolicy != 0 || multipathPolicy6 != 0
            || tables4.hasMultipath || tables6.hasMultipath
    }

    func deallocate() {
        tables4.deallocate()
        tables6.deallocate()
        policy4.deallocate()
        policy6.deallocate()
        cache.deallocate()
    }

    /// Takes the routes, rules and addresses of a changed spec; what was found before is forgotten.
    mutating func update(_ spec: NodeSpec, interfaces: InterfaceTable, shared: SharedTables?) {
        let generation = cache.generation
        let (learnt, hadCustomLookups) = (exceptions, hadCustomLookups)
        deallocate()
        self = RoutingState(spec, interfaces: interfaces, shared: shared)
        exceptions = learnt
        self.hadCustomLookups = self.hadCustomLookups || hadCustomLookups
        cache.follow(generation)
    }

    /// Before a lookup: the shared route to the address, if there is one, becomes one of the main table's.
    @inline(__always)
    mutating func adopt(_ destination: AddressBits, _ family: AddressFamily) {
        if shared != nil { adoptShared(IPAddress(family: family, bits: destination)) }
    }

    @inline(never)
    private mutating func adoptShared(_ destination: IPAddress) {
        guard let (route, device) = shared?.route(to: destination) else { return }
        let isIPv4 = destination.family == .ipv4
        let prefix = route.destination.network
        let length = UInt8(truncatingIfNeeded: prefix.length)
        var known = isIPv4 ? tables4.find(prefix.address.bits, length, mainTable4) : tables6.find(prefix.address.bits, length, mainTable6)
        while known >= 0 {
            let entry = (isIPv4 ? tables4 : tables6).entries[Int(known)]
            if entry.isShared { return }
            known = entry.next
        }
        var entry = RouteEntry(
            key: prefix.address.bits, length: length, tos: 0, kind: .unicast, table: 254,
            metric: isIPv4 || route.metric != 0 ? route.metric : 1024)
        entry.isShared = true
        var hop = RouteHop(device: device)
        if let next = route.nextHops.first {
            hop.gateway = next.gateway?.bits ?? .zero
            hop.gatewayVersion = next.gateway.map { $0.family.rawValue } ?? 0
            hop.isOnlink = next.onlink
        }
        entry.scope = hop.gatewayVersion != 0 ? 0 : 253
        hop.scope = hop.gatewayVersion != 0 ? 253 : 254
        if isIPv4 {
            hop.source = sources.select4(
                on: device, near: hop.gatewayVersion == 4 ? hop.gateway : .zero, scope: entry.scope)
            tables4.append(entry, hop: hop)
        } else {
            tables6.append(entry, hop: hop)
        }
    }

    /// `inet_lookup_ifaddr`: some interface has this IPv4 address.
    @inline(__always)
    func isLocalAddress4(_ address: AddressBits) -> Bool { tables4.hasAddress(address, localTable4) }

    /// `ipv6_chk_addr`, on any device or on one.
    @inline(__always)
    func isLocalAddress6(_ address: AddressBits, on device: UInt16 = 0) -> Bool {
        guard localTable6 >= 0 else { return false }
        var index = tables6.find(address, 128, localTable6)
        while index >= 0 {
            let entry = tables6.entries + Int(index)
            if entry.pointee.isAddress, !entry.pointee.isAnycast,
                device == 0 || tables6.hops[Int(entry.pointee.firstHop)].device == device
            {
                return true
            }
            index = entry.pointee.next
        }
        return false
    }

    /// The device whose address it is (`rt6i_idev` of its local route).
    func deviceOfLocal6(_ address: AddressBits) -> UInt16? {
        guard localTable6 >= 0 else { return nil }
        var index = tables6.find(address, 128, localTable6)
        while index >= 0 {
            let entry = tables6.entries + Int(index)
            if entry.pointee.isAddress, !entry.pointee.isAnycast { return tables6.hops[Int(entry.pointee.firstHop)].device }
            index = entry.pointee.next
        }
        return nil
    }

    /// `ipv6_chk_acast_addr`: a subnet-router address of ours.
    func isAnycast6(_ address: AddressBits) -> Bool {
        guard localTable6 >= 0 else { return false }
        var index = tables6.find(address, 128, localTable6)
        while index >= 0, !tables6.entries[Int(index)].isAnycast { index = tables6.entries[Int(index)].next }
        return index >= 0
    }
}

/// Collects the routes of one family in the order in which a kernel would have added them.
struct RouteList {
    var entries: [RouteEntry] = []
    var hops: [RouteHop] = []
    /// IPv6 routes by gateways: where the first of each kind stands in `entries`.
    var siblings: [Siblings: Int] = [:]

    /// What routes have in common that become one (`rt6_qualify_for_ecmp`).
    struct Siblings: Hashable {
        private let key: AddressBits
        private let length: UInt8
        private let table, metric: UInt32

        init(_ route: RouteEntry) { (key, length, table, metric) = (route.key, route.length, route.table, route.metric) }
    }

    mutating func add(_ entry: RouteEntry, _ newHops: [RouteHop]) {
        var entry = entry
        entry.firstHop = UInt32(hops.count)
        entry.hopCount = UInt32(newHops.count)
        hops += newHops
        entries.append(entry)
    }

    /// Shares of the hash space by weight (`fib_rebalance`).
    static func rebalance(_ hops: inout [RouteHop]) {
        let total = hops.reduce(UInt64(0)) { $0 + UInt64($1.weight) }
        guard total > 0 else { return }
        var sum: UInt64 = 0
        for i in hops.indices {
            sum += UInt64(hops[i].weight)
            let bound = ((sum << 31) + total / 2) / total
            hops[i].upperBound = Int32(clamping: Int64(bound) - 1)
        }
    }
}
