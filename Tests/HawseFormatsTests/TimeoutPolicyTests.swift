import HawseFormats
import HawseModel
import Testing

/// `nfct list timeout`, and what Linux 6.18 says to rules that name policies.
struct TimeoutPolicyTests {
    private let text = """
        .web = {
        \t.l3proto = 2,
        \t.l4proto = 17,
        \t.policy = {
        \t\t.UNREPLIED = 77,
        \t\t.REPLIED = 120,
        \t},
        };
        .rest = {
        \t.l3proto = 2,
        \t.l4proto = 255,
        \t.policy = {
        \t\t.TIMEOUT = 5,
        \t},
        };

        """

    @Test func policiesAreRead() throws {
        let policies = try TimeoutPolicyList.parse(text)
        #expect(policies.map(\.name) == ["web", "rest"])
        #expect(policies.map(\.seconds) == [[77, 120], [5]])
        #expect(policies.map(\.ipProtocol) == [.udp, TimeoutPolicy.generic])
        #expect(try TimeoutPolicyList.parse("").isEmpty)
    }

    @Test(arguments: [
        ("REPLIED = 120", "REPLIED = x", 6), ("\t\t.REPLIED = 120,\n", "", 7), (".REPLIED", ".REPLID", 8),
        ("l4proto = 17", "l4proto = 33", 8),
        ("l3proto = 2", "l3proto = 3", 8), (".rest", ".web", 9), ("l4proto", "l5proto", 3), (".web = {", "web", 1),
        ("5,\n\t},\n};\n", "5,\n", 14),
    ])
    func whatIsNoPolicyIsRefused(_ written: String, _ instead: String, _ line: Int) throws {
        let broken = text.split(separator: written, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: instead)
        try #require(broken != text)
        let error = try #require(throws: FormatError.self) { try TimeoutPolicyList.parse(broken) }
        #expect(error.line == line, "\(error)")
    }

    /// `No such timeout policy`, `Timeout policy can only be used by L4 protocol number`, and the same of L3.
    @Test func namesAreLookedUp() throws {
        let policies = try TimeoutPolicyList.parse(text)
        let lines = """
            *raw
            -A PREROUTING -p udp -j CT --timeout web
            -A PREROUTING -p 99 -j CT --timeout rest
            -A PREROUTING -p udp -j CT --timeout wab
            -A PREROUTING -p tcp -j CT --timeout web
            -A PREROUTING -p tcp -j CT --timeout rest
            COMMIT

            """
        let rules = try IPTablesParser(family: .ipv4, file: "f").parse(lines)
        let found = RuleSetCheck.check(rules, timeouts: policies)
        #expect(found.map(\.line) == [4, 5, 6])
        #expect(found.first?.message.contains("`wab', which doesn't exist; there is `web'") == true)
        #expect(RuleSetCheck.check(rules, timeouts: []).map(\.line) == [2, 3, 4, 5, 6])
        let others = try IPTablesParser(family: .ipv6, file: "f").parse(lines)
        #expect(RuleSetCheck.check(others, timeouts: policies).map(\.line) == [2, 3, 4, 5, 6])
    }
}
