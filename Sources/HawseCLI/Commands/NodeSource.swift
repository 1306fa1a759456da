import ArgumentParser
import Hawse

/// The node or cluster that a command works on.
struct NodeSource: ParsableArguments {
    @Option(help: ArgumentHelp("A node from its own dumps: a folder made by hawse snapshot or scripts/dump-node, or a case.json with any of iptables.v4, iptables.v6, ipset, ipvs.", valueName: "DIR"))
    var nodeDir: String?

    @OptionGroup var manifests: ManifestInput
    @OptionGroup var proxy: ProxyOptions

    @Option(help: ArgumentHelp("The node at which clients from outside arrive.", valueName: "NAME"))
    var node: String?

    @Option(help: ArgumentHelp("The same seed and input give the same output.", valueName: "N"))
    var seed: UInt64 = 0

    /// Options that a node's own dumps have no use for.
    private func noteUnused() {
        let given: [(String, Bool)] = [
            ("--proxy-mode", proxy.mode != nil), ("--config", proxy.config != nil), ("--node", node != nil),
        ]
        for (option, isGiven) in given where isGiven {
            StandardError.write("hawse: \(option) goes with manifests (-f): it says nothing of a node's dumps\n")
        }
    }

    enum Loaded {
        case node(NodeSpec)
        case cluster(LoadedCluster)
    }

    func validate() throws {
        if nodeDir == nil, manifests.filenames.isEmpty {
            throw ValidationError("a node or a cluster is needed: --node-dir DIR, or -f MANIFESTS")
        }
        if nodeDir != nil, !manifests.filenames.isEmpty { throw ValidationError("either --node-dir or -f, not both") }
    }

    func load() throws -> Loaded {
        if let nodeDir {
            noteUnused()
            return .node(try Self.node(nodeDir))
        }
        return .cluster(try cluster())
    }

    static func node(_ directory: String) throws -> NodeSpec {
        var notes: [String] = []
        defer {
            // One about a place in a file has the folder's name in it.
            for note in notes { StandardError.write("hawse: \(note.hasPrefix(directory + "/") ? "" : directory + ": ")\(note)\n") }
        }
        do { return try NodeDirectory.load(directory, notes: &notes) } catch { throw Failure.input("\(error)") }
    }

    /// Manifests run to a fixed point.
    func state() throws -> ClusterState {
        let loader = try manifests.load()
        let (state, problems) = ClusterState.build(from: loader.objects, seed: seed)
        ManifestInput.report(problems)
        if problems.contains(where: { $0.severity == .error }) { throw Failure.input("") }
        return state
    }

    private func cluster() throws -> LoadedCluster {
        let state = try state()
        var builder = ClusterBuilder(state, mode: proxy.mode, seed: seed)
        builder.configuration = try proxy.configuration(
            state.store.list(Kubernetes.Node.self), state.store.list(Kubernetes.ConfigMap.self))
        let cluster: Cluster
        do {
            cluster = try builder.cluster()
            ManifestInput.report(try builder.flannelConfiguration()?.warnings ?? [])
        } catch { throw Failure.input("\(error)") }
        for finding in cluster.plan.findings { StandardError.write("hawse: flannel: \(finding)\n") }
        var entry = 0
        if let node {
            guard let index = cluster.plan.node(named: node) else {
                let names = cluster.plan.nodes.map(\.name).joined(separator: ", ")
                throw Failure.input("--node: there is no node `\(node)' (there are \(names))")
            }
            entry = index
        }
        return LoadedCluster(builder: builder, cluster: cluster, directory: builder.directory, entryNode: entry)
    }
}
