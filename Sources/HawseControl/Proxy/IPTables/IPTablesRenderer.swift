import HawseModel
import HawseWire

/// kube-proxy's iptables mode for one address family: the first sync writes everything, later ones what changed.
///
/// Each service port's rules are kept as a block; a changed port's block is written anew and compared, so a sync
/// costs what changed and not what exists.
public struct IPTablesRenderer: Sendable {
    public internal(set) var settings: ProxySettings
    /// All rendered ports in order, and beside each its block. kube-proxy walks a hash map; any fixed order is as true.
    private var names: [ServicePortName] = []
    private var blocks: [IPTablesBlock] = []
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
        var inputs: [Input] = []
        inputs.reserveCapacity(changed.count)
        for name in changed {
            let service = services.ports[name]
            inputs.append(Input(name: name, service: service, endpoints: service == nil ? [] : endpoints[name]))
        }
        var patch = PatchWriter()
        if isFirst {
            first(inputs, &patch)
        } else {
            follow(inputs, services, endpoints, &patch)
        }
        defer { isFirst = false }
        return finish(&patch)
    }

    private struct Input: Sendable {
        var name: ServicePortName
        /// `nil`: gone.
        var service: ServicePort?
        var endpoints: [ProxyEndpoint]
    }

    /// The first sync: everything in one go.
    private mutating func first(_ inputs: [Input], _ patch: inout PatchWriter) {
        let inputs = inputs.filter { $0.service != nil }.sorted { $0.name < $1.name }
        endpointTotal = inputs.reduce(0) { $0 + $1.endpoints.count }
        isLargeCluster = endpointTotal > Self.largeClusterThreshold
        names.reserveCapacity(inputs.count)
        names += inputs.lazy.map(\.name)
        let (settings, isLarge) = (settings, isLargeCluster)
        // Each piece has its own shared lists, or the cores would fight over their reference counts.
        blocks = concurrentMap(inputs, context: { SharedMatches() }) { input, shared in
            Self.block(input, settings, shared, isLargeCluster: isLarge)
        }
        patch.replaced.reserveCapacity(blocks.reduce(16) { $0 + $1.chains.count })
        for index in blocks.indices { patch.replaced += blocks[index].chains }
    }

    /// A partial sync: chains of Services that did not change stay as they were written, in the manner of then.
    private mutating func follow(
        _ inputs: [Input], _ services: ServiceMap, _ endpoints: EndpointsMap, _ patch: inout PatchWriter
    ) {
        for input in inputs {
            let at = place(of: input.name)
            let isKnown = at < names.count && names[at] == input.name
            endpointTotal += input.endpoints.count - (isKnown ? blocks[at].endpointCount : 0)
            // Counted only: what is written comes when all are.
            if isKnown { blocks[at].endpointCount = input.endpoints.count }
        }
        isLargeCluster = endpointTotal > Self.largeClusterThreshold
        for input in inputs { replace(input, &patch) }
        // A Service is written as a whole: its other ports change where the cluster has become large or small.
        for input in inputs where input.service != nil {
            for name in services.names(of: ObjectKey(namespace: input.name.namespace, name: input.name.service)) {
                let at = place(of: name)
                guard at < names.count, names[at] == name, blocks[at].isLargeCluster != isLargeCluster else { continue }
                replace(Input(name: name, service: services.ports[name], endpoints: endpoints[name]), &patch)
            }
        }
    }

    private mutating func replace(_ input: Input, _ patch: inout PatchWriter) {
        let at = place(of: input.name)
        let isKnown = at < names.count && names[at] == input.name
        guard input.service != nil else {
            if isKnown {
                names.remove(at: at)
                patch.note(old: blocks.remove(at: at), new: IPTablesBlock())
            }
            return
        }
        let new = block(input)
        if isKnown {
            patch.note(old: blocks[at], new: new)
            blocks[at] = new
        } else {
            patch.note(old: IPTablesBlock(), new: new)
            names.insert(input.name, at: at)
            blocks.insert(new, at: at)
        }
    }

    private func block(_ input: Input) -> IPTablesBlock {
        Self.block(input, settings, shared, isLargeCluster: isLargeCluster)
    }

    private static func block(
        _ input: Input, _ settings: ProxySettings, _ shared: SharedMatches, isLargeCluster: Bool
    ) -> IPTablesBlock {
        guard let service = input.service else { return IPTablesBlock() }
        return IPTablesBlockWriter.block(
            for: service, endpoints: input.endpoints, settings: settings, shared: shared,
            isLargeCluster: isLargeCluster)
    }

    private func place(of name: ServicePortName) -> Int {
        var low = 0, high = names.count
        while low < high {
            let middle = (low + high) / 2
            if names[middle] < name { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The whole rule set as `iptables-save` lists it.
    public func ruleSet() -> RuleSet {
        let base = IPTablesBaseChains(settings: settings)
        var nat = base.nat()
        var filter = base.filter()
        for (shared, chain) in zip(SharedChain.allCases, chains(SharedChain.allCases)) {
            if shared.table == .nat { nat.append(chain) } else { filter.append(chain) }
        }
        nat.reserveCapacity(nat.count + blocks.reduce(0) { $0 + $1.chains.count })
        for block in blocks { nat += block.chains }
        return RuleSet(
            family: settings.family,
            tables: [
                Table(name: .mangle, chains: base.mangle()), Table(name: .filter, chains: filter).sorted(),
                Table(name: .nat, chains: nat).sorted(),
            ])
    }

    /// The shared chains asked for, out of the blocks' shares in order.
    private func chains(_ wanted: [SharedChain]) -> [Chain] {
        wanted.map { shared in
            var rules: [Rule] = []
            if shared == .natServices { rules.reserveCapacity(blocks.count + 2) }
            for block in blocks {
                let share = block[shared]
                if !share.isEmpty { rules += share }
            }
            if shared == .natServices { rules += IPTablesBaseChains(settings: settings).nodePortJumps() }
            return Chain(name: shared.name, rules: rules)
        }
    }

    private func finish(_ patch: inout PatchWriter) -> RuleSetPatch {
        var filter: [Chain] = []
        let wanted = SharedChain.allCases.filter { isFirst || patch.shared.contains($0) }
        for (shared, chain) in zip(wanted, chains(wanted)) {
            if shared.table == .nat { patch.replaced.append(chain) } else { filter.append(chain) }
        }
        var parts: [RuleSetPatch.Part] = []
        if isFirst {
            let base = IPTablesBaseChains(settings: settings)
            filter += base.filter()
            patch.replaced += base.nat()
            parts.append(RuleSetPatch.Part(table: .mangle, replaced: base.mangle()))
        }
        parts.append(RuleSetPatch.Part(table: .filter, replaced: filter))
        parts.append(RuleSetPatch.Part(table: .nat, replaced: patch.replaced, removed: patch.removed))
        return RuleSetPatch(
            family: settings.family, parts: parts.filter { !$0.replaced.isEmpty || !$0.removed.isEmpty })
    }

    /// Gathers the differences of blocks.
    private struct PatchWriter {
        var replaced: [Chain] = []
        var removed: [String] = []
        var shared: Set<SharedChain> = []

        mutating func note(old: IPTablesBlock, new: IPTablesBlock) {
            for chain in SharedChain.allCases where old[chain] != new[chain] { shared.insert(chain) }
            if old.chains == new.chains { return }
            let before = Dictionary(old.chains.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
            let after = Set(new.chains.map(\.name))
            for chain in new.chains where before[chain.name] != chain { replaced.append(chain) }
            for chain in old.chains where !after.contains(chain.name) { removed.append(chain.name) }
        }
    }
}
