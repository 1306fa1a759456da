import HawseModel
import HawseWire

/// kube-proxy's IPVS mode for one address family.
public struct IPVSRenderer: Sendable {
    public internal(set) var settings: ProxySettings
    private let nodeAddresses: [IPAddress]
    private var blocks: [ServicePortName: IPVSBlock] = [:]
    /// How many service ports ask for each set member, and for each bound address.
    private var members: [IPVSSetName: [IPSet.Entry: Int]] = [:]
    private var bound: [IPAddress: Int] = [:]
    /// How many service ports have a virtual server there: several may name one external address.
    private var claims: [VirtualService.Key: Int] = [:]
    /// Rules of service ports whose source ranges leave the node out.
    private var outFilters: [ServicePortName: [Rule]] = [:]
    /// The rules, and the sets that had a member when they were written.
    private var rules: RuleSet?
    private var filled: Set<IPVSSetName> = []

    /// What a sync changed.
    public struct Patch: Sendable {
        public var changed: [VirtualService] = []
        public var removed: [VirtualService.Key] = []
        public var bound: [IPAddress] = []
        public var unbound: [IPAddress] = []
        public var added: [(set: String, entry: IPSet.Entry)] = []
        public var deleted: [(set: String, entry: IPSet.Entry)] = []
        /// The rules, when they changed.
        public var rules: RuleSet?
        public var isEmpty: Bool {
            changed.isEmpty && removed.isEmpty && bound.isEmpty && unbound.isEmpty && added.isEmpty
                && deleted.isEmpty && rules == nil
        }
    }

    public init(settings: ProxySettings) {
        self.settings = settings
        let family = settings.family
        nodeAddresses = settings.nodePortAddresses.addresses(on: settings.node)
            .filter { $0.family == family && !$0.isLoopback }
    }

    public mutating func sync(
        _ changed: [ServicePortName], services: ServiceMap, endpoints: EndpointsMap
    ) -> Patch {
        var patch = Patch()
        let (settings, addresses) = (settings, nodeAddresses)
        let new = concurrentMap(changed, context: {}) { name, _ in
            services.ports[name].map {
                IPVSBlockWriter.block(
                    for: $0, endpoints: endpoints[name], settings: settings, nodeAddresses: addresses)
            }
        }
        var hasNewRules = rules == nil
        var contested: Set<VirtualService.Key> = []
        for (name, new) in zip(changed, new) {
            let old = blocks[name]
            if old == new { continue }
            blocks[name] = new
            replace(old ?? IPVSBlock(), with: new ?? IPVSBlock(), &patch, &contested)
            if old?.outFilter ?? [] != new?.outFilter ?? [] {
                outFilters[name] = new?.outFilter.isEmpty == false ? new?.outFilter : nil
                hasNewRules = true
            }
        }
        settle(contested, &patch)
        let filled = Set(members.lazy.filter { !$0.value.isEmpty }.map(\.key))
        if hasNewRules || filled != self.filled {
            self.filled = filled
            let current = ruleWriter().ruleSet()
            if current != rules { patch.rules = current }
            rules = current
        }
        return patch
    }

    private mutating func replace(
        _ old: IPVSBlock, with new: IPVSBlock, _ patch: inout Patch, _ contested: inout Set<VirtualService.Key>
    ) {
        for (index, server) in new.servers.enumerated() {
            // An address that a Service names twice is one server.
            if new.servers[..<index].contains(where: { $0.key == server.key }) { continue }
            if !old.servers.contains(where: { $0.key == server.key }), !Self.count(&claims, server.key, 1) {
                contested.insert(server.key)
            }
            if !old.servers.contains(server) {
                if claims[server.key] ?? 0 > 1 { contested.insert(server.key) } else { patch.changed.append(server) }
            }
        }
        for (index, server) in old.servers.enumerated() where !new.servers.contains(where: { $0.key == server.key }) {
            if old.servers[..<index].contains(where: { $0.key == server.key }) { continue }
            if Self.count(&claims, server.key, -1) { patch.removed.append(server.key) } else { contested.insert(server.key) }
        }
        for address in new.bound where !old.bound.contains(address) {
            if Self.count(&bound, address, 1) { patch.bound.append(address) }
        }
        for address in old.bound where !new.bound.contains(address) {
            if Self.count(&bound, address, -1) { patch.unbound.append(address) }
        }
        // A member may stand twice in a block, as with an address that is given twice.
        var before = old.members.isEmpty ? [] : Set(old.members), after = Set(new.members)
        let kept = before.intersection(after)
        for member in new.members where !kept.contains(member) && after.remove(member) != nil {
            if Self.count(&members[member.set, default: [:]], member.entry, 1) {
                patch.added.append((member.set.name(settings.family), member.entry))
            }
        }
        for member in old.members where !kept.contains(member) && before.remove(member) != nil {
            if Self.count(&members[member.set, default: [:]], member.entry, -1) {
                patch.deleted.append((member.set.name(settings.family), member.entry))
            }
        }
    }

    /// What became of virtual servers that went from one service port to another, or that several have: the last in order
    /// has them, as in `spec`.
    private func settle(_ contested: Set<VirtualService.Key>, _ patch: inout Patch) {
        if !patch.removed.isEmpty { patch.removed.removeAll { claims[$0] != nil } }
        if contested.isEmpty { return }
        patch.changed.removeAll { contested.contains($0.key) }
        patch.changed += spec().services.filter { contested.contains($0.key) }
    }

    /// Counts up or down; true when the key came or went by it.
    private static func count<Key: Hashable>(_ counts: inout [Key: Int], _ key: Key, _ step: Int) -> Bool {
        let now = (counts[key] ?? 0) + step
        counts[key] = now > 0 ? now : nil
        return step > 0 ? now == 1 : now == 0
    }

    private func ruleWriter() -> IPVSRuleWriter {
        let outFilter = outFilters.keys.sorted().flatMap { outFilters[$0] ?? [] }
        return IPVSRuleWriter(settings: settings, filled: filled, outFilter: outFilter)
    }

    public func ruleSet() -> RuleSet { rules ?? ruleWriter().ruleSet() }

    /// The virtual servers; where two service ports claim one address and port, the later one has it.
    public func spec() -> IPVSSpec {
        var place: [VirtualService.Key: Int] = [:]
        var services: [VirtualService] = []
        for name in blocks.keys.sorted() {
            for server in blocks[name]?.servers ?? [] {
                if let index = place[server.key] {
                    services[index] = server
                } else {
                    place[server.key] = services.count
                    services.append(server)
                }
            }
        }
        return IPVSSpec(services: services, timeouts: settings.timeouts)
    }

    /// All sets of the family, empty ones too.
    public func sets() -> [IPSet] {
        IPVSSetName.allCases.map { name in
            var set = name.empty(settings.family)
            if name == .ipvsIPs {
                set.entries = boundAddresses().map {
                    var entry = IPSet.Entry()
                    entry.first = IPPrefix($0, length: settings.family.bitCount)
                    return entry
                }
            } else {
                set.entries = members[name, default: [:]].keys.sorted(by: Self.precedes)
            }
            return set
        }
    }

    /// The addresses of kube-ipvs0, in order.
    public func boundAddresses() -> [IPAddress] { bound.keys.sorted() }

    private static func precedes(_ a: IPSet.Entry, _ b: IPSet.Entry) -> Bool {
        if a.first != b.first, let x = a.first, let y = b.first { return x < y }
        if let x = a.port, let y = b.port, x != y {
            return x.ipProtocol != y.ipProtocol ? x.ipProtocol.rawValue < y.ipProtocol.rawValue : x.lower < y.lower
        }
        if a.second != b.second, let x = a.second, let y = b.second { return x < y }
        return false
    }
}
