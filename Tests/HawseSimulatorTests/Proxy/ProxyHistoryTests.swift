import HawseControl
import HawseDataplane
import HawseModel
@testable import HawseSimulator
import HawseWire
import Testing

/// A proxy that lives through edits drawn at random: what it has kept is what a fresh one writes, and what it told of its
/// changes adds up, on paper and in a node.
@Suite struct ProxyHistoryTests {
    private static func fresh(_ drawn: DrawnServices, _ configuration: ProxyConfiguration, _ mode: ProxyMode) -> ProxyState {
        ProxyRenderer.render(drawn.objects, node: drawn.node, mode: mode, configuration: configuration)
    }

    @Test(arguments: [ProxyMode.iptables, .ipvs, .nftables, .userspace], 0..<12)
    func keepsWhatAFreshOneWrites(_ mode: ProxyMode, seed: UInt64) throws {
        let draw = Draw(seed: seed)
        var drawn = DrawnServices(draw, count: 5)
        let configuration = DrawnServices.configuration(draw)
        var proxy = KubeProxy(node: drawn.node, configuration: configuration, mode: mode)
        proxy.move(to: drawn)
        var paper = Paper(mode)
        paper.apply(proxy.sync())
        var node = NodeSpec(name: "node-a")
        proxy.state().install(on: &node)
        var program = ProxyProgram(try Dataplane(node, seed: seed))
        for step in 0..<40 {
            for _ in 0..<draw.between(1...4) { for edit in drawn.edit() { proxy.apply(edit) } }
            let isFull = draw.oneIn(8)
            if isFull { proxy.requestFullSync() }
            let patch = proxy.sync()
            paper.apply(patch)
            let (kept, fresh) = (proxy.state(), Self.fresh(drawn, configuration, mode))
            // Ports of userspace sockets are drawn as Services come.
            if mode != .userspace { #expect(Self.differences(kept, fresh).isEmpty, "\(mode) seed \(seed) step \(step): \(Self.differences(kept, fresh))") }
            #expect(paper.differences(kept).isEmpty, "\(mode) seed \(seed) step \(step): \(paper.differences(kept))")
            #expect(proxy.sync().isEmpty)
            try program.carryOut(patch, proxy)
            var whole = NodeSpec(name: "node-a")
            kept.install(on: &whole)
            let difference = Self.difference(program.dataplane, try Dataplane(whole, seed: seed))
            #expect(difference == nil, "\(mode) seed \(seed) step \(step): \(difference ?? "")")
        }
    }

    /// What differs between two states, by name.
    private static func differences(_ a: ProxyState, _ b: ProxyState) -> [String] {
        var names: [String] = []
        if a.iptables != b.iptables { names.append("iptables " + rules(a.iptables, b.iptables)) }
        if a.ip6tables != b.ip6tables { names.append("ip6tables " + rules(a.ip6tables, b.ip6tables)) }
        if a.sets != b.sets { names.append("sets") }
        if Set(a.ipvs?.services ?? []) != Set(b.ipvs?.services ?? []) { names.append("ipvs") }
        if a.dummyAddresses != b.dummyAddresses { names.append("addresses") }
        if a.nftTables != b.nftTables { names.append("nft") }
        return names
    }

    private static func rules(_ a: RuleSet?, _ b: RuleSet?) -> String {
        for table in a?.tables ?? [] {
            for chain in table.chains where b?[table.name]?.chain(chain.name) != chain { return "\(table.name) \(chain.name)" }
        }
        return "chains"
    }

    /// The node that was changed step by step against one that was given all at once.
    private static func difference(_ a: Dataplane, _ b: Dataplane) -> String? {
        for family in AddressFamily.allCases {
            let (x, y) = (a.ruleSet(family).withZeroCounters, b.ruleSet(family).withZeroCounters)
            if sorted(x) != sorted(y) { return "rules \(family) \(rules(sorted(x), sorted(y)))" }
        }
        func sets(_ node: Dataplane) -> [String: Set<IPSet.Entry>] {
            Dictionary(node.sets().map { ($0.name, Set($0.entries)) }, uniquingKeysWith: { $1 })
        }
        if sets(a) != sets(b) { return "sets" }
        func servers(_ node: Dataplane) -> Set<VirtualService> {
            Set(node.ipvsListing().services.compactMap { node.ipvs.service($0.service.key) }.map { service in
                var service = service
                service.destinations.sort { ($0.address, $0.port) < ($1.address, $1.port) }
                return service
            })
        }
        if servers(a) != servers(b) { return "virtual servers" }
        func bound(_ node: Dataplane) -> Set<IPPrefix> {
            Set(node.spec.interfaces.first { $0.name == ProxyState.dummyDevice }?.addresses ?? [])
        }
        return bound(a) == bound(b) ? nil : "bound addresses"
    }

    private static func sorted(_ rules: RuleSet) -> RuleSet {
        var rules = rules
        for index in rules.tables.indices { rules.tables[index].chains.sort { $0.name < $1.name } }
        rules.tables.sort { $0.name.rawValue < $1.name.rawValue }
        return rules
    }

    /// The sum of all that a proxy has told of its changes.
    private struct Paper {
        let mode: ProxyMode
        private var rules: [AddressFamily: RuleSet] = [:]
        private var servers: [VirtualService.Key: VirtualService] = [:]
        private var bound: Set<IPAddress> = []
        private var members: [String: Set<IPSet.Entry>] = [:]

        init(_ mode: ProxyMode) { self.mode = mode }

        mutating func apply(_ patch: ProxyPatch) {
            for part in patch.rules { part.apply(to: &rules[part.family, default: RuleSet(family: part.family)]) }
            for (_, part) in patch.ipvs {
                for server in part.changed { servers[server.key] = server }
                for key in part.removed { servers[key] = nil }
                bound.subtract(part.unbound)
                bound.formUnion(part.bound)
                for member in part.deleted { members[member.set]?.remove(member.entry) }
                for member in part.added { members[member.set, default: []].insert(member.entry) }
            }
        }

        func differences(_ state: ProxyState) -> [String] {
            var names: [String] = []
            if mode == .iptables {
                for (family, kept) in [(AddressFamily.ipv4, state.iptables), (.ipv6, state.ip6tables)] where rules[family] != kept {
                    names.append("\(family) " + ProxyHistoryTests.rules(rules[family], kept))
                }
            }
            guard mode == .ipvs else { return names }
            if Set(servers.values) != Set(state.ipvs?.services ?? []) { names.append("servers") }
            if bound != Set(state.dummyAddresses) { names.append("bound") }
            for set in state.sets where !set.name.hasSuffix("IPVS-IPS") && members[set.name, default: []] != Set(set.entries) {
                names.append(set.name)
            }
            return names
        }
    }
}

extension KubeProxy {
    fileprivate mutating func move(to drawn: DrawnServices) {
        for service in drawn.objects.services { apply(service) }
        for slice in drawn.objects.slices { apply(slice) }
    }
}
