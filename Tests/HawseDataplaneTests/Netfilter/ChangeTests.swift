import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

/// A table that changes while packets flow, against the reference that is given the changed table.
@Suite("Changes of rules while packets flow")
struct ChangeTests {
    private static let userChains = ["C0", "C1", "C2", "C3", "C4", "C5"]

    /// Rules whose matches remember nothing: what a written-anew chain forgets is not compared here.
    private func stateless(_ rules: [Rule]) -> [Rule] {
        rules.map { rule in
            var rule = rule
            rule.matches.removeAll { if case .statistic = $0 { true } else { false } }
            return rule
        }
    }

    private func callees(of chain: String) -> [String] {
        Array(Self.userChains.drop { $0 <= chain && chain.hasPrefix("C") })
    }

    /// Another table: chains written anew, rules put in or taken out, a chain gone with all jumps to it, one come back.
    private func mutated(_ table: Table, _ hook: Hook, _ random: inout RandomRules) -> Table {
        var table = table
        for _ in 0..<1 + random.below(3) {
            let places = table.chains.indices.filter { table.chains[$0].policy == nil || table.chains[$0].name == hook.name }
            let place = random.pick(places)
            let callees = callees(of: table.chains[place].name).filter { table.index(of: $0) != nil }
            switch random.below(6) {
            case 0: table.chains[place].rules = stateless(random.rules(callees, table.name))
            case 1, 2:
                let at = random.below(table.chains[place].rules.count + 1)
                table.chains[place].rules.insert(contentsOf: stateless([random.rule(callees, table.name)]), at: at)
            case 3:
                guard !table.chains[place].rules.isEmpty else { continue }
                table.chains[place].rules.remove(at: random.below(table.chains[place].rules.count))
            case 4:
                let name = random.pick(Self.userChains)
                if table.index(of: name) == nil { table.chains.append(Chain(name: name)) }
                for c in table.chains.indices {
                    table.chains[c].rules.removeAll { $0.target == .jump(name) || $0.target == .goto(name) }
                }
                table.chains.removeAll { $0.name == name }
            default:
                let name = random.pick(Self.userChains)
                guard table.index(of: name) == nil else { continue }
                let below = self.callees(of: name).filter { table.index(of: $0) != nil }
                table.chains.append(Chain(name: name, rules: stateless(random.rules(below, table.name))))
                if let start = table.index(of: hook.name) {
                    table.chains[start].rules.append(Rule(target: .jump(name)))
                }
            }
        }
        return table
    }

    private func load(_ table: Table, _ family: AddressFamily, seed: UInt64) throws -> Dataplane {
        var spec = NodeSpec(interfaces: RandomRules.interfaces.map { InterfaceSpec(name: $0) })
        let rules = RuleSet(family: family, tables: [table])
        if family == .ipv4 { spec.iptables = rules } else { spec.ip6tables = rules }
        return try Dataplane(spec, seed: seed, keepsRuleCounters: true)
    }

    /// Packets through node and reference: the same outcome, bytes and, at the end, counters.
    private func agree(
        _ node: Dataplane, _ reference: inout ReferenceEvaluator, _ hook: Hook, _ random: inout RandomRules, packets: Int,
        _ place: String
    ) -> Bool {
        let name = reference.table.name
        for _ in 0..<packets {
            var packet = random.packet()
            let before = packet
            let expected = reference.evaluate(&packet, hook)
            let result = node.evaluate(before, TableIndex(name), hook)
            guard result.outcome == expected,
                expected == .drop || (result.mark == packet.mark && result.bytes == packet.bytes)
            else {
                Issue.record("\(place): \(result.outcome), the reference says \(expected): \(before)")
                return false
            }
        }
        let counted = node.ruleSet(random.family)[name]?.chainsInSaveOrder
        guard counted == reference.table.chainsInSaveOrder else {
            Issue.record("\(place): counters differ")
            return false
        }
        return true
    }

    @Test("diff and commit make what would have been built; chains not touched keep their counters", arguments: 1...150 as ClosedRange<UInt64>)
    func differences(seed: UInt64) throws {
        var random = RandomRules(seed: seed, family: seed % 3 == 0 ? .ipv6 : .ipv4)
        let (name, hook) = random.pick([(TableName.mangle, Hook.prerouting), (.mangle, .forward), (.filter, .forward)])
        var table = random.table(name, hook: hook)
        for c in table.chains.indices { table.chains[c].rules = stateless(table.chains[c].rules) }
        let node = try load(table, random.family, seed: seed)
        var reference = ReferenceEvaluator(table, family: random.family)
        for step in 0..<8 {
            guard agree(node, &reference, hook, &random, packets: 60, "seed \(seed) step \(step)") else { return }
            let present = reference.table
            var desired = mutated(present, hook, &random)
            let changes = diff(
                RuleSet(family: random.family, tables: [present]), RuleSet(family: random.family, tables: [desired]))
            // A chain with other rules begins with the counters it is given; the reference has given none.
            for c in desired.chains.indices where present.chain(desired.chains[c].name)?.hasRules(of: desired.chains[c]) != true {
                for r in desired.chains[c].rules.indices { desired.chains[c].rules[r].counters = .zero }
                desired.chains[c].counters = .zero
            }
            let zeroed = changes.map { change in
                guard case .chain(let family, let name, let chain) = change else { return change }
                return Change.chain(family, name, desired.chain(chain.name) ?? chain)
            }
            let transaction = try node.prepare(zeroed)
            // Until it is committed, nothing has happened.
            guard agree(node, &reference, hook, &random, packets: 10, "seed \(seed) prepared \(step)") else { return }
            let now = reference.table
            for c in desired.chains.indices {
                if let chain = now.chain(desired.chains[c].name), chain.hasRules(of: desired.chains[c]) {
                    desired.chains[c] = chain
                }
            }
            try node.commit(transaction)
            reference = ReferenceEvaluator(desired, family: random.family)
            guard agree(node, &reference, hook, &random, packets: 60, "seed \(seed) committed \(step)") else { return }
        }
        // The same as a node made anew, by everything that it says of itself and does.
        let fresh = try load(reference.table, random.family, seed: seed)
        for _ in 0..<100 {
            let packet = random.packet()
            let (a, b) = (node.evaluate(packet, TableIndex(name), hook), fresh.evaluate(packet, TableIndex(name), hook))
            #expect(a == b)
        }
        #expect(node.ruleSet(random.family)[name]?.chainsInSaveOrder == fresh.ruleSet(random.family)[name]?.chainsInSaveOrder)
    }

    @Test("Single edits keep the counters of all other rules", arguments: 1...60 as ClosedRange<UInt64>)
    func edits(seed: UInt64) throws {
        var random = RandomRules(seed: seed, family: .ipv4)
        let hook = Hook.forward
        var table = random.table(.filter, hook: hook)
        // A long chain, where rules come and go one by one.
        let long = (0..<100).map { i in
            Rule(
                destination: AddressMatch(IPPrefix(random.address(), length: 32)), ipProtocol: ProtocolMatch(.tcp),
                matches: [.tcp(TCPMatch(destinationPorts: ValueRange(UInt16(80 + i % 6))))], target: .jump("C5"))
        }
        for c in table.chains.indices { table.chains[c].rules = stateless(table.chains[c].rules) }
        table.chains[table.index(of: "C0")!].rules = long
        table.chains[table.index(of: hook.name)!].rules.insert(Rule(target: .jump("C0")), at: 0)
        let node = try load(table, .ipv4, seed: seed)
        var reference = ReferenceEvaluator(table, family: .ipv4)
        for step in 0..<120 {
            let chain = random.pick(["C0", "C0", "C0", "FORWARD", "C3"])
            let count = reference.table.chain(chain)?.rules.count ?? 0
            let rule = stateless([random.rule(callees(of: chain), .filter)])
            let edit: RuleEdit
            switch random.below(7) {
            case 0: edit = .append(chain: chain, rules: rule)
            case 1, 2: edit = .insert(chain: chain, position: 1 + random.below(count + 1), rules: rule)
            case 3 where count > 0: edit = .replace(chain: chain, position: 1 + random.below(count), rule: rule[0])
            case 4 where count > 0: edit = .delete(chain: chain, position: 1 + random.below(count))
            case 5 where chain == "FORWARD": edit = .policy(chain: chain, policy: .drop, counters: nil)
            case 5: edit = .zero(chain: chain, position: nil)
            case 6 where random.oneIn(10): edit = .flush(chain)
            default: continue
            }
            try node.apply([.edit(.ipv4, .filter, edit)])
            try reference.table.apply(edit)
            guard agree(node, &reference, hook, &random, packets: 20, "seed \(seed) step \(step) \(edit)") else { return }
        }
    }

    @Test("A change that cannot be is refused, and nothing of it is done")
    func atomicity() throws {
        var random = RandomRules(seed: 7, family: .ipv4)
        let table = random.table(.filter, hook: .forward)
        let node = try load(table, .ipv4, seed: 7)
        for _ in 0..<200 { _ = node.evaluate(random.packet(), .filter, .forward) }
        let before = node.ruleSet(.ipv4)
        let good = Change.chain(.ipv4, .filter, Chain(name: "C1", rules: [Rule(target: .accept)]))
        let bad: [[Change]] = [
            [good, .chain(.ipv4, .filter, Chain(name: "C2", rules: [Rule(target: .jump("NOWHERE"))]))],
            [good, .chain(.ipv4, .filter, Chain(name: "C5", rules: [Rule(target: .jump("C5"))])), .edit(.ipv4, .filter, .append(chain: "FORWARD", rules: [Rule(target: .jump("C5"))]))],
            [good, .edit(.ipv4, .filter, .append(chain: "FORWARD", rules: [Rule(target: .jump("C5"))])), .removeChain(.ipv4, .filter, "C5")],
            [good, .removeChain(.ipv4, .filter, "FORWARD")], [good, .removeChain(.ipv4, .filter, "C9")],
            [good, .edit(.ipv4, .filter, .delete(chain: "FORWARD", position: 1000))],
            [good, .edit(.ipv4, .filter, .append(chain: "FORWARD", rules: [Rule(target: .dnat(NATTarget(address: IPAddress(ipv4: 1))))]))],
            [good, .edit(.ipv4, .filter, .append(chain: "FORWARD", rules: [Rule(matches: [.owner(OwnerMatch())])]))],
            [good, .chain(.ipv4, .nat, Chain(name: "X"))], [good, .rebuild("devices")],
            [good, .addEntry(set: "none", IPSet.Entry())], [good, .destroySet("none")],
            [good, .ipvs(.deleteService(.mark(1, family: .ipv4)))],
            [good, .removeRoute(Route(destination: IPPrefix("10.0.0.0/8")!, nextHops: []))],
        ]
        for changes in bad {
            #expect(throws: DataplaneError.self, "\(changes)") { try node.apply(changes) }
            #expect(node.ruleSet(.ipv4) == before)
        }
        // What was prepared for another state is refused too.
        let stale = try node.prepare([good])
        try node.apply([.edit(.ipv4, .filter, .append(chain: "C2", rules: [Rule(target: .drop)]))])
        #expect(throws: DataplaneError.self) { try node.commit(stale) }
        let other = try load(table, .ipv4, seed: 7)
        #expect(throws: DataplaneError.self) { try other.commit(node.prepare([good])) }
        try node.apply([good])
        #expect(node.ruleSet(.ipv4)[.filter]?.chain("C1")?.rules == [Rule(target: .accept)])
    }

    @Test("Memory of chains that come and go is used again")
    func reuse() throws {
        var random = RandomRules(seed: 3, family: .ipv4)
        let table = random.table(.filter, hook: .forward)
        let node = try load(table, .ipv4, seed: 3)
        let program = try #require(node.family(.ipv4).pointee.programs[Int(TableIndex.filter.rawValue)])
        func round(_ i: Int) throws {
            let rules = stateless(random.rules([], .filter))
            let name = "KUBE-SEP-\(i % 3)"
            if program.pointee.names.contains(name) {
                try node.apply([
                    .edit(.ipv4, .filter, .deleteEqual(chain: "FORWARD", rules: [Rule(target: .jump(name))])),
                    .removeChain(.ipv4, .filter, name),
                ])
            }
            try node.apply([
                .chain(.ipv4, .filter, Chain(name: name, rules: rules)),
                .edit(.ipv4, .filter, .append(chain: "FORWARD", rules: [Rule(target: .jump(name))])),
            ])
        }
        for i in 0..<200 { try round(i) }
        let (records, operations) = (program.pointee.recordCapacity, program.pointee.arenaCapacity)
        for i in 0..<3000 { try round(i) }
        #expect(program.pointee.recordCapacity <= records * 2)
        #expect(program.pointee.arenaCapacity <= operations * 2)
        #expect(program.pointee.chains.count < 40)
    }

    @Test("Sets, servers and routes change with the rules, or not at all")
    func sets() throws {
        let node = try Dataplane(
            NodeSpec(
                interfaces: [InterfaceSpec(name: "eth0", addresses: [IPPrefix("192.0.2.1/24")!])],
                iptables: RuleSet(family: .ipv4, tables: [.builtin(.filter)])))
        func entry(_ text: String) -> IPSet.Entry {
            var entry = IPSet.Entry()
            entry.first = IPPrefix(text)
            return entry
        }
        var set = IPSet(name: "hosts", kind: .hashIP)
        set.options.maxElements = 3
        set.entries = [entry("10.0.0.1/32")]
        let match = Rule(
            matches: [.set(SetMatch(set: SetReference(name: "hosts", sides: [.source])))], target: .drop)
        try node.apply([.edit(.ipv4, .filter, .append(chain: "FORWARD", rules: [match])), .createSet(set)])
        #expect(node.sets().map(\.name) == ["hosts"])
        #expect(throws: DataplaneError.self) { try node.apply([.destroySet("hosts")]) }
        try node.apply([
            .addEntry(set: "hosts", entry("10.0.0.2/32")), .addEntry(set: "hosts", entry("10.0.0.3/32")),
            .deleteEntry(set: "hosts", entry("10.0.0.1/32")),
        ])
        #expect(node.sets()[0].entries.map(\.first) == [IPPrefix("10.0.0.2/32"), IPPrefix("10.0.0.3/32")])
        #expect(throws: DataplaneError.self) {
            try node.apply([.addEntry(set: "hosts", entry("10.0.0.4/32")), .addEntry(set: "hosts", entry("10.0.0.5/32"))])
        }
        #expect(throws: DataplaneError.self) { try node.apply([.deleteEntry(set: "hosts", entry("10.9.0.4/32"))]) }
        #expect(node.sets()[0].entries.count == 2)
        try node.apply([.destroySet("hosts"), .edit(.ipv4, .filter, .flush("FORWARD"))])
        #expect(node.sets().isEmpty)

        let key = VirtualService.Key.address(ipProtocol: .tcp, address: IPAddress(ipv4: 0x0a60_0001), port: 80)
        let destination = Destination(address: IPAddress(ipv4: 0x0a00_0001), port: 8080, forwarding: .masquerade)
        let service = VirtualService(key: key, scheduler: .rr, destinations: [destination])
        let route = Route(
            destination: IPPrefix("198.51.100.0/24")!, nextHops: [.init(gateway: IPAddress("192.0.2.9")!, device: "eth0")])
        #expect(throws: DataplaneError.self) {
            try node.apply([.addRoute(route), .ipvs(.addService(service)), .ipvs(.addDestination(key, destination))])
        }
        #expect(node.ipvsListing().services.isEmpty)
        #expect(node.spec.routes.isEmpty)
        try node.apply([.addRoute(route), .ipvs(.addService(service))])
        #expect(servers(node) == [service])
        #expect(node.spec.routes == [route])
        var wanted = service
        wanted.scheduler = .wrr
        wanted.destinations = [Destination(address: IPAddress(ipv4: 0x0a00_0002), port: 8080, forwarding: .masquerade)]
        try node.apply(diff(service, wanted).map(Change.ipvs) + [.removeRoute(route)])
        #expect(servers(node) == [wanted])
        #expect(node.spec.routes.isEmpty)
    }

    /// The node's virtual services with their destinations.
    private func servers(_ node: Dataplane) -> [VirtualService] {
        node.ipvsListing().services.map { listed in
            var service = listed.service
            service.destinations = listed.destinations.map(\.destination)
            return service
        }
    }
}
