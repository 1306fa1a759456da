import HawseControl
import HawseModel
import HawseWire

/// What flannel's daemons know of each other: the leases in the order of their changes, and how far each node has
/// followed. A node that is cut off from the registry stays where it is: its state freezes.
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

    init(_ plan: ClusterPlan) {
        self.plan = plan
        first = plan.leases
        leases = plan.leases
    }

    /// A node comes up: everything that it can know so far.
    func join(_ index: Int) -> [Flannel.NodeChange] {
        let end = frozen[index] ?? log.count
        followed[index] = end
        var known: [Flannel.Lease.Identity: Int] = [:]
        var list: [Flannel.Lease?] = []
        for lease in first.compactMap(\.self) {
            known[lease.identity] = list.count
            list.append(lease)
        }
        for event in log[..<end] {
            if let position = known[event.lease.identity] {
                list[position] = event.kind == .added ? event.lease : nil
            } else if event.kind == .added {
                known[event.lease.identity] = list.count
                list.append(event.lease)
            }
        }
        return plan.peerChanges(index, list.compactMap(\.self))
    }

    /// The node's object is deleted, or its lease runs out.
    public func remove(node index: Int) {
        guard let lease = leases[index] else { return }
        leases[index] = nil
        log.append(Flannel.LeaseEvent(.removed, lease))
    }

    /// The node registers again, with the same subnet.
    public func add(node index: Int) {
        guard leases[index] == nil, let lease = first[index] else { return }
        leases[index] = lease
        log.append(Flannel.LeaseEvent(.added, lease))
    }

    /// Whether the registry can be reached from a node. While it cannot, nothing changes there.
    public func setReachable(_ isReachable: Bool, from index: Int) {
        if isReachable {
            frozen[index] = nil
        } else if frozen[index] == nil {
            frozen[index] = followed[index] ?? log.count
        }
    }

    /// What a node that is built has to change by now.
    func takeChanges(_ index: Int) -> [Flannel.NodeChange] {
        guard let done = followed[index], frozen[index] == nil, done < log.count else { return [] }
        followed[index] = log.count
        guard let own = first[index] else { return [] }
        let daemon = plan.daemon(index)
        return log[done...].flatMap { event in
            event.lease.isSameSubnet(as: own) ? [] : daemon.changes(for: event) ?? []
        }
    }
}
