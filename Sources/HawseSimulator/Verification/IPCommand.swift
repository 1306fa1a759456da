import HawseFormats
import HawseModel
import HawseWire

/// `ip …` commands that a case ran in the node between packets, as changes.
struct IPCommand {
    private var words: ArraySlice<String>
    private let line: String
    private var family: AddressFamily?
    /// Neighbours that are to be forgotten if they have been learnt.
    private(set) var forgotten: [(address: IPAddress, device: String)] = []

    init(_ line: String) {
        self.line = line
        words = line.split(separator: " ").dropFirst().map(String.init)[...]
        while let word = words.first, word == "-4" || word == "-6" {
            family = word == "-6" ? .ipv6 : .ipv4
            words.removeFirst()
        }
    }

    private var unsupported: Unsupported { Unsupported(description: "the command `\(line)'") }

    mutating func changes(_ spec: NodeSpec) throws -> [Change] {
        guard let object = words.popFirst(), let verb = words.popFirst() else { throw unsupported }
        switch object {
        case "link", "l": return try link(verb)
        case "address", "addr", "a": return [try address(verb, spec)]
        case "route", "r": return try route(verb, spec)
        case "neigh", "neighbor", "neighbour", "n": return try neighbour(verb, spec)
        case "rule", "ru": return try rule(verb, spec)
        default: throw unsupported
        }
    }

    private var location: SourceLocation { SourceLocation(file: "ip", line: 1) }
    private var rest: String { words.joined(separator: " ") }

    private mutating func link(_ verb: String) throws -> [Change] {
        guard verb == "set" else { throw unsupported }
        if words.first == "dev" { words.removeFirst() }
        guard let device = words.popFirst() else { throw unsupported }
        var changes: [Change] = []
        while let word = words.popFirst() {
            switch word {
            case "up", "down": changes.append(.link(device: device, isUp: word == "up"))
            case "address":
                guard let mac = words.popFirst().flatMap({ MACAddress($0) }) else { throw unsupported }
                changes.append(.linkAddress(device: device, mac))
            case "mtu":
                guard let mtu = words.popFirst().flatMap({ Int($0) }) else { throw unsupported }
                changes.append(.linkMTU(device: device, mtu))
            default: throw unsupported
            }
        }
        return changes
    }

    private mutating func address(_ verb: String, _ spec: NodeSpec) throws -> Change {
        guard let text = words.popFirst(), let place = words.firstIndex(of: "dev"), words.indices.contains(place + 1),
            let prefix = IPPrefix(text.contains("/") ? text : text + (text.contains(":") ? "/128" : "/32"))
        else { throw unsupported }
        let device = words[place + 1]
        guard let list = spec.interfaces.first(where: { $0.name == device })?.addresses else { throw unsupported }
        switch verb {
        case "add", "replace": return .addresses(device: device, list.contains(prefix) ? list : list + [prefix])
        case "del", "delete":
            guard let left = spec.addresses(of: device, without: prefix) else { throw unsupported }
            return .addresses(device: device, left)
        default: throw unsupported
        }
    }

    private func route(_ verb: String, _ spec: NodeSpec) throws -> [Change] {
        let route = try RouteText.parse(rest, family: family, at: location)
        let isIPv6 = route.destination.family == .ipv6
        func isSame(_ other: Route) -> Bool {
            other.destination == route.destination && other.table == route.table && other.tos == route.tos
        }
        func metric(_ route: Route) -> UInt32 { isIPv6 && route.metric == 0 ? 1024 : route.metric }
        switch verb {
        case "add", "append": return [.addRoute(route)]
        case "replace", "change":
            let old = spec.routes.filter { isSame($0) && metric($0) == metric(route) }
            return replaced(by: route, among: old).map { .removeRoute($0) } + [.addRoute(route)]
        case "del", "delete":
            let found = spec.routes.first { other in
                isSame(other) && (route.metric == 0 || route.metric == other.metric)
                    && route.nextHops.allSatisfy { hop in
                        other.nextHops.contains { (hop.gateway == nil || hop.gateway == $0.gateway) && (hop.device == nil || hop.device == $0.device) }
                    }
            }
            guard let found else { throw unsupported }
            guard isIPv6, found.hasGateways else { return [.removeRoute(found)] }
            // `ip6_route_del`: without a gateway all siblings go, with one it alone.
            guard let hop = route.nextHops.first, route.nextHops.count == 1, hop.gateway != nil else {
                guard !route.hasGateways else { return [.removeRoute(found)] }
                return spec.routes.filter { isSame($0) && metric($0) == metric(found) && $0.hasGateways }.map { .removeRoute($0) }
            }
            var rest = found
            rest.nextHops.removeAll { $0.gateway == hop.gateway && (hop.device == nil || hop.device == $0.device) }
            return [.removeRoute(found)] + (rest.nextHops.isEmpty ? [] : [.addRoute(rest)])
        default: throw unsupported
        }
    }

    /// IPv6 (`fib6_add_rt2node`): the first of the new one's kind, else the first of any, and with one that has gateways its siblings.
    private func replaced(by route: Route, among old: [Route]) -> [Route] {
        guard route.destination.family == .ipv6 else { return Array(old.prefix(1)) }
        guard let found = old.first(where: { $0.hasGateways == route.hasGateways }) ?? old.first else { return [] }
        return found.hasGateways ? old.filter(\.hasGateways) : [found]
    }

    private mutating func neighbour(_ verb: String, _ spec: NodeSpec) throws -> [Change] {
        switch verb {
        case "add", "replace", "change":
            let entry = try NeighborText.parse(rest, at: location)
            let old = spec.neighbors.filter { $0.address == entry.address && $0.device == entry.device && $0.isProxy == entry.isProxy }
            return old.map { .removeNeighbor($0) } + [.addNeighbor(entry)]
        case "del", "delete":
            guard let address = words.first(where: { $0 != "proxy" }).flatMap({ IPAddress($0) }), let place = words.firstIndex(of: "dev"),
                words.indices.contains(place + 1)
            else { throw unsupported }
            let isProxy = words.first == "proxy"
            if !isProxy { forgotten.append((address, words[place + 1])) }
            return spec.neighbors.filter { $0.address == address && $0.device == words[place + 1] && $0.isProxy == isProxy }
                .map { .removeNeighbor($0) }
        default: throw unsupported
        }
    }

    private func rule(_ verb: String, _ spec: NodeSpec) throws -> [Change] {
        let rule = try RoutingRuleText.parse(rest, family: family, at: location)
        switch verb {
        case "add":
            var rules = spec.rules
            RoutingRuleText.add(rule, to: &rules)
            return rules.filter { !spec.rules.contains($0) }.map { .addRoutingRule($0) }
        case "del", "delete":
            guard let found = spec.rules.first(where: { $0 == rule || ($0.priority == rule.priority && rule.priority != 0) }) else {
                throw unsupported
            }
            return [.removeRoutingRule(found)]
        default: throw unsupported
        }
    }
}
