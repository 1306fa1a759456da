import HawseControl
import HawseModel

extension Cluster {
    /// Flannel's daemons carry out what they have heard of, on every node that is built.
    public func syncFlannel() {
        for node in builtNodes where !node.isGone {
            if let view = flannel.catchUp(node.index) { node.dataplane.follow(view) }
        }
    }

    /// A node is switched off: frames to it are lost, what it held in its tables is gone with it.
    public func switchOff(node index: Int) { nodes[index].isGone = true }

    /// And on again, as it was: its clock has stood still meanwhile.
    public func switchOn(node index: Int) { nodes[index].isGone = false }

    /// The node's object is deleted: every node that can reach the registry drops its entries.
    public func deleteNode(_ index: Int) {
        flannel.remove(node: index)
        syncFlannel()
    }

    public func registerNode(_ index: Int) {
        flannel.add(node: index)
        syncFlannel()
    }

    /// Cuts nodes off from flannel's registry, or lets them reach it again and catch up.
    public func setRegistry(reachable: Bool, from list: [Int]) {
        for index in list { flannel.setReachable(reachable, from: index) }
        if reachable { syncFlannel() }
    }
}
