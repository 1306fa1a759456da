import HawseModel
import Testing

/// Edits as `iptables` has them: positions from 1, all or nothing.
@Suite struct RuleEditTests {
    private func rule(_ target: Target, packets: UInt64 = 0) -> Rule {
        var rule = Rule(target: target)
        rule.counters = Counters(packets: packets, bytes: 0)
        return rule
    }

    private func table(_ edits: RuleEdit...) throws -> Table {
        var table = Table.builtin(.filter)
        for edit in edits { try table.apply(edit) }
        return table
    }

    @Test func userChainsStandByNameBehindTheBuiltinOnes() throws {
        let table = try table(.newChain("b"), .newChain("a"), .newChain("c"))
        #expect(table.chains.map(\.name) == ["INPUT", "FORWARD", "OUTPUT", "a", "b", "c"])
    }

    @Test func insertionIsBeforeThePosition() throws {
        let table = try table(
            .append(chain: "INPUT", rules: [rule(.accept), rule(.drop)]), .insert(chain: "INPUT", position: 2, rules: [rule(.return)]))
        #expect(table.chain("INPUT")?.rules.map(\.target) == [.accept, .return, .drop])
        #expect(throws: RuleEditError.positionTooBig(chain: "INPUT", position: 2)) {
            try self.table(.insert(chain: "INPUT", position: 2, rules: [self.rule(.drop)]))
        }
    }

    @Test func deletionByContentIgnoresCounters() throws {
        var table = try table(.append(chain: "INPUT", rules: [rule(.accept, packets: 5), rule(.drop)]))
        try table.apply(.deleteEqual(chain: "INPUT", rules: [rule(.accept)]))
        #expect(table.chain("INPUT")?.rules.map(\.target) == [.drop])
    }

    /// The second of the two rules is not there: the first stays too.
    @Test func anEditThatFailsChangesNothing() throws {
        var table = try table(.append(chain: "INPUT", rules: [rule(.accept)]))
        let before = table
        #expect(throws: RuleEditError.noSuchRule(chain: "INPUT")) {
            try table.apply(.deleteEqual(chain: "INPUT", rules: [self.rule(.accept), self.rule(.drop)]))
        }
        #expect(table == before)
    }

    @Test func builtinChainsStayAndChainsInUseToo() throws {
        #expect(throws: RuleEditError.builtinChain("INPUT")) { try self.table(.deleteChain("INPUT")) }
        #expect(throws: RuleEditError.chainExists("a")) { try self.table(.newChain("a"), .newChain("a")) }
        #expect(throws: RuleEditError.chainNotEmpty("a")) {
            try self.table(.newChain("a"), .append(chain: "a", rules: [self.rule(.drop)]), .deleteChain("a"))
        }
    }
}
