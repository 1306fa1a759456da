import HawseModel

/// Something that goes wrong, or right again, at a time.
public struct Fault: Hashable, Sendable {
    public enum Action: Hashable, Sendable {
        /// A node's wire is as good as this from now on.
        case link(node: Int, LinkQuality)
        case linkDown(node: Int, Bool)
        /// The machine is off, or on again.
        case nodeGone(node: Int, Bool)
        /// The Node object is deleted, or registered anew: flannel's peers hear of it.
        case nodeDeleted(node: Int, Bool)
        /// Flannel's registry cannot be reached from these nodes, whose state freezes; or can be again.
        case registry(nodes: [Int], isReachable: Bool)
        /// Somebody runs a command on a node: `ip …`, `bridge fdb …`, `sysctl -w …` and what else case.json's events may be.
        case command(node: Int, String)
    }

    /// Nanoseconds from the scenario's beginning.
    public var at: Int64
    public var action: Action

    public init(at: Int64, _ action: Action) {
        self.at = at
        self.action = action
    }
}

extension Cluster {
    /// Puts faults on the clock, counted from `origin`.
    public func schedule(_ faults: [Fault], from origin: Instant) {
        for fault in faults {
            schedule(at: origin + fault.at) { [weak self] in self?.carryOut(fault.action) }
        }
    }

    public func carryOut(_ action: Fault.Action) {
        switch action {
        case .link(let node, let quality): setLink(node: node, quality)
        case .linkDown(let node, let isDown):
            var quality = nodeLinks[node]?.up.quality ?? LinkQuality()
            quality.isDown = isDown
            setLink(node: node, quality)
        case .nodeGone(let node, let isGone): if isGone { switchOff(node: node) } else { switchOn(node: node) }
        case .nodeDeleted(let node, let isDeleted): if isDeleted { deleteNode(node) } else { registerNode(node) }
        case .registry(let list, let isReachable): setRegistry(reachable: isReachable, from: list)
        case .command(let node, let line):
            do { try CaseCommand.run(line, on: nodes[node].dataplane) } catch {
                refusedCommands.append("\(plan.nodes[node].name): `\(line)': \(error)")
            }
        }
    }
}
