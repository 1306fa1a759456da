import ArgumentParser
import Hawse

/// The node or cluster that a command works on.
struct NodeSource: ParsableArguments {
    @Option(help: ArgumentHelp("A node from its own dumps: a folder with case.json and any of iptables.v4, iptables.v6, ipset, ipvs.", valueName: "DIR"))
    var nodeDir: String?

    @Option(help: ArgumentHelp("The same seed and input give the same output.", valueName: "N"))
    var seed: UInt64 = 0

    enum Loaded {
        case node(NodeSpec)
        case cluster(LoadedCluster)
    }

    func validate() throws {
        if nodeDir == nil { throw ValidationError("a node is needed: --node-dir DIR, or -f MANIFESTS") }
    }

    func load() throws -> Loaded {
        if let nodeDir { return .node(try Self.node(nodeDir)) }
        throw Failure.input("a node is needed: --node-dir DIR, or -f MANIFESTS")
    }

    static func node(_ directory: String) throws -> NodeSpec {
        do { return try NodeDirectory.load(directory) } catch { throw Failure.input("\(error)") }
    }
}
