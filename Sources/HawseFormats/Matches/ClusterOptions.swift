import HawseModel
import HawseWire

/// `-m cluster`
struct ClusterOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("cluster-total-nodes"),
        .init("cluster-local-node", inverts: true, excludes: ["cluster-local-nodemask"]),
        .init("cluster-local-nodemask", inverts: true, excludes: ["cluster-local-node"]),
        .init("cluster-hash-seed"),
    ]

    var match = ClusterMatch(totalNodes: 0, nodeMask: 0, hashSeed: 0)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "cluster-total-nodes": match.totalNodes = try argument.uint32(min: 1, max: 32)
        case "cluster-local-node":
            match.nodeMask = 1 << (try argument.uint32(min: 1, max: 32) - 1)
            match.inverted = argument.inverted
        case "cluster-local-nodemask":
            match.nodeMask = try argument.uint32(min: 1)
            match.inverted = argument.inverted
        default: match.hashSeed = try argument.uint32()
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("cluster-total-nodes", of: "cluster")
        try context.require("cluster-local-node", "cluster-local-nodemask", of: "cluster")
        try context.require("cluster-hash-seed", of: "cluster")
        guard match.totalNodes == 32 || match.nodeMask >> match.totalNodes == 0 else {
            throw context.refuse("cluster: the node mask cannot be higher than the number of nodes")
        }
        return .cluster(match)
    }
}

extension ClusterMatch {
    func write(to out: inout OptionText) {
        out.option("cluster-local-nodemask", hexText(nodeMask, width: 8), inverted: inverted)
        out.option("cluster-total-nodes", totalNodes)
        out.option("cluster-hash-seed", hexText(hashSeed, width: 8))
    }
}
