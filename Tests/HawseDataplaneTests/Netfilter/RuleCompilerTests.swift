import Foundation
import HawseFormats
import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

@Suite("Rule compiler")
struct RuleCompilerTests {
    private func load(_ text: String, family: AddressFamily = .ipv4) throws -> Dataplane {
        var spec = NodeSpec(interfaces: [InterfaceSpec(name: "eth0"), InterfaceSpec(name: "eth1")])
        let rules = try IPTablesParser(family: family, file: "rules").parse(text)
        if family == .ipv4 { spec.iptables = rules } else { spec.ip6tables = rules }
        return try Dataplane(spec)
    }

    private func filter(_ lines: String) -> String {
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n\(lines)\nCOMMIT\n"
    }

    @Test("Chains that lead back to themselves are refused")
    func loops() throws {
        #expect {
            try load(filter(":A - [0:0]\n:B - [0:0]\n-A FORWARD -j A\n-A A -j B\n-A B -g A"))
        } throws: { "\($0)".contains("leads back to itself") }
        // What nobody reaches may loop: the kernel does not walk there.
        _ = try load(filter(":A - [0:0]\n:B - [0:0]\n-A A -j B\n-A B -j A"))
    }

    @Test("A target where no packet may meet it names the hook from which its chain is reached")
    func hooks() throws {
        let text = """
            *nat
            :PREROUTING ACCEPT [0:0]
            :INPUT ACCEPT [0:0]
            :OUTPUT ACCEPT [0:0]
            :POSTROUTING ACCEPT [0:0]
            :M - [0:0]
            -A OUTPUT -j M
            -A M -j MASQUERADE
            COMMIT

            """
        #expect { try load(text) } throws: {
            let message = "\($0)"
            return message.contains("MASQUERADE") && message.contains(" M")
        }
        _ = try load(text.replacingOccurrences(of: "-A OUTPUT -j M\n", with: "-A POSTROUTING -j M\n"))
    }

    @Test(
        "What the kernel refuses is refused with the rule's place",
        arguments: [
            ("-A FORWARD -m limit --limit 1/day -j ACCEPT", "limit"),
            ("-A FORWARD -m set --match-set nobody src -j ACCEPT", "no set named \"nobody\""),
        ])
    func refusals(rule: String, reason: String) throws {
        #expect { try load(filter(rule)) } throws: {
            "\($0)".hasPrefix("rules:5:") && "\($0)".contains(reason)
        }
    }

    @Test("Rules made by code meet the compiler's own checks")
    func withoutText() {
        func error(_ change: (inout Table) -> Void) -> String {
            var table = Table.builtin(.filter)
            change(&table)
            do {
                _ = try Dataplane(NodeSpec(iptables: RuleSet(family: .ipv4, tables: [table])))
                return ""
            } catch { return "\(error)" }
        }
        #expect(error { _ in } == "")
        #expect(error { $0.chains[1].rules = [Rule(target: .jump("NOWHERE"))] }.contains("no chain named NOWHERE"))
        #expect(error { $0.chains[1].rules = [Rule(target: .jump("INPUT"))] }.contains("builtin chain INPUT"))
        #expect(error { $0.chains.removeFirst() }.contains("no builtin chain INPUT"))
        #expect(error { $0.chains[1].rules = [Rule(target: .trace)] }.contains("raw table only"))
        #expect(error { $0.chains[1].rules = [Rule(matches: [.tcp(TCPMatch())])] }.contains("tcp needs -p"))
        let loop = error {
            $0.chains.append(Chain(name: "A", rules: [Rule(target: .goto("A"))]))
            $0.chains[1].rules = [Rule(target: .jump("A"))]
        }
        #expect(loop.contains("chain A leads back to itself"))
        let hook = error {
            $0.chains.append(Chain(name: "A", rules: [Rule(matches: [.owner(OwnerMatch(socketExists: true))])]))
            $0.chains[1].rules = [Rule(target: .jump("A"))]
        }
        #expect(hook.contains("owner is not allowed in chain A, which is used from FORWARD"))
    }

    @Test("Conntrack runs only when a rule needs it")
    func needs() throws {
        func uses(_ rule: String) throws -> Bool {
            let node = try load(filter(rule))
            return withExtendedLifetime(node) { node.family(.ipv4).pointee.usesConntrack }
        }
        #expect(try !uses("-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT"))
        #expect(try uses("-A FORWARD -m conntrack --ctstate NEW -j ACCEPT"))
        #expect(try uses("-A FORWARD -m state --state NEW"))
        #expect(try uses("-A FORWARD -m connmark --mark 1"))
        let counting = try load(
            filter("-A FORWARD -m connbytes --connbytes 1 --connbytes-mode packets --connbytes-dir both"))
        #expect(withExtendedLifetime(counting) { counting.node.pointee.connections.settings.accounting })
    }

    @Test("A rule is one cache line")
    func recordLayout() {
        #expect(MemoryLayout<RuleRecord>.size == 64 && MemoryLayout<RuleRecord>.stride == 64)
        #expect(MemoryLayout<RuleRecord>.offset(of: \.counters) == RuleRecord.countersOffset)
        #expect(MemoryLayout<OperationHeader>.size == OperationHeader.size)
    }

    @Test("A replaced table begins anew, the others keep their counters")
    func replacement() throws {
        let node = try load(
            filter("-A FORWARD -p udp") + "*mangle\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n"
                + ":FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A FORWARD -p tcp\nCOMMIT\n")
        let filterProgram = try #require(node.family(.ipv4).pointee.programs[Int(TableIndex.filter.rawValue)])
        let mangleProgram = try #require(node.family(.ipv4).pointee.programs[Int(TableIndex.mangle.rawValue)])
        filterProgram.pointee.records[1].counters = Counters(packets: 3, bytes: 99)
        mangleProgram.pointee.records[2].counters = Counters(packets: 4, bytes: 100)
        var rules = node.ruleSet(.ipv4)
        let filterTable = try #require(rules[.filter])
        #expect(filterTable.chain("FORWARD")?.rules[0].counters.packets == 3)
        rules.tables = [filterTable]
        try node.replaceRules(rules, counters: .zero)
        #expect(node.ruleSet(.ipv4)[.filter]?.chain("FORWARD")?.rules[0].counters == .zero)
        #expect(node.ruleSet(.ipv4)[.mangle]?.chain("FORWARD")?.rules[0].counters.packets == 4)
        try node.replaceRules(rules, counters: .asGiven)
        #expect(node.ruleSet(.ipv4)[.filter]?.chain("FORWARD")?.rules[0].counters.bytes == 99)
    }

    @Test("Services of a node become one run each; a broken replacement changes nothing")
    func runs() throws {
        var lines = ":KUBE-SERVICES - [0:0]\n:S - [0:0]\n-A FORWARD -j KUBE-SERVICES\n"
        for i in 0..<300 {
            lines += "-A KUBE-SERVICES -d 10.96.\(i / 250).\(i % 250)/32 -p tcp -m comment --comment \"a\" -m tcp --dport 80 -j S\n"
        }
        lines += "-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j S"
        let node = try load(filter(lines))
        let program = try #require(node.family(.ipv4).pointee.programs[Int(TableIndex.filter.rawValue)])
        #expect(program.pointee.classifiers.count == 1)
        #expect(program.pointee.classifiers.base[0].end - program.pointee.classifiers.base[0].first == 300)
        #expect(program.pointee.classifiers.base[0].fields == [.destination, .ipProtocol, .destinationPort])
        var broken = node.ruleSet(.ipv4)
        broken[.filter]?.chains[1].rules.append(Rule(target: .jump("NOWHERE")))
        #expect(throws: DataplaneError.self) { try node.replaceRules(broken, counters: .zero) }
        #expect(node.ruleSet(.ipv4)[.filter]?.chain("FORWARD")?.rules.count == 1)
    }
}
