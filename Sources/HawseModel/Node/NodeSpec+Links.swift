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
        if !isUp { takeDown(place) }
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
        interfaces[place].addresses.removeAll { $0.family == .ipv6 && (!keeps || $0.address.isLinkLocal) }
    }

    /// The device of a next hop: the one it names, or on whose network its gateway is.
    private func device(of hop: Route.NextHop) -> String? {
        if let device = hop.device { return device }
        guard let gateway = hop.gateway else { return nil }
        return interfaces.first { $0.addresses.contains { $0.family == gateway.family && $0.contains(gateway) } }?.name
    }
}
