/// `-m cluster` (`xt_cluster`): whether this node of several sharing an address takes the connection.
public struct ClusterMatch: Hashable, Sendable {
    public var totalNodes: UInt32
    /// Bit n: node n + 1.
    public var nodeMask: UInt32
    public var hashSeed: UInt32
    public var inverted: Bool

    public init(totalNodes: UInt32, nodeMask: UInt32, hashSeed: UInt32, inverted: Bool = false) {
        self.totalNodes = totalNodes
        self.nodeMask = nodeMask
        self.hashSeed = hashSeed
        self.inverted = inverted
    }
}
