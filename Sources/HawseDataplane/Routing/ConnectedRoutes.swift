import HawseModel
import HawseWire

extension RouteList {
    /// What `fib_add_ifaddr` and `ip route add` make of the spec's addresses and routes.
    static func ipv4(_ spec: NodeSpec, _ interfaces: InterfaceTable, _ sources: SourceAddresses) -> RouteList {
        var list = RouteList()
        for index in 1..<UInt16(interfaces.count) {
            for address in sources.ipv4 where address.device == index {
                list.addConnected4(address, interfaces[index].pointee)
            }
        }
        for route in spec.routes where route.destination.family == .ipv4 {
            list.addConfigured(route, interfaces, sources)
        }
        return list
    }

    private mutating func addConnected4(_ address: SourceAddresses.Entry, _ interface: Interface) {
        let host = RouteHop(scope: 255, device: interface.index, source: address.primary)
        var local = RouteEntry(key: address.bits, length: 32, tos: 0, kind: .local, table: 255, metric: 0)
        local.preferredSource = address.primary
        local.scope = 254
        local.isAddress = true
        add(local, [host])
        guard interface.isUp else { return }
        let mask = AddressBits.mask(prefixLength: address.length, family: .ipv4)
        let network = address.bits & mask
        guard network.ipv4 != 0, !address.isSecondary, network != address.bits || address.length < 32 else { return }
        let isLoopback = interface.kind == .loopback
        var connected = RouteEntry(
            key: network, length: UInt8(address.length), tos: 0, kind: isLoopback ? .local : .unicast,
            table: isLoopback ? 255 : 254, metric: 0)
        connected.preferredSource = address.primary
        connected.scope = isLoopback ? 254 : 253
        add(connected, [RouteHop(scope: isLoopback ? 255 : 254, device: interface.index, source: address.primary)])
        if address.length < 31 {
            var broadcast = RouteEntry(
                key: AddressBits(ipv4: network.ipv4 | ~mask.ipv4), length: 32, tos: 0, kind: .broadcast, table: 255,
                metric: 0)
            broadcast.preferredSource = address.primary
            broadcast.scope = 253
            add(broadcast, [RouteHop(scope: 254, device: interface.index, source: address.primary)])
        }
    }

    /// Local, anycast, multicast and prefix routes of every address, link-local ones included (`addrconf.c`).
    static func ipv6(_ spec: NodeSpec, _ interfaces: InterfaceTable) -> RouteList {
        var list = RouteList()
        for index in 1..<UInt16(interfaces.count) {
            let interface = interfaces[index].pointee
            let mine = interfaces.addresses[Int(index)].filter { $0.family == .ipv6 }
            for prefix in mine { list.addConnected6(prefix, interface) }
            if !mine.isEmpty, interface.isUp, interface.kind != .loopback {
                let all = RouteEntry(
                    key: AddressBits(high: 0xff << 56, low: 0), length: 8, tos: 0, kind: .multicast, table: 255,
                    metric: 256)
                list.add(all, [RouteHop(device: index)])
            }
        }
        for route in spec.routes where route.destination.family == .ipv6 {
            list.addConfigured(route, interfaces, nil)
        }
        return list
    }

    private mutating func addConnected6(_ prefix: IPPrefix, _ interface: Interface) {
        let hop = RouteHop(scope: 255, device: interface.index)
        var local = RouteEntry(key: prefix.address.bits, length: 128, tos: 0, kind: .local, table: 255, metric: 0)
        local.isAddress = true
        add(local, [hop])
        guard interface.isUp, interface.kind != .loopback else { return }
        let network = prefix.network.address.bits
        if interface.forwarding6, prefix.length < 127, !network.isZero, network != prefix.address.bits {
            var anycast = RouteEntry(key: network, length: 128, tos: 0, kind: .local, table: 255, metric: 0)
            anycast.isAnycast = true
            add(anycast, [hop])
        }
        let connected = RouteEntry(
            key: network, length: UInt8(prefix.length), tos: 0, kind: .unicast, table: 254, metric: 256)
        add(connected, [RouteHop(device: interface.index)])
    }

    private mutating func addConfigured(_ route: Route, _ interfaces: InterfaceTable, _ sources: SourceAddresses?) {
        let family = route.destination.family
        let prefix = route.destination.network
        var entry = RouteEntry(
            key: prefix.address.bits, length: UInt8(prefix.length), tos: route.tos & 0xfc, kind: route.kind,
            table: route.table == 0 ? 254 : route.table, metric: route.metric)
        if family == .ipv6, entry.metric == 0 { entry.metric = 1024 }
        entry.preferredSource = route.preferredSource?.bits ?? .zero
        entry.mtu = UInt32(clamping: max(route.mtu, 0))
        entry.isMTULocked = route.isMTULocked
        entry.realm = route.realm
        let hasGateway = route.nextHops.contains { $0.gateway != nil }
        entry.scope = route.kind == .local ? 254 : hasGateway ? 0 : (route.kind == .unicast ? 253 : 0)
        switch route.kind {
        case .unreachable, .prohibit, .blackhole, .throw:
            add(entry, [])
            return
        default: break
        }
        var hops: [RouteHop] = []
        for hop in route.nextHops {
            if let made = makeHop(hop, route, entry, interfaces, sources) { hops.append(made) }
        }
        guard !hops.isEmpty else { return }
        if family == .ipv6, route.hasGateways {
            if let sibling = siblings[Siblings(entry)] { return join(hops, of: entry, to: sibling) }
            siblings[Siblings(entry)] = entries.count
        }
        Self.rebalance(&hops)
        add(entry, hops)
    }

    /// `fib6_add_rt2node`: an IPv6 route by a gateway becomes one more next hop of a like one that is there.
    private mutating func join(_ added: [RouteHop], of route: RouteEntry, to index: Int) {
        let first = Int(entries[index].firstHop)
        var all = Array(hops[first..<first + Int(entries[index].hopCount)])
        Self.own(&all, entries[index])
        (entries[index].mtu, entries[index].isMTULocked, entries[index].preferredSource) = (0, false, .zero)
        var added = added
        Self.own(&added, route)
        for hop in added where !all.contains(where: { $0.device == hop.device && $0.gateway == hop.gateway }) { all.append(hop) }
        Self.rebalance(&all)
        entries[index].firstHop = UInt32(hops.count)
        entries[index].hopCount = UInt32(all.count)
        hops += all
    }

    /// Each of them has been a route of its own.
    private static func own(_ hops: inout [RouteHop], _ route: RouteEntry) {
        for index in hops.indices {
            if route.mtu != 0 { (hops[index].mtu, hops[index].isMTULocked) = (route.mtu, route.isMTULocked) }
            if !route.preferredSource.isZero { hops[index].source = route.preferredSource }
        }
    }

    private func makeHop(
        _ hop: Route.NextHop, _ route: Route, _ entry: RouteEntry, _ interfaces: InterfaceTable,
        _ sources: SourceAddresses?
    ) -> RouteHop? {
        var made = RouteHop()
        made.weight = UInt32(clamping: max(hop.weight, 1))
        made.isOnlink = hop.onlink
        made.gateway = hop.gateway?.bits ?? .zero
        made.gatewayVersion = hop.gateway.map { $0.family.rawValue } ?? 0
        made.scope = route.kind == .local ? 255 : hop.gateway == nil ? 254 : 253
        if hop.isDead { return nil }
        if let name = hop.device, let index = interfaces.index(of: name) {
            made.device = index
        } else if let gateway = hop.gateway, let index = connectedDevice(gateway) {
            made.device = index
        } else {
            return nil
        }
        guard interfaces[made.device].pointee.isUp || route.kind == .local else { return nil }
        if let sources {
            made.source = sources.select4(
                on: made.device, near: made.gatewayVersion == 4 ? made.gateway : .zero, scope: entry.scope)
        }
        return made
    }

    /// The device by which a gateway is a neighbour.
    private func connectedDevice(_ gateway: IPAddress) -> UInt16? {
        var best: RouteEntry?
        for entry in entries where entry.kind == .unicast && entry.hopCount > 0 {
            let mask = AddressBits.mask(prefixLength: Int(entry.length), family: gateway.family)
            guard gateway.bits & mask == entry.key, hops[Int(entry.firstHop)].gatewayVersion == 0 else { continue }
            if entry.length >= best?.length ?? 0 { best = entry }
        }
        return best.map { hops[Int($0.firstHop)].device }
    }
}
