import HawseModel
import HawseWire

/// What ICMP errors and redirects have taught about single destinations (`struct fib_nh_exception`, `rt6_exception`): a path
/// MTU, a better gateway. Each ends by itself.
struct RouteExceptions {
    struct Key: Hashable {
        var destination: IPAddress
        /// The next hop that it was learnt for: its device and gateway.
        var device: UInt16
        var gateway: AddressBits
    }

    struct Exception {
        /// Bytes; 0: none learnt.
        var mtu: UInt32 = 0
        /// What was told was smaller than `min_pmtu`: the MTU is that, also for packets that are forwarded.
        var isLocked = false
        /// Zero: none learnt.
        var gateway: AddressBits = .zero
        var expires: Instant
    }

    /// As many as the kernel's hash of one next hop holds (2048 buckets, five deep).
    private static let largest = 10240

    private var entries: [Key: Exception] = [:]

    var isEmpty: Bool { entries.isEmpty }

    func find(_ key: Key, at now: Instant) -> Exception? {
        guard let entry = entries[key], now < entry.expires else { return nil }
        return entry
    }

    /// A device has another MTU: what was learnt about its peers is no larger than that, and grows with it where the device was
    /// what bounded it (`fib_nhc_update_mtu`, `rt6_exceptions_update_pmtu`).
    mutating func followMTU(of device: UInt16, from old: UInt32, to mtu: UInt32) {
        for (key, entry) in entries where key.device == device && entry.mtu != 0 {
            if key.destination.family == .ipv4, entry.isLocked {
                if mtu > entry.mtu { continue }
                entries[key]?.mtu = mtu
                entries[key]?.isLocked = false
            } else if key.destination.family == .ipv4 ? mtu < entry.mtu || entry.mtu == old : entry.mtu >= mtu || entry.mtu == old {
                entries[key]?.mtu = mtu
            }
        }
    }

    /// `update_or_create_fnhe`.
    mutating func update(_ key: Key, at now: Instant, _ change: (inout Exception) -> Void) {
        var entry = find(key, at: now) ?? Exception(expires: now)
        change(&entry)
        if entries.count >= Self.largest { entries = entries.filter { now < $0.value.expires } }
        guard entries.count < Self.largest || entries[key] != nil else { return }
        entries[key] = entry
    }
}

extension Walk {
    /// A route of the tables as exceptions have changed it (`rt_bind_exception`, `rt6_find_cached_rt`). Only what has
    /// been found by a table's hop can have any.
    ///
    /// IPv4 packets that are forwarded do not look at a path MTU, unless it is locked or `ip_forward_use_pmtu` says so.
    func withExceptions(
        _ found: RouteResult, _ destination: AddressBits, isIPv4: Bool, forwards: Bool = false
    ) -> RouteResult {
        guard !node.pointee.routing.exceptions.isEmpty, found.kind == .unicast,
            let entry = node.pointee.routing.exceptions.find(
                exceptionKey(found, destination, isIPv4: isIPv4), at: node.pointee.now)
        else { return found }
        // It holds for a time only.
        voidRecording()
        var route = found
        // The kernel has a route of its own for the one address.
        route.namesNetwork = false
        if entry.mtu != 0, !(isIPv4 && forwards) || entry.isLocked || node.pointee.settings.forwardUsesPathMTU {
            route.mtu = entry.mtu
            route.hasLockedMTU = entry.isLocked
        }
        if !entry.gateway.isZero {
            route.gateway = entry.gateway
            route.gatewayVersion = isIPv4 ? 4 : 6
        }
        return route
    }

    private func exceptionKey(_ route: RouteResult, _ destination: AddressBits, isIPv4: Bool) -> RouteExceptions.Key {
        RouteExceptions.Key(
            destination: IPAddress(family: isIPv4 ? .ipv4 : .ipv6, bits: destination), device: route.outInterface,
            gateway: route.gatewayVersion != 0 ? route.gateway : .zero)
    }

    /// The route that a packet of ours to this destination takes by the tables alone.
    private func plainRoute(_ q: RouteQuestion, isIPv4: Bool) -> RouteResult {
        isIPv4 ? tableRoute4(q) : tableRoute6(q)
    }

    /// `__ip_rt_update_pmtu`, `__ip6_rt_update_pmtu`: the way to a destination takes packets of at most `mtu` bytes.
    func learnPathMTU(_ q: RouteQuestion, isIPv4: Bool, mtu told: UInt32) {
        let plain = plainRoute(q, isIPv4: isIPv4)
        guard plain.kind == .unicast, !plain.hasLockedMTU else { return }
        let settings = node.pointee.settings
        let old = UInt32(clamping: routeMTU(withExceptions(plain, q.destination, isIPv4: isIPv4)))
        var mtu = told
        var isLocked = false
        if isIPv4 {
            if old < told { return }
            if told < settings.minimumPathMTU {
                isLocked = true
                mtu = min(old, settings.minimumPathMTU)
            }
        } else if told < 1280 || told >= old {
            return
        }
        let end = node.pointee.now + (isIPv4 ? settings.pathMTUExpiry : settings.pathMTUExpiry6)
        forgetKnownWays()
        node.pointee.routing.exceptions.update(
            exceptionKey(plain, q.destination, isIPv4: isIPv4), at: node.pointee.now
        ) {
            $0.mtu = mtu
            $0.isLocked = isLocked
            $0.expires = end
        }
    }

    /// A redirect that was believed: packets to the destination go by another gateway.
    func learnGateway(_ q: RouteQuestion, isIPv4: Bool, _ gateway: AddressBits, until end: Instant) {
        let plain = plainRoute(q, isIPv4: isIPv4)
        guard plain.kind == .unicast else { return }
        forgetKnownWays()
        node.pointee.routing.exceptions.update(
            exceptionKey(plain, q.destination, isIPv4: isIPv4), at: node.pointee.now
        ) {
            $0.gateway = gateway
            $0.expires = end
        }
    }

    func followMTU(of device: UInt16, from old: Int, to mtu: Int) {
        node.pointee.routing.exceptions.followMTU(of: device, from: UInt32(clamping: old), to: UInt32(clamping: mtu))
    }

    private func forgetKnownWays() {
        node.pointee.routing.cache.flush()
        node.pointee.flows.invalidate()
    }
}
