import HawseModel
import HawseWire

/// kube-proxy's iptables mode for one address family: the first sync writes everything, later ones what changed.
///
/// Each service port's rules are kept as a block; a changed port's block is written anew and compared, so a sync
/// costs what changed and not what exists.
public struct IPTablesRenderer: Sendable {
    public let settings: ProxySettings
    private var blocks: [ServicePortName: IPTablesBlock] = [:]
    /// All rendered ports in order. kube-proxy walks a hash map; any fixed order is as true.
    private var order: [ServicePortName] = []
    private var counts: [ServicePortName: Int] = [:]
    private var endpointTotal = 0
    private var isLargeCluster = false
    private var isFirst = true
    private let shared = SharedMatches()

    /// More endpoints than this, and rules of endpoints go without comments.
    public static let largeClusterThreshold = 1000

    public init(settings: ProxySettings) { self.settings = settings }

    /// Brings the rules up to date for the service ports named and returns what that changes.
    public mutating func sync(
        _ changed: [ServicePortName], services: ServiceMap, endpoints: EndpointsMap
    ) -> RuleSetPatch {
        for name in changed {
            let count = services.ports[name] == nil ? 0 : endpoints[name].count
            endpointTotal += count - (counts[name] ?? 0)
            counts[name] = count == 0 ? nil : count
        }
        let wasLarge = isLargeCluster
        isLargeCluster = endpointTotal > Self.largeClusterThreshold
        let names = wasLarge == isLargeCluster || isFirst ? changed : Array(Set(changed).union(order))
        var patch = PatchWriter()
        updateOrder(names, services)
        for name in names { update(name, services.ports[name], endpoints[name], &patch) }
        defer { isFirst = false }
        return patch.finish(self, isFirst: isFirst)
    }

    private mutating func updateOrder(_ names: [ServicePortName], _ services: ServiceMap) {
        let new = names.filter { services.ports[$0] != nil && blocks[$0] == nil }
        let gone = names.filter { services.ports[$0] == nil && blocks[$0] != nil }
        if new.count + gone.count < 16 {
            for name in Set(new) { order.insert(name, at: place(of: name)) }
            for name in gone {
                let at = place(of: name)
                if at < order.count && order[at] == name { order.remove(at: at) }
            }
        } else {
            let lost = Set(gone)
            if !lost.isEmpty { order.removeAll { lost.contains($0) } }
            order += Set(new)
            order.sort()
        }
    }

    private func place(of name: ServicePortName) -> Int {
        var low = 0, high = order.count
        while low < high {
            let middle = (low + high) / 2
            if order[middle] < name { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func update(
        _ name: ServicePortName, _ service: ServicePort?, _ endpoints: [ProxyEndpoint], _ patch: inout PatchWriter
    ) {
        guard let service else {
            if let old = blocks.removeValue(forKey: name) { patch.note(old: old, new: IPTablesBlock()) }
            return
        }
        let new = IPTablesBlockWriter.block(
            for: service, endpoints: endpoints, settings: settings, shared: shared, isLargeCluster: isLargeCluster)
        let old = blocks.updateValue(new, forKey: name)
        if isFirst && old == nil { patch.noteFirst(new) } else { patch.note(old: old ?? IPTablesBlock(), new: new) }
    }

    /// The whole rule set as `iptables-save` lists it.
    public func ruleSet() -> RuleSet {
        let base = IPTablesBaseChains(settings: settings)
        var nat = base.nat() + SharedChain.allCases.filter { $0.table == .nat }.map { chain($0) }
        nat.reserveCapacity(nat.count + order.count * 4)
        for name in order { nat += blocks[name]?.chains ?? [] }
        let filter = base.filter() + SharedChain.allCases.filter { $0.table == .filter }.map { chain($0) }
        return RuleSet(
            family: settings.family,
            tables: [
                Table(name: .mangle, chains: base.mangle()), Table(name: .filter, chains: filter).sorted(),
                Table(name: .nat, chains: nat).sorted(),
            ])
    }

    /// A chain to which every service port may add rules.
    enum SharedChain: CaseIterable {
        case natServices, natNodePorts, filterServices, filterExternal, filterNodePorts, filterFirewall

        var table: TableName { self == .natServices || self == .natNodePorts ? .nat : .filter }
        var name: String {
            switch self {
            case .natServices, .filterServices: "KUBE-SERVICES"
            case .natNodePorts, .filterNodePorts: "KUBE-NODEPORTS"
            case .filterExternal: "KUBE-EXTERNAL-SERVICES"
            case .filterFirewall: "KUBE-PROXY-FIREWALL"
            }
        }
        var path: KeyPath<IPTablesBlock, [Rule]> & Sendable {
            switch self {
            case .natServices: \.natServices
            case .natNodePorts: \.natNodePorts
            case .filterServices: \.filterServices
            case .filterExternal: \.filterExternal
            case .filterNodePorts: \.filterNodePorts
            case .filterFirewall: \.filterFirewall
            }
        }
    }

    private func chain(_ shared: SharedChain) -> Chain {
        var rules: [Rule] = []
        rules.reserveCapacity(order.count + 1)
        for name in order {
            guard let block = blocks[name] else { continue }
            switch shared {
            case .natServices: rules += block.natServices
            case .natNodePorts: rules += block.natNodePorts
            case .filterServices: rules += block.filterServices
            case .filterExternal: rules += block.filterExternal
            case .filterNodePorts: rules += block.filterNodePorts
            case .filterFirewall: rules += block.filterFirewall
            }
        }
        if shared == .natServices { rules += IPTablesBaseChains(settings: settings).nodePortJumps() }
        return Chain(name: shared.name, rules: rules)
    }

    /// Gathers the differences of blocks into one patch.
    private struct PatchWriter {
        var replaced: [Chain] = []
        var removed: [String] = []
        var shared: Set<SharedChain> = []

        mutating func noteFirst(_ block: IPTablesBlock) { replaced += block.chains }

        mutating func note(old: IPTablesBlock, new: IPTablesBlock) {
            for chain in SharedChain.allCases where old[keyPath: chain.path] != new[keyPath: chain.path] {
                shared.insert(chain)
            }
            if old.chains == new.chains { return }
            for chain in new.chains where !old.chains.contains(chain) { replaced.append(chain) }
            let names = Set(new.chains.map(\.name))
            for chain in old.chains where !names.contains(chain.name) { removed.append(chain.name) }
        }

        func finish(_ renderer: IPTablesRenderer, isFirst: Bool) -> RuleSetPatch {
            var nat = RuleSetPatch.Part(table: .nat, replaced: replaced, removed: removed)
            var filter = RuleSetPatch.Part(table: .filter)
            for shared in SharedChain.allCases where isFirst || self.shared.contains(shared) {
                let chain = renderer.chain(shared)
                if shared.table == .nat { nat.replaced.append(chain) } else { filter.replaced.append(chain) }
            }
            var parts = [filter, nat]
            if isFirst {
                let base = IPTablesBaseChains(settings: renderer.settings)
                parts[0].replaced += base.filter()
                parts[1].replaced += base.nat()
                parts.insert(RuleSetPatch.Part(table: .mangle, replaced: base.mangle()), at: 0)
            }
            return RuleSetPatch(
                family: renderer.settings.family,
                parts: parts.filter { !$0.replaced.isEmpty || !$0.removed.isEmpty })
        }
    }
}
