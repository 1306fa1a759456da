import HawseModel
import HawseWire

/// `-m cluster` (`xt_cluster_mt`): which of several nodes takes a connection, by its original source.
struct ClusterOperation: MatchOperation {
    var totalNodes: UInt32
    var nodeMask: UInt32
    var seed: UInt32
    var inverted: Bool

    init(_ match: ClusterMatch) {
        totalNodes = match.totalNodes
        nodeMask = match.nodeMask
        seed = match.hashSeed
        inverted = match.inverted
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let packet = context.packet
        // A frame to a multicast MAC that all nodes hear is this node's own from here on.
        let isGroup = IPAddress(family: packet.family, bits: packet.destinationBits).isMulticast
        if packet.pointee.packetType == .multicast, !isGroup { packet.pointee.packetType = .host }
        guard let source = context.originalSourceOfMaster else { return false }
        let hash: UInt32
        if context.isIPv6 {
            // The kernel means to hash all four words, but divides their number by the size of one.
            hash = JHash.hash1(source.words.0.byteSwapped, seed: operation.pointee.seed)
        } else {
            hash = JHash.hash1(source.ipv4.byteSwapped, seed: operation.pointee.seed)
        }
        let node = GoldenHash.scale(hash, to: operation.pointee.totalNodes)
        return (operation.pointee.nodeMask & (1 << node) != 0) != operation.pointee.inverted
    }
}
