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
}
