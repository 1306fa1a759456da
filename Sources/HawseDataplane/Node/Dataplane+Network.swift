import HawseModel
import HawseWire

/// A neighbour as the node knows it now (`ip neigh show`).
public struct NeighborState: Hashable, Sendable {
    /// `NUD_*`.
    public enum State: String, Sendable {
        case incomplete = "INCOMPLETE", reachable = "REACHABLE", stale = "STALE", delay = "DELAY", probe = "PROBE"
        case failed = "FAILED", permanent = "PERMANENT"
    }

    public var address: IPAddress
    public var device: String
    /// `nil`: not known, or not any more.
    public var mac: MACAddress?
    public var state: State
}

/// Where a MAC was last heard (`bridge fdb show`, without what was configured).
public struct LearnedAddress: Hashable, Sendable {
    public var mac: MACAddress
    /// The port of a bridge, or a VXLAN device.
    public var device: String
    public var bridge: String?
    /// Of a bridge that filters; 0: it does not.
    public var vlan: UInt16 = 0
    /// The tunnel's other end.
    public var remote: IPAddress?
}

/// Which way a packet would take (`ip route get`).
public struct RouteAnswer: Hashable, Sendable {
    public var isLocal: Bool
    public var gateway: IPAddress?
    public var device: String
    /// The source that a packet of the node gets; `nil` for packets from outside.
    public var source: IPAddress?
}

extension Dataplane {
    /// Neighbours by device and address, those that have been asked for without an answer included.
    public func neighborStates() -> [NeighborState] {
        let table = node.pointee.neighbours
        let names: [Neighbour.State: NeighborState.State] = [
            .incomplete: .incomplete, .reachable: .reachable, .stale: .stale, .delay: .delay, .probe: .probe, .failed: .failed,
            .permanent: .permanent,
        ]
        return (0..<table.count).compactMap { place -> NeighborState? in
            let entry = table.entries[place]
            guard entry.device != 0, let state = names[entry.state] else { return nil }
            let hasMAC = state != .incomplete && state != .failed
            return NeighborState(
                address: IPAddress(family: entry.version == 6 ? .ipv6 : .ipv4, bits: entry.address),
                device: interfaceName(entry.device), mac: hasMAC ? entry.mac : nil, state: state)
        }.sorted { ($0.device, $0.address.family.rawValue, $0.address.bits) < ($1.device, $1.address.family.rawValue, $1.address.bits) }
    }

    /// MACs that bridges and tunnels have learnt and not forgotten yet, by device and MAC.
    public func learnedAddresses() -> [LearnedAddress] {
        let now = node.pointee.now
        let bridges = node.pointee.bridges.learned(now).map {
            LearnedAddress(mac: $0.mac, device: interfaceName($0.port), bridge: interfaceName($0.bridge), vlan: $0.vlan)
        }
        let tunnels = node.pointee.vxlan.learned(now).map {
            LearnedAddress(
                mac: $0.mac, device: interfaceName($0.device), bridge: nil,
                remote: IPAddress(family: $0.remote.version == 6 ? .ipv6 : .ipv4, bits: $0.remote.address))
        }
        return (bridges + tunnels).sorted { ($0.device, $0.mac.value, $0.vlan) < ($1.device, $1.mac.value, $1.vlan) }
    }

    /// The way of a packet of the node itself; `nil`: there is none.
    ///
    /// In IPv4 a question that names no protocol is one about UDP (`inet_rtm_getroute`).
    public func route(
        to destination: IPAddress, from source: IPAddress? = nil, mark: UInt32 = 0, tos: UInt8 = 0
    ) -> RouteAnswer? {
        let route = Walk<Plain>(node: node).lookupOutput(
            family: destination.family, source: source?.bits ?? .zero, destination: destination.bits, mark: mark, tos: tos,
            out: 0, anySource: destination.family == .ipv6, ipProtocol: destination.family == .ipv4 ? .udp : IPProtocol(rawValue: 0))
        let from = source ?? IPAddress(family: destination.family, bits: route.source)
        return answer(route, source: from.bits.isZero ? nil : from)
    }

    /// The way of an IPv4 packet that comes in on an interface; `nil`: it is refused.
    public func route(to destination: IPAddress, from source: IPAddress, arrivingOn interface: String) -> RouteAnswer? {
        guard destination.family == .ipv4, source.family == .ipv4, let index = interfaceIndex(interface) else { return nil }
        let question = RouteQuestion(destination: destination.bits, source: source.bits, inInterface: index)
        return answer(Walk<Plain>(node: node).inputRoute4(nil, question), source: nil)
    }

    private func answer(_ route: RouteResult, source: IPAddress?) -> RouteAnswer? {
        switch route.kind {
        case .unicast, .local, .broadcast, .multicast: break
        default: return nil
        }
        let isLocal = route.kind == .local
        let gateway = route.gatewayVersion == 0 || isLocal
            ? nil : IPAddress(family: route.gatewayVersion == 6 ? .ipv6 : .ipv4, bits: route.gateway)
        let device = isLocal ? node.pointee.routing.loopback : route.outInterface
        return RouteAnswer(isLocal: isLocal, gateway: gateway, device: interfaceName(device), source: source)
    }
}
