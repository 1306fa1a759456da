import HawseWire

/// What a kernel does with the rest of a node's network when a device goes down or up, or gets another MAC.
extension NodeSpec {
    /// `ip link set … up`, `… down`, with the VLANs that stand on the device. Down, what leads over the device is gone for good:
    /// routes, neighbours, and (unless `keep_addr_on_down`) its IPv6 addresses. False: there is no such device.
    @discardableResult
    public mutating func setLink(_ name: String, isUp: Bool) -> Bool {
        guard let place = interfaces.firstIndex(where: { $0.name == name }) else { return false }
        if interfaces[place].isUp == isUp { return true }
        interfaces[place].isUp = isUp
        if isUp {
            interfaces[place].addresses += interfaces[place].keptAddresses
            interfaces[place].keptAddresses = []
            for route in routes.indices {
                for hop in routes[route].nextHops.indices where routes[route].nextHops[hop].device == name {
                    routes[route].nextHops[hop].isDead = false
                }
            }
        } else {
            takeDown(place)
        }
        let children = interfaces.filter { if case .vlan(_, let parent) = $0.kind { parent == name } else { false } }
        for child in children { setLink(child.name, isUp: isUp) }
        return true
    }

    /// `ip link set … address …`: whoever was known there may be so no more.
    @discardableResult
    public mutating func setLinkAddress(_ name: String, _ mac: MACAddress) -> Bool {
        guard let place = interfaces.firstIndex(where: { $0.name == name }) else { return false }
        interfaces[place].mac = mac
        neighbors.removeAll { $0.device == name && !$0.isProxy }
        return true
    }

    /// `ip link set … mtu …`, with what follows: VLANs above shrink with their device, a bridge is as small as its smallest port,
    /// and below 1280 bytes IPv6 ends on the device (`addrconf_notify`). What the kernel refuses is said; `nil`: done.
    public mutating func setLinkMTU(_ name: String, _ mtu: Int) -> String? {
        guard let place = interfaces.firstIndex(where: { $0.name == name }) else { return "there is no device \(name)" }
        let (least, most) = mtuRange(interfaces[place])
        guard (least...most).contains(mtu) else { return "\(name) takes an MTU of \(least) to \(most) bytes, not \(mtu)" }
        let bridge = interfaces[place].bridge.flatMap { name in interfaces.firstIndex { $0.name == name } }
        let follows = bridge.map { interfaces[$0].mtu == smallestPort(of: interfaces[$0].name) } ?? false
        changeMTU(place, mtu)
        if let bridge, follows, let smallest = smallestPort(of: interfaces[bridge].name) { changeMTU(bridge, smallest) }
        return nil
    }

    private func smallestPort(of bridge: String) -> Int? { interfaces.filter { $0.bridge == bridge }.map(\.mtu).min() }

    /// `min_mtu`, `max_mtu` of the drivers, and what a device below leaves room for.
    private func mtuRange(_ device: InterfaceSpec) -> (least: Int, most: Int) {
        func of(_ name: String?) -> Int? { interfaces.first { $0.name == name }?.mtu }
        switch device.kind {
        case .dummy, .loopback: return (0, Int(Int32.max))
        case .vlan(_, let parent): return (0, of(parent) ?? 65535)
        case .vxlan(let options):
            let outer = options.local?.family == .ipv6 || options.remote?.family == .ipv6 ? 70 : 50
            return (68, max(68, (of(options.device) ?? 65535) - outer))
        default: return (68, 65535)
        }
    }

    private mutating func changeMTU(_ place: Int, _ mtu: Int) {
        let name = interfaces[place].name
        let old = interfaces[place].mtu
        guard old != mtu else { return }
        // `rt6_mtu_change`: a route's own MTU follows where it was the device's, or is larger than the device takes now.
        let old6 = min(sysctls.values["net.ipv6.conf.\(name).mtu"].flatMap { Int($0) } ?? old, old)
        interfaces[place].mtu = mtu
        if mtu < 1280 {
            if old >= 1280 {
                endIPv6(place)
                // What comes back later has the settings of `default`.
                for key in sysctls.values.keys where key.hasPrefix("net.ipv6.conf.\(name).") || key.hasPrefix("net.ipv6.neigh.\(name).") {
                    sysctls[key] = nil
                }
            }
        } else {
            for index in routes.indices where routes[index].destination.family == .ipv6 && routes[index].mtu != 0 && !routes[index].isMTULocked {
                let own = routes[index].mtu
                guard own >= mtu || own == old6, routes[index].nextHops.contains(where: { device(of: $0) == name }) else { continue }
                routes[index].mtu = mtu
            }
            sysctls["net.ipv6.conf.\(name).mtu"] = "\(mtu)"
        }
        for child in interfaces.indices {
            if case .vlan(_, name) = interfaces[child].kind, interfaces[child].mtu > mtu { changeMTU(child, mtu) }
        }
    }

    /// A setting is written, with what follows from `disable_ipv6`.
    public mutating func setSysctl(_ name: String, to value: String) {
        let before = interfaces.map { sysctls.disablesIPv6($0.name) }
        sysctls[name] = value
        sysctls.spread(name)
        for (place, wasOff) in before.enumerated() where !wasOff && sysctls.disablesIPv6(interfaces[place].name) { endIPv6(place) }
    }

    /// `addrconf_ifdown`: addresses, routes and neighbours go.
    private mutating func endIPv6(_ place: Int) {
        let name = interfaces[place].name
        interfaces[place].addresses.removeAll { $0.family == .ipv6 }
        neighbors.removeAll { $0.device == name && $0.address.family == .ipv6 }
        routes = routes.compactMap { route in
            guard route.destination.family == .ipv6, route.kind == .unicast, !route.nextHops.isEmpty else { return route }
            var left = route
            left.nextHops.removeAll { device(of: $0) == name }
            return left.nextHops.isEmpty ? nil : left
        }
    }

    /// `ip address del`: with the first address of an IPv4 network its others go, unless `promote_secondaries` makes the next of
    /// them the first. `nil`: there is no such address.
    public func addresses(of name: String, without prefix: IPPrefix) -> [IPPrefix]? {
        guard let device = interfaces.first(where: { $0.name == name }), device.addresses.contains(prefix) else { return nil }
        let left = device.addresses.filter { $0 != prefix }
        let promotes = sysctls.integer("net.ipv4.conf.all.promote_secondaries", default: 0) != 0
            || sysctls.device(name, "promote_secondaries") ?? 0 != 0
        func isKin(_ other: IPPrefix) -> Bool { other.family == .ipv4 && other.length == prefix.length && other.network == prefix.network }
        guard prefix.family == .ipv4, !promotes, device.addresses.first(where: isKin) == prefix else { return left }
        return left.filter { !isKin($0) }
    }

    /// All addresses of a device, and what goes with those that it has no longer (`fib_sync_down_addr`, `fib_disable_ip`,
    /// `rt6_remove_prefsrc`). False: there is no such device.
    @discardableResult
    public mutating func setAddresses(_ name: String, _ addresses: [IPPrefix]) -> Bool {
        guard let place = interfaces.firstIndex(where: { $0.name == name }) else { return false }
        let old = interfaces[place].addresses
        // A gateway may lie in a network that goes: it stays with its device.
        let before = self
        interfaces[place].addresses = addresses
        let present = Set(interfaces.flatMap { $0.addresses.map(\.address) })
        let gone = Set(old.map(\.address)).subtracting(present)
        guard !gone.isEmpty else { return true }
        let isLast = old.contains { $0.family == .ipv4 } && !addresses.contains { $0.family == .ipv4 }
        routes = routes.compactMap { route in
            var route = route
            if let source = route.preferredSource, gone.contains(source) {
                if source.family == .ipv4 { return nil }
                route.preferredSource = nil
            }
            guard route.kind == .unicast else { return route }
            for hop in route.nextHops.indices where route.nextHops[hop].device == nil {
                route.nextHops[hop].device = before.device(of: route.nextHops[hop])
            }
            guard isLast, route.destination.family == .ipv4, !route.nextHops.isEmpty else { return route }
            // Of several next hops the others go on, and the dead one comes back with its device (`fib_sync_up`).
            for hop in route.nextHops.indices where route.nextHops[hop].device == name { route.nextHops[hop].isDead = true }
            return route.nextHops.allSatisfy(\.isDead) ? nil : route
        }
        if isLast { neighbors.removeAll { $0.device == name && $0.address.family == .ipv4 } }
        return true
    }

    private mutating func takeDown(_ place: Int) {
        let name = interfaces[place].name
        let keeps = (sysctls.device(name, "keep_addr_on_down", family: "ipv6") ?? 0) > 0
            || sysctls.integer("net.ipv6.conf.all.keep_addr_on_down", default: 0) > 0
        neighbors.removeAll { $0.device == name }
        let down = Set(interfaces.filter { !$0.isUp }.map(\.name))
        // Of several next hops the others go on, and the dead one comes back with its device.
        routes = routes.filter { route in
            route.kind != .unicast || route.nextHops.isEmpty || !route.nextHops.allSatisfy { device(of: $0).map(down.contains) ?? false }
        }
        // Those that it keeps count for nothing until it is up again.
        if keeps { interfaces[place].keptAddresses = interfaces[place].addresses.filter { $0.family == .ipv6 && !$0.address.isLinkLocal } }
        interfaces[place].addresses.removeAll { $0.family == .ipv6 }
    }

    /// The device of a next hop: the one it names, or on whose network its gateway is.
    private func device(of hop: Route.NextHop) -> String? {
        if let device = hop.device { return device }
        guard let gateway = hop.gateway else { return nil }
        return interfaces.first { $0.addresses.contains { $0.family == gateway.family && $0.contains(gateway) } }?.name
    }
}
