/// Which endpoints a node uses for one service port (`CategorizeEndpoints`).
public struct EndpointSelection: Hashable, Sendable {
    /// Indices into the endpoints given, for traffic under the Cluster policy.
    public var cluster: [Int] = []
    /// For traffic under a Local policy.
    public var local: [Int] = []
    /// Those that this node may send to at all, in the order given.
    public var reachable: [Int] = []
    /// Some node has a usable endpoint.
    public var hasAny = false

    enum Topology { case everywhere, node, zone }

    public init(
        _ endpoints: [ProxyEndpoint], for service: ServicePort, node: String, zone: String?
    ) {
        self.init(
            endpoints, usesCluster: service.usesClusterEndpoints, usesLocal: service.usesLocalEndpoints, node: node,
            zone: zone)
    }

    init(_ endpoints: [ProxyEndpoint], usesCluster: Bool, usesLocal: Bool, node: String, zone: String?) {
        var topology = Topology.everywhere
        if usesCluster {
            topology = Self.topology(of: endpoints, node: node, zone: zone)
            cluster = endpoints.indices.filter {
                endpoints[$0].isReady && Self.isAvailable(endpoints[$0], under: topology, node: node, zone: zone)
            }
            // No ready endpoint anywhere: those that end but still answer are better than nothing.
            if cluster.isEmpty { cluster = endpoints.indices.filter { Self.isFallback(endpoints[$0]) } }
            hasAny = !cluster.isEmpty
        }
        guard usesLocal else {
            reachable = cluster
            return
        }
        hasAny = endpoints.contains { $0.isReady || Self.isFallback($0) }
        local = endpoints.indices.filter { endpoints[$0].isLocal && endpoints[$0].isReady }
        let isFallback = local.isEmpty
        if isFallback { local = endpoints.indices.filter { endpoints[$0].isLocal && Self.isFallback(endpoints[$0]) } }
        if !usesCluster {
            reachable = local
        } else if topology == .everywhere && (!isFallback || local.isEmpty) {
            reachable = cluster
        } else {
            reachable = Self.union(cluster, local)
        }
    }

    private static func isFallback(_ endpoint: ProxyEndpoint) -> Bool {
        !endpoint.isReady && endpoint.isServing && endpoint.isTerminating
    }

    /// Hints count only when every ready endpoint has them and one of them names this node or zone.
    private static func topology(of endpoints: [ProxyEndpoint], node: String, zone: String?) -> Topology {
        var allNode = true, allZone = true, hereNode = false, hereZone = false
        for endpoint in endpoints where endpoint.isReady {
            if endpoint.nodeHints.isEmpty { allNode = false } else { hereNode = hereNode || endpoint.nodeHints.contains(node) }
            if endpoint.zoneHints.isEmpty {
                allZone = false
            } else if let zone, endpoint.zoneHints.contains(zone) {
                hereZone = true
            }
            if !allNode && !allZone { return .everywhere }
        }
        if allNode && hereNode { return .node }
        if allZone && hereZone { return .zone }
        return .everywhere
    }

    private static func isAvailable(
        _ endpoint: ProxyEndpoint, under topology: Topology, node: String, zone: String?
    ) -> Bool {
        switch topology {
        case .everywhere: true
        case .node: endpoint.nodeHints.contains(node)
        case .zone: zone.map { endpoint.zoneHints.contains($0) } ?? false
        }
    }

    private static func union(_ a: [Int], _ b: [Int]) -> [Int] {
        var result: [Int] = []
        result.reserveCapacity(a.count + b.count)
        var i = 0, j = 0
        while i < a.count || j < b.count {
            if j == b.count || (i < a.count && a[i] < b[j]) {
                result.append(a[i])
                i += 1
            } else {
                if i < a.count && a[i] == b[j] { i += 1 }
                result.append(b[j])
                j += 1
            }
        }
        return result
    }
}
