import HawseControl
import HawseDataplane
import HawseModel
import HawseWire

/// What flannel's daemons know of each other: the leases in the order of their changes, and how far each node has
/// followed. A node that is cut off from the registry stays where it is: its state freezes.
///
/// What a lease makes of the other nodes is the same on all of them, so it is kept once (`SharedNetwork`); only with
/// direct routing do nodes of different links differ.
public final class FlannelNetwork {
    private let plan: ClusterPlan
    /// Everything that has happened since the beginning.
    private var log: [Flannel.LeaseEvent] = []
    /// Leases at the beginning, by node.
    private let first: [Flannel.Lease?]
    /// Leases now, by node.
    public private(set) var leases: [Flannel.Lease?]
    /// How much of the log a node that is built has carried out.
    private var followed: [Int: Int] = [:]
    /// Nodes that the registry cannot be reached from, and how far they had come.
    private var frozen: [Int: Int] = [:]
    private var groups: [Group: (network: SharedNetwork, daemon: Flannel.Daemon?)] = [:]
    /// Nodes by subnet: those with the same one do not see each other.
    private let owner: [Flannel.Lease.Identity: Int]

    /// Nodes that see the same entries.
    private enum Group: Hashable {
        /// flanneld does not run there.
        case withoutLease
        case leased
        case leasedOn([IPPrefix])
    }

    init(_ plan: ClusterPlan) {
        self.plan = plan
        first = plan.leases
        leases = plan.leases
        var owner: [Flannel.Lease.Identity: Int] = [:]
        for (index, lease) in plan.leases.enumerated() {
            if let lease, owner[lease.identity] == nil { owner[lease.identity] = index }
        }
        self.owner = owner
    }

    private func group(_ index: Int) -> Group {
        guard first[index] != nil else { return .withoutLease }
        switch plan.flannel.backend {
        case .vxlan(let options) where options.directRouting: break
        case .ipip(directRouting: true): break
        default: return .leased
        }
        return .leasedOn(plan.daemon(index).underlay.addresses.map(\.network))
    }

    private func network(_ index: Int) -> SharedNetwork {
        let group = group(index)
        if let known = groups[group] { return known.network }
        let network = SharedNetwork()
        let daemon = group == .withoutLease ? nil : plan.daemon(index)
        for neighbor in plan.underlayNeighbors() { network.set(neighbor.entry, about: neighbor.node, from: 0) }
        for lease in first.compactMap(\.self) {
            Self.carryOut(.init(.added, lease), daemon, in: network, owner[lease.identity] ?? -1, 0)
        }
        for (position, event) in log.enumerated() {
            Self.carryOut(event, daemon, in: network, owner[event.lease.identity] ?? -1, position + 1)
        }
        groups[group] = (network, daemon)
        return network
    }

    private static func carryOut(
        _ event: Flannel.LeaseEvent, _ daemon: Flannel.Daemon?, in network: SharedNetwork, _ owner: Int, _ version: Int
    ) {
        for change in daemon?.changes(for: event) ?? [] {
            switch change {
            case .setRoute(let route): network.set(route, about: owner, from: version)
            case .removeRoute(let route): network.remove(route, from: version)
            case .setNeighbor(let entry): network.set(entry, about: owner, from: version)
            case .removeNeighbor(let entry): network.remove(entry, from: version)
            case .setForwarding(let entry): network.set(entry, about: owner, from: version)
            case .removeForwarding(let entry): network.remove(entry, from: version)
            }
        }
    }

    private func view(_ index: Int, _ version: Int) -> SharedNetwork.View {
        let owner = first[index].flatMap { self.owner[$0.identity] } ?? index
        return SharedNetwork.View(network(index), owner: owner, version: version)
    }

    /// A node comes up: everything that it can know so far.
    func join(_ index: Int) -> SharedNetwork.View {
        let end = frozen[index] ?? log.count
        followed[index] = end
        return view(index, end)
    }

    /// The node's object is deleted, or its lease runs out.
    public func remove(node index: Int) {
        guard let lease = leases[index] else { return }
        leases[index] = nil
        append(Flannel.LeaseEvent(.removed, lease))
    }

    /// The node registers again, with the same subnet.
    public func add(node index: Int) {
        guard leases[index] == nil, let lease = first[index] else { return }
        leases[index] = lease
        append(Flannel.LeaseEvent(.added, lease))
    }

    private func append(_ event: Flannel.LeaseEvent) {
        log.append(event)
        for group in groups.values {
            Self.carryOut(event, group.daemon, in: group.network, owner[event.lease.identity] ?? -1, log.count)
        }
    }

    /// Whether the registry can be reached from a node. While it cannot, nothing changes there.
    public func setReachable(_ isReachable: Bool, from index: Int) {
        if isReachable {
            frozen[index] = nil
        } else if frozen[index] == nil {
            frozen[index] = followed[index] ?? log.count
        }
    }

    /// What a node that is built has to follow to; `nil`: nothing new.
    func catchUp(_ index: Int) -> SharedNetwork.View? {
        guard let done = followed[index], frozen[index] == nil, done < log.count else { return nil }
        followed[index] = log.count
        return view(index, log.count)
    }
}
