import HawseFormats
import HawseModel
import HawseWire
import Testing

@Suite struct RuleCommandTests {
    private func applied(_ commands: [String], to text: String = "*nat\nCOMMIT\n") throws -> String {
        var rules = try IPTablesParser(family: .ipv4).parse(text)
        for command in commands { try RuleCommand(commandLine: command).apply(to: &rules) }
        return IPTablesPrinter().text(rules).split(separator: "\n").filter { $0.hasPrefix("-A") }.joined(
            separator: "\n")
    }

    @Test func commandsOfTheCasesAreRead() throws {
        let dnat = try RuleCommand(
            commandLine:
                "iptables-legacy -t nat -I KUBE-SERVICES 1 -d 10.96.0.10 -p udp -m udp --dport 53 -j DNAT "
                + "--to-destination 10.244.2.10:5353")
        #expect(dnat.table == .nat && dnat.family == .ipv4)
        guard case .insert("KUBE-SERVICES", 1, let rules) = dnat.edit else {
            Issue.record("not an insertion")
            return
        }
        #expect(
            rules[0].text(family: .ipv4)
                == "-d 10.96.0.10/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.244.2.10:5353")
        let replace = try RuleCommand(
            commandLine: "ip6tables-legacy -t nat -R KUBE-SEP-AAA0 2 -p udp -m udp -j DNAT --to-destination "
                + "[2001:db8:42:2::10]:5353")
        #expect(replace.family == .ipv6)
        guard case .replace("KUBE-SEP-AAA0", 2, _) = replace.edit else {
            Issue.record("not a replacement")
            return
        }
    }

    @Test func edits() throws {
        #expect(
            try applied([
                "iptables -t nat -N A", "iptables -t nat -A A -j RETURN",
                "iptables -t nat -A PREROUTING -j A",
                "iptables -t nat -I PREROUTING -s 10.0.0.1,10.0.0.2 -j ACCEPT",
            ]) == """
                -A PREROUTING -s 10.0.0.2/32 -j ACCEPT
                -A PREROUTING -s 10.0.0.1/32 -j ACCEPT
                -A PREROUTING -j A
                -A A -j RETURN
                """)
        #expect(
            try applied(
                [
                    "iptables -t nat -D A 1", "iptables -t nat -E A B",
                    "iptables -t nat -D PREROUTING -p tcp -j RETURN",
                ],
                to:
                    "*nat\n:A - [0:0]\n-A A -j RETURN\n-A PREROUTING -j A\n[9:9] -A PREROUTING -p tcp -j RETURN\nCOMMIT\n"
            )
                == "-A PREROUTING -j B")
    }

    @Test(arguments: [
        ("iptables -t nat -D PREROUTING 1", "Index of deletion or insertion too big: PREROUTING 1"),
        (
            "iptables -t nat -D PREROUTING -j ACCEPT",
            "Bad rule (does a matching rule exist in chain PREROUTING?)"
        ),
        ("iptables -t nat -X A", "Too many links: rules still refer to chain A"),
        ("iptables -t nat -X B", "Directory not empty: chain B still has rules"),
        ("iptables -t nat -N A", "Chain already exists: A"),
        ("iptables -t nat -A C -j ACCEPT", "No chain/target/match by that name: C"),
        ("iptables -t nat -X INPUT", "Invalid argument: INPUT is a builtin chain"),
        ("iptables -t nat -P A ACCEPT", "Bad built-in chain name: A"),
    ])
    func impossibleEdits(command: String, message: String) throws {
        var rules = try IPTablesParser(family: .ipv4).parse(
            "*nat\n:A - [0:0]\n:B - [0:0]\n-A B -j A\nCOMMIT\n")
        let before = rules
        #expect(throws: FormatError(file: "command", line: 1, column: 1, message: message)) {
            try RuleCommand(commandLine: command).apply(to: &rules)
        }
        #expect(rules == before)
    }

    @Test func otherFormsOfOneRule() throws {
        let canonical = try RuleCommand(
            commandLine:
                "iptables -A INPUT -s 10.0.0.0/8 ! -d 10.1.0.1/32 -p tcp -m tcp --sport 80:65535 --dport 5 -j MARK "
                + "--set-xmark 0x1/0x1")
        for form in [
            "iptables --append INPUT --protocol tcp --source 10.0.0.0/255.0.0.0 ! --destination 10.1.0.1 --dport 5 "
                + "--source-port 80: --jump MARK --or-mark 1",
            "iptables -j MARK --set-mark=0x1/0x1 -A INPUT -p6 -s10/8 ! --dst 10.1.0.1 --destination-port 5 --sport http:",
            "/usr/sbin/iptables -t filter -w -A INPUT -p TCP -m tcp --spor 80: --dpor 5 -s 10.0.0.0/8 ! -d 10.1.0.1 "
                + "-j 'MARK' --or-mark 01",
        ] {
            #expect(try RuleCommand(commandLine: form).edit == canonical.edit, "\(form)")
        }
    }
}
