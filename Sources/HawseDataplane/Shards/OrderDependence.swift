import HawseModel
import HawseWire

/// Why what a node does to one flow depends on packets of other flows, so that its flows cannot be dealt out to shards
/// without changing the result.
public struct OrderDependence: Hashable, Sendable, CustomStringConvertible {
    /// The rule, device or virtual service.
    public var place: String
    public var reason: String

    public init(_ place: String, _ reason: String) {
        self.place = place
        self.reason = reason
    }

    public var description: String { "\(place): \(reason)" }

    /// Everything in the spec that ties flows together, rules first; empty for an order-free program.
    ///
    /// What only shows while packets pass (an address that has to be resolved, an ICMP error under a rate limit, a clash of
    /// ports) is noticed then: `DataplaneShards.orderEvent`.
    public static func all(of spec: NodeSpec) -> [OrderDependence] {
        var found: [OrderDependence] = []
        for ruleSet in [spec.iptables, spec.ip6tables] {
            guard let ruleSet else { continue }
            for table in ruleSet.tables { found += rules(of: table, ruleSet.family, sets: spec.sets) }
        }
        for interface in spec.interfaces {
            if let reason = reason(interface.kind) { found.append(OrderDependence(interface.name, reason)) }
        }
        for service in spec.ipvs?.services ?? [] {
            found.append(OrderDependence("virtual service \(name(service.key))", reason(service)))
        }
        return found
    }

    private static func rules(of table: Table, _ family: AddressFamily, sets: [IPSet]) -> [OrderDependence] {
        let tool = family == .ipv4 ? "iptables" : "ip6tables"
        var found: [OrderDependence] = []
        for chain in table.chains {
            for (number, rule) in chain.rules.enumerated() {
                var reasons = rule.matches.compactMap { reason($0, sets: sets) }
                if let target = rule.target, let reason = reason(target) { reasons.append(reason) }
                let place = "\(tool) \(table.name.rawValue) \(chain.name) rule \(number + 1)"
                found += reasons.map { OrderDependence(place, $0) }
            }
        }
        return found
    }

    private static func reason(_ match: Match, sets: [IPSet]) -> String? {
        switch match {
        case .limit: "limit counts the packets of all flows"
        case .hashlimit: "hashlimit counts packets of many flows together"
        case .quota: "quota counts the bytes of all flows"
        case .recent: "recent remembers who has been seen"
        case .connlimit: "connlimit counts other connections"
        case .rateest: "rateest looks at a rate of all flows"
        case .statistic(let statistic):
            if case .nth = statistic.mode { "statistic nth counts the packets of all flows" } else { "statistic random draws from one stream" }
        case .set(let match): reason(match, sets: sets)
        default: nil
        }
    }

    private static func reason(_ match: SetMatch, sets: [IPSet]) -> String? {
        if match.packets != nil || match.bytes != nil { return "set looks at counters that all flows add to" }
        let isList = sets.contains { $0.name == match.set.name && $0.kind == .listSet }
        let counts = sets.contains { $0.options.counters && (isList || $0.name == match.set.name) }
        guard match.updateCounters || match.updateSubcounters, counts else { return nil }
        return "set \(match.set.name) counts the packets of all flows"
    }

    private static func reason(_ target: Target) -> String? {
        switch target {
        case .snat: "SNAT shares source ports among connections"
        case .masquerade: "MASQUERADE shares source ports among connections"
        case .netmap: "NETMAP may map two connections to the same ports"
        case .dnat(let nat) where nat.random: "DNAT --random draws from one stream"
        case .redirect(let redirect) where redirect.random: "REDIRECT --random draws from one stream"
        case .snpt, .dnpt: "NPT translates without a connection to tell the way back"
        case .set: "SET writes what other flows' packets read"
        case .rateest: "RATEEST adds all flows up"
        case .ct(let ct) where ct.helper != nil: "a helper's expected connections belong to other flows"
        case .nfqueue, .queue: "a queue's listener sees the packets of all flows"
        case .synproxy: "SYNPROXY answers for the server"
        default: nil
        }
    }

    private static func reason(_ kind: InterfaceSpec.Kind) -> String? {
        switch kind {
        case .bridge: "a bridge learns from every frame where its sender is"
        case .vxlan: "a tunnel's outer connections carry many flows"
        case .ipip: "a tunnel's outer connection carries all flows"
        case .ether, .veth, .dummy, .loopback, .vlan, .tun: nil
        }
    }

    private static func name(_ key: VirtualService.Key) -> String {
        switch key {
        case .address(_, let address, let port): address.description(port: port)
        case .mark(let mark, _): "mark \(mark)"
        }
    }

    private static func reason(_ service: VirtualService) -> String {
        if service.flags.contains(.persistent) { return "persistence ties a client's connections together" }
        switch service.scheduler {
        case .sh, .dh, .mh: return "\(service.scheduler.rawValue)'s servers count all connections"
        default: return "\(service.scheduler.rawValue) chooses by what was chosen before"
        }
    }
}
