import HawseWire

/// kube-proxy's nftables mode for one address family.
public struct NFTRenderer: Sendable {
    public internal(set) var settings: ProxySettings
    private var blocks: [ServicePortName: NFTBlock] = [:]

    public init(settings: ProxySettings) { self.settings = settings }

    /// What a sync changed: names of service ports whose part was written anew.
    public struct Patch: Sendable {
        public var rewritten: [ServicePortName] = []
        public var removed: [ServicePortName] = []
        public var isEmpty: Bool { rewritten.isEmpty && removed.isEmpty }
    }

    public mutating func sync(
        _ changed: [ServicePortName], services: ServiceMap, endpoints: EndpointsMap
    ) -> Patch {
        var patch = Patch()
        let settings = settings
        let new = concurrentMap(changed, context: {}) { name, _ in
            services.ports[name].map {
                NFTBlockWriter.block(for: $0, endpoints: endpoints[name], settings: settings)
            }
        }
        for (name, block) in zip(changed, new) {
            if let block {
                if blocks.updateValue(block, forKey: name) != block { patch.rewritten.append(name) }
            } else if blocks.removeValue(forKey: name) != nil {
                patch.removed.append(name)
            }
        }
        return patch
    }

    /// The whole table.
    public func table() -> NFTTable {
        var table = NFTBaseTable(settings: settings).table()
        let order = blocks.keys.sorted()
        func gather(_ path: KeyPath<NFTBlock, [NFTSet.Element]>) -> [NFTSet.Element] {
            var seen: Set<[NFTValue]> = []
            var elements: [NFTSet.Element] = []
            for name in order {
                for element in blocks[name]?[keyPath: path] ?? [] where seen.insert(element.key).inserted {
                    elements.append(element)
                }
            }
            return elements.sorted { Self.precedes($0.key, $1.key) }
        }
        func fill(_ name: String, _ elements: [NFTSet.Element]) {
            guard let index = table.sets.firstIndex(where: { $0.name == name }) else { return }
            table.sets[index].elements = elements
        }
        let clusterIPs = Set(blocks.values.compactMap(\.clusterIP)).sorted()
        fill("cluster-ips", clusterIPs.map { .init([.address($0)]) })
        fill("hairpin-connections", gather(\.hairpins))
        fill("no-endpoint-services", gather(\.noEndpointServices))
        fill("no-endpoint-nodeports", gather(\.noEndpointNodePorts))
        fill("firewall-ips", gather(\.firewallIPs))
        fill("service-ips", gather(\.serviceIPs))
        fill("service-nodeports", gather(\.serviceNodePorts))
        for name in order {
            table.sets += blocks[name]?.affinitySets ?? []
            table.chains += blocks[name]?.chains ?? []
        }
        return table
    }

    private static func precedes(_ a: [NFTValue], _ b: [NFTValue]) -> Bool {
        for (x, y) in zip(a, b) where x != y {
            switch (x, y) {
            case (.address(let x), .address(let y)): return x < y
            case (.ipProtocol(let x), .ipProtocol(let y)): return x.rawValue < y.rawValue
            case (.port(let x), .port(let y)): return x < y
            default: return false
            }
        }
        return false
    }
}
