import Hawse

/// A node whose Services change: every change goes through kube-proxy, becomes changes of the node, is prepared and
/// committed.
public final class ChangeLoad {
    public let node: Dataplane
    private var proxy: KubeProxy
    private let services: Int
    private let endpoints: Int
    private var turn = 0

    /// What one change cost, in nanoseconds of CPU.
    public struct Times {
        public var control = 0.0
        public var prepare = 0.0
        public var commit = 0.0
        public var whole: Double { control + prepare + commit }
    }

    public init(_ kube: KubeNode, node: Dataplane) {
        self.node = node
        proxy = kube.proxy
        services = kube.services
        endpoints = kube.endpoints
    }

    /// One endpoint of one Service gets another address, or its old one back.
    public func changeEndpoint() throws -> Times {
        turn += 1
        let number = turn / 2 % services
        var slice = KubeNode.slice(number, endpoints)
        if turn % 2 == 0 { slice.endpoints[endpoints - 1].addresses = ["172.31.255.\(1 + number % 250)"] }
        return try carryOut { $0.apply(slice) }
    }

    /// A Service comes, or goes again.
    public func changeService() throws -> Times {
        turn += 1
        let number = services + turn / 2 % 100
        let objects = KubeNode.objects(number, endpoints)
        let isComing = turn % 2 == 0
        return try carryOut { proxy in
            if isComing {
                proxy.apply(objects.service)
                proxy.apply(objects.slice)
            } else {
                proxy.deleteService(ObjectKey(namespace: "bench", name: objects.service.metadata.name))
                proxy.delete(objects.slice)
            }
        }
    }

    private func carryOut(_ change: (inout KubeProxy) -> Void) throws -> Times {
        var times = Times()
        let start = CPUClock.processNanoseconds()
        change(&proxy)
        let patch = proxy.sync()
        let changes = Self.changes(patch, node)
        let synced = CPUClock.processNanoseconds()
        let transaction = try node.prepare(changes)
        let prepared = CPUClock.processNanoseconds()
        try node.commit(transaction)
        times.commit = CPUClock.processNanoseconds() - prepared
        times.prepare = prepared - synced
        times.control = synced - start
        return times
    }

    /// What a patch makes of the node.
    public static func changes(_ patch: ProxyPatch, _ node: Dataplane) -> [Change] {
        var changes: [Change] = []
        for rules in patch.rules {
            let tables = node.tables(rules.family)
            changes += rules.changes { tables.contains($0) }
        }
        for (family, part) in patch.ipvs {
            changes += part.setChanges(family)
            for service in part.changed {
                if let known = node.ipvs.service(service.key) {
                    changes += diff(known, service).map(Change.ipvs)
                } else {
                    changes.append(.ipvs(.addService(service)))
                }
            }
            changes += part.removed.map { .ipvs(.deleteService($0)) }
        }
        return changes
    }
}
