import HawseModel
import HawseWire

extension Flannel {
    /// One netlink request of the daemon.
    public enum NodeChange: Hashable, Sendable, CustomStringConvertible {
        /// `ip route replace`: takes the place of any route to the same destination.
        case setRoute(Route)
        case removeRoute(Route)
        /// `ip neigh replace … nud permanent`.
        case setNeighbor(Neighbor)
        case removeNeighbor(Neighbor)
        /// `bridge fdb replace … self permanent`.
        case setForwarding(ForwardingEntry)
        case removeForwarding(ForwardingEntry)

        public var description: String {
            func route(_ route: Route) -> String {
                let hop = route.nextHops.first
                return "\(route.destination)" + (hop?.gateway.map { " via \($0)" } ?? "")
                    + (hop?.device.map { " dev \($0)" } ?? "") + (hop?.onlink == true ? " onlink" : "")
            }
            func neighbor(_ entry: Neighbor) -> String {
                "\(entry.address)" + (entry.mac.map { " lladdr \($0)" } ?? "") + " dev \(entry.device)"
            }
            func forwarding(_ entry: ForwardingEntry) -> String {
                "\(entry.mac) dev \(entry.device)" + (entry.destination.map { " dst \($0)" } ?? "")
            }
            return switch self {
            case .setRoute(let value): "route replace \(route(value))"
            case .removeRoute(let value): "route del \(route(value))"
            case .setNeighbor(let value): "neigh replace \(neighbor(value))"
            case .removeNeighbor(let value): "neigh del \(neighbor(value))"
            case .setForwarding(let value): "fdb replace \(forwarding(value))"
            case .removeForwarding(let value): "fdb del \(forwarding(value))"
            }
        }
    }
}

extension NodeSpec {
    /// Carries changes out, all or nothing: what is to be removed and is not there changes nothing.
    public mutating func apply(_ changes: [Flannel.NodeChange]) {
        if changes.count > 64 { return applyMany(changes) }
        for change in changes {
            switch change {
            case .setRoute(let route):
                let index = routes.firstIndex {
                    $0.destination == route.destination && $0.table == route.table && $0.metric == route.metric
                }
                if let index { routes[index] = route } else { routes.append(route) }
            case .removeRoute(let route):
                routes.removeAll {
                    $0.destination == route.destination && $0.table == route.table
                        && $0.nextHops.first?.gateway == route.nextHops.first?.gateway
                }
            case .setNeighbor(let entry):
                let index = neighbors.firstIndex {
                    $0.address == entry.address && $0.device == entry.device && !$0.isProxy
                }
                if let index { neighbors[index] = entry } else { neighbors.append(entry) }
            case .removeNeighbor(let entry):
                neighbors.removeAll { $0.address == entry.address && $0.device == entry.device && !$0.isProxy }
            case .setForwarding(let entry):
                let index = forwarding.firstIndex { $0.mac == entry.mac && $0.device == entry.device }
                if let index { forwarding[index] = entry } else { forwarding.append(entry) }
            case .removeForwarding(let entry):
                forwarding.removeAll {
                    $0.mac == entry.mac && $0.device == entry.device && $0.destination == entry.destination
                }
            }
        }
    }

    /// The same by position, for a node that learns of a thousand others at once.
    private mutating func applyMany(_ changes: [Flannel.NodeChange]) {
        struct RouteKey: Hashable {
            var destination: IPPrefix
            var table: UInt32
            var metric: UInt32
        }
        struct AddressKey: Hashable {
            var address: IPAddress
            var device: String
        }
        struct MACKey: Hashable {
            var mac: MACAddress
            var device: String
        }
        func key(_ route: Route) -> RouteKey {
            RouteKey(destination: route.destination, table: route.table, metric: route.metric)
        }
        func key(_ entry: Neighbor) -> AddressKey { AddressKey(address: entry.address, device: entry.device) }
        func key(_ entry: ForwardingEntry) -> MACKey { MACKey(mac: entry.mac, device: entry.device) }
        var routeAt: [RouteKey: Int] = [:]
        var neighborAt: [AddressKey: Int] = [:]
        var forwardingAt: [MACKey: Int] = [:]
        for (index, route) in routes.enumerated() where routeAt[key(route)] == nil { routeAt[key(route)] = index }
        for (index, entry) in neighbors.enumerated() where !entry.isProxy { neighborAt[key(entry)] = index }
        for (index, entry) in forwarding.enumerated() { forwardingAt[key(entry)] = index }
        var rest: [Flannel.NodeChange] = []
        for change in changes {
            switch change {
            case .setRoute(let route):
                if let index = routeAt[key(route)] { routes[index] = route } else {
                    routeAt[key(route)] = routes.count
                    routes.append(route)
                }
            case .setNeighbor(let entry):
                if let index = neighborAt[key(entry)] { neighbors[index] = entry } else {
                    neighborAt[key(entry)] = neighbors.count
                    neighbors.append(entry)
                }
            case .setForwarding(let entry):
                if let index = forwardingAt[key(entry)] { forwarding[index] = entry } else {
                    forwardingAt[key(entry)] = forwarding.count
                    forwarding.append(entry)
                }
            case .removeRoute, .removeNeighbor, .removeForwarding: rest.append(change)
            }
        }
        // Removals shift positions: one by one, after the rest.
        for change in rest { apply([change]) }
    }
}
