import HawseModel
import HawseWire

/// Where things are in a plan, so that large ones are built and used without searching.
public struct PlanIndex: Sendable {
    private let podsByNode: [[Int]]
    private let nodeByName: [String: Int]
    private let nodeByAddress: [IPAddress: Int]
    private let podByAddress: [IPAddress: Int]
    private let podByName: [String: Int]

    public init(_ plan: ClusterPlan) {
        var nodeByName: [String: Int] = [:]
        var nodeByAddress: [IPAddress: Int] = [:]
        for (index, node) in plan.nodes.enumerated() {
            nodeByName[node.name] = index
            for address in node.addresses { nodeByAddress[address] = index }
        }
        var podsByNode: [[Int]] = Array(repeating: [], count: plan.nodes.count)
        var podByAddress: [IPAddress: Int] = [:]
        var podByName: [String: Int] = [:]
        for (number, pod) in plan.pods.enumerated() {
            if !pod.name.isEmpty { podByName["\(pod.namespace)/\(pod.name)"] = number }
            if let index = nodeByName[pod.node] { podsByNode[index].append(number) }
            if pod.isHostNetwork { continue }
            for address in pod.addresses { podByAddress[address] = number }
        }
        self.podsByNode = podsByNode
        self.nodeByName = nodeByName
        self.nodeByAddress = nodeByAddress
        self.podByAddress = podByAddress
        self.podByName = podByName
    }

    public func pods(of node: Int) -> [Int] { podsByNode[node] }
    public func node(named name: String) -> Int? { nodeByName[name] }
    public func node(at address: IPAddress) -> Int? { nodeByAddress[address] }
    /// The pod with a network of its own that has the address.
    public func pod(at address: IPAddress) -> Int? { podByAddress[address] }
    /// By `namespace/name`.
    public func pod(named name: String) -> Int? { podByName[name] }
}
