import HawseControl
import HawseModel
import HawseWire

/// The network's part of a scenario file: wires, faults, servers and clients. The control plane's part is the list
/// `steps` of the same file (`HawseControl.Scenario`).
public struct NetworkScenario: Sendable {
    public var seed: UInt64?
    /// Nanoseconds after which the run ends whatever is open.
    public var duration: Int64 = .seconds(60)
    /// When it begins, by the captures that it writes.
    public var start = Instant(seconds: 1_700_000_000)
    public var faults: [Fault] = []
    public var servers: [(pod: Int, application: ServerApplication)] = []
    /// The same by name, for pods that come later.
    public var serverRules: [ServerRule] = []
    public var clients: [ClientApplication] = []
    public var timing = TimelineTiming()
    /// Proxies delete conntrack's UDP flows to endpoints that are gone.
    public var cleansConntrack = true
    /// Kubelets' tcp and http probes are packets; otherwise they succeed while a pod's process answers.
    public var probesArePackets = true
    /// Steps of the control plane (`steps`), for whoever carries them out.
    public var steps: ManifestNode?

    /// A server for all pods of a name, or whose names begin so.
    public struct ServerRule: Hashable, Sendable {
        /// `namespace/name`, with a `*` at the end for all that begin so.
        public var pods: String
        public var application: ServerApplication

        func matches(_ name: String) -> Bool {
            pods.hasSuffix("*") ? name.hasPrefix(pods.dropLast()) : name == pods
        }
    }

    /// Reads a scenario for a cluster. `services` finds a Service's address and port by `namespace/name[:port]`.
    public static func read(
        _ text: String, file: String, plan: ClusterPlan, positions: PlanIndex,
        services: (String) -> (IPAddress, UInt16)?
    ) throws(Flannel.ConfigurationError) -> NetworkScenario {
        var reader = NetworkScenarioReader(file: file, plan: plan, positions: positions)
        return try reader.read(text, services)
    }

    /// Sets everything up on a cluster and gives the run; the clock begins at `start`.
    public func prepare(_ cluster: Cluster, entryNode: Int = 0, seed: UInt64) -> ApplicationRun {
        cluster.advance(to: start)
        let run = ApplicationRun(cluster, seed: self.seed ?? seed)
        run.entryNode = entryNode
        if let sockets = cluster.userspaceSockets {
            for index in cluster.nodes.indices { run.relay(onNode: index, sockets(index)) }
        }
        cluster.schedule(faults, from: start)
        for server in servers { run.listen(server.application, onPod: server.pod) }
        for client in clients { run.add(client, from: start) }
        return run
    }
}
