import HawseWire

/// What a kernel lists and a `NodeSpec` leaves out, since it follows from the rest. Readers of a running node ask here.
extension NodeSpec {
    /// Whether the kernel made this route of the addresses (`proto kernel`): local, broadcast, multicast and connected ones.
    public func isDerived(_ route: Route, byKernel: Bool) -> Bool {
        guard byKernel else { return false }
        if route.table == 255 || route.kind != .unicast || route.destination.address.isMulticast { return true }
        guard let hop = route.nextHops.first, route.nextHops.count == 1, hop.gateway == nil else { return false }
        if route.destination == IPPrefix(MACAddress.zero.linkLocal, length: 64).network { return true }
        return interfaces.first { $0.name == hop.device }?.addresses.contains { $0.network == route.destination } ?? false
    }

    /// Whether a device has this forwarding entry of itself: addresses of its own, groups it listens to, a VXLAN device's
    /// default peer.
    public func isDerived(_ entry: ForwardingEntry) -> Bool {
        guard let device = interfaces.first(where: { $0.name == entry.device }) else { return true }
        if entry.isMaster { return interfaces.contains { $0.mac == entry.mac } || entry.mac.isGroup }
        guard case .vxlan(let vxlan) = device.kind else { return true }
        return entry.destination == nil
            || entry.mac == .zero && entry.destination == vxlan.remote && entry.port == nil && entry.vni == nil
    }

    /// Rules of both families as one list: a rule that both have is one for both.
    public static func rules(v4: [RoutingRule], v6: [RoutingRule]) -> [RoutingRule] {
        func bare(_ rule: RoutingRule) -> RoutingRule {
            var rule = rule
            rule.family = nil
            return rule
        }
        // IPv6 has no table `default`; nothing is in it, and asking it is the same as the list's end.
        let common = Set(v4.map(bare)).intersection(v6.map(bare) + RoutingRule.defaults.suffix(1))
        let all = v4.map { common.contains(bare($0)) ? bare($0) : $0 } + v6.filter { !common.contains(bare($0)) }
        return all.enumerated().sorted { ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset) }.map(\.element)
    }
}
