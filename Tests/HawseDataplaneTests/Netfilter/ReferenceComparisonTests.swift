import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

@Suite("Compiled rules against the reference evaluator")
struct ReferenceComparisonTests {
    /// One random rule set, many random packets: verdicts, changed fields and all counters must be equal.
    private func compare(seed: UInt64, family: AddressFamily, packets: Int, usesClassifiers: Bool) throws -> Int {
        var random = RandomRules(seed: seed, family: family)
        let (name, hook) = random.pick([(TableName.mangle, Hook.prerouting), (.mangle, .forward), (.filter, .forward)])
        let table = random.table(name, hook: hook)
        var spec = NodeSpec(interfaces: RandomRules.interfaces.map { InterfaceSpec(name: $0) })
        let rules = RuleSet(family: family, tables: [table])
        if family == .ipv4 { spec.iptables = rules } else { spec.ip6tables = rules }
        let dataplane = try Dataplane(spec, seed: seed)
        dataplane.usesClassifiers = usesClassifiers
        var reference = ReferenceEvaluator(table, family: family)
        for i in 0..<packets {
            var packet = random.packet()
            let before = packet
            let expected = reference.evaluate(&packet, hook)
            let result = dataplane.evaluate(before, TableIndex(name), hook)
            guard result.outcome == expected else {
                Issue.record("seed \(seed) packet \(i): \(result.outcome), the reference says \(expected): \(before)")
                return i
            }
            guard expected == .drop || (result.mark == packet.mark && result.bytes == packet.bytes) else {
                Issue.record("seed \(seed) packet \(i): mark \(result.mark), the reference says \(packet.mark): \(before)")
                return i
            }
        }
        let counted = dataplane.ruleSet(family)[name]
        #expect(counted == reference.table, "seed \(seed)")
        return packets
    }

    @Test("IPv4, with classifiers", arguments: 1...100 as ClosedRange<UInt64>)
    func ipv4(seed: UInt64) throws {
        #expect(try compare(seed: seed, family: .ipv4, packets: 500, usesClassifiers: true) == 500)
    }

    @Test("IPv6, with classifiers", arguments: 1001...1080 as ClosedRange<UInt64>)
    func ipv6(seed: UInt64) throws {
        #expect(try compare(seed: seed, family: .ipv6, packets: 500, usesClassifiers: true) == 500)
    }

    @Test("Linear evaluation", arguments: 2001...2040 as ClosedRange<UInt64>)
    func linear(seed: UInt64) throws {
        let family: AddressFamily = seed % 2 == 0 ? .ipv4 : .ipv6
        #expect(try compare(seed: seed, family: family, packets: 500, usesClassifiers: false) == 500)
    }

    @Test("The random tables have what is to be compared: runs, fragments, short headers, both verdicts")
    func coverage() throws {
        var runs = 0
        var outcomes: [ReferenceEvaluator.Outcome: Int] = [:]
        var fragments = 0
        var short = 0
        for seed in 1...40 as ClosedRange<UInt64> {
            var random = RandomRules(seed: seed, family: .ipv4)
            let table = random.table(.mangle, hook: .forward)
            let spec = NodeSpec(
                interfaces: RandomRules.interfaces.map { InterfaceSpec(name: $0) },
                iptables: RuleSet(family: .ipv4, tables: [table]))
            let dataplane = try Dataplane(spec)
            let program = dataplane.family(.ipv4).pointee.programs[Int(TableIndex.mangle.rawValue)]
            runs += program?.pointee.classifiers.count ?? 0
            for _ in 0..<20 {
                let packet = random.packet()
                fragments += packet.fragmentOffset > 0 ? 1 : 0
                short += packet.transport.count < 20 ? 1 : 0
                outcomes[dataplane.evaluate(packet, .mangle, .forward).outcome, default: 0] += 1
            }
        }
        #expect(runs > 100)
        #expect(fragments > 20)
        #expect(short > 10)
        #expect(outcomes[.accept, default: 0] > 100)
        #expect(outcomes[.drop, default: 0] > 100)
    }
}

extension Dataplane {
    /// One table at one hook, for a packet that is not on its way anywhere.
    func evaluate(
        _ packet: ReferencePacket, _ table: TableIndex, _ hook: Hook
    ) -> (outcome: ReferenceEvaluator.Outcome, mark: UInt32, bytes: [UInt8]) {
        let walk = Walk<Plain>(node: node)
        let bytes = packet.bytes
        guard let live = node.pointee.pool.take(bytes: bytes.count) else { return (.drop, 0, []) }
        defer { node.pointee.pool.give(back: live) }
        bytes.withUnsafeBytes { live.fill(frame: $0, linkLength: 0) }
        #expect(live.dissect() == .ok)
        live.pointee.mark = packet.mark
        live.pointee.inInterface = interfaceIndex(packet.inInterface) ?? 0
        live.pointee.outInterface = interfaceIndex(packet.outInterface) ?? 0
        let verdict = walk.evaluate(live, family(packet.family), table, hook)
        let after = UnsafeRawBufferPointer(start: live.networkPointer, count: live.length)
        return (verdict == .accept ? .accept : .drop, live.pointee.mark, Array(after))
    }
}
