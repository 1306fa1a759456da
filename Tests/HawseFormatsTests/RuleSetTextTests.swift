@testable import HawseFormats
import HawseModel
import HawseWire
import Testing

@Suite struct RuleSetTextTests {
    static func family(_ path: String) -> AddressFamily {
        path.split(separator: "/").last?.hasPrefix("iptables.v6") == true ? .ipv6 : .ipv4
    }

    @Test func savedRuleSetsOfAllCasesAreCanonical() throws {
        let paths = Recordings.files { $0.contains("/expect/iptables.v") }
        #expect(paths.count > 400)
        for path in paths {
            let text = try Recordings.text(path)
            let read = try IPTablesParser(family: Self.family(path), file: path).parseText(text)
            #expect(firstDifference(text, read.canonicalText) == nil, "\(path)")
            // The rule set alone is enough to print it.
            let counters = text.contains("\n[")
            #expect(
                firstDifference(text, IPTablesPrinter(counters: counters).text(read.rules)) == nil, "\(path)")
        }
    }

    @Test func inputsOfAllCasesAreReadAndKept() throws {
        let paths = Recordings.files { $0.contains("/iptables.v") && !$0.contains("/expect/") }
        #expect(paths.count > 380)
        for path in paths {
            let text = try Recordings.text(path)
            let parser = IPTablesParser(family: Self.family(path), file: path)
            let read = try parser.parseText(text)
            #expect(read.text == text, "\(path)")
            // The canonical form means the same.
            let again = try parser.parse(read.canonicalText)
            let printed = [again, read.rules].map { IPTablesPrinter(counters: true).text($0) }
            #expect(firstDifference(printed[0], printed[1]) == nil, "\(path)")
            // Rule sets made by chance ask what iptables-save does not print: `! -i +`, an address of no bits, every fragment
            // number. Of those the second printing is the same as the first.
            if !path.contains("/generated/") { #expect(again == read.rules, "\(path)") }
        }
    }

    /// The quick reader of frequent lines and the general one of words agree on every rule of every recording.
    @Test func quickAndGeneralReadingAgree() throws {
        let paths = Recordings.files { $0.contains("/iptables.v") }
        #expect(paths.count > 800)
        for path in paths {
            let text = try Recordings.text(path)
            let quick = IPTablesParser(family: Self.family(path), file: path)
            var general = quick
            general.isWordByWord = true
            let expected = try general.parseText(text)
            #expect(try quick.parseText(text) == expected, "\(path)")
            #expect(try quick.parse(text) == expected.rules, "\(path)")
        }
    }

    /// What iptables-legacy-restore 1.8.9 makes of it: a commit gives the policies' counters anew, and `-Z` zeroes only what was
    /// there before.
    @Test func countersOnTopOfATable() throws {
        let before = "*filter\n:INPUT ACCEPT [4:172]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [4:172]\n"
            + "[5:50] -A INPUT -i lo\n[6:60] -A INPUT -i eth9\nCOMMIT\n"
        let known = try IPTablesParser(family: .ipv4, counters: true).parse(before)
        func after(_ body: String) throws -> [Substring] {
            let set = try IPTablesParser(family: .ipv4, counters: true, noFlush: true).parse("*filter\n\(body)COMMIT\n", onto: known)
            return IPTablesPrinter(counters: true).text(set).split(separator: "\n").filter { $0.contains("PUT") }
        }
        let edits = ":INPUT ACCEPT [7:70]\n[1:2] -A INPUT -p tcp\n-A INPUT -p udp\n-Z INPUT\n:OUTPUT ACCEPT [3:4]\n"
            + "[9:9] -R INPUT 1 -i lo\n-Z\n"
        #expect(
            try after(edits) == [
                ":INPUT ACCEPT [7:70]", ":OUTPUT ACCEPT [3:4]", "[9:9] -A INPUT -i lo", "[0:0] -A INPUT -i eth9",
                "[1:2] -A INPUT -p tcp", "[0:0] -A INPUT -p udp",
            ])
        let kept: [Substring] = ["[5:50] -A INPUT -i lo", "[6:60] -A INPUT -i eth9"]
        #expect(try after("-A FORWARD\n") == [":INPUT ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]"] + kept)
        #expect(try after(":OUTPUT ACCEPT [5:6]\n-P OUTPUT DROP\n") == [":INPUT ACCEPT [0:0]", ":OUTPUT DROP [0:0]"] + kept)
        #expect(try after("") == [":INPUT ACCEPT [4:172]", ":OUTPUT ACCEPT [4:172]"] + kept)
    }

    /// An empty mask stands for everything, whatever is written before it; which masks there are depends on the family.
    @Test(arguments: [
        (AddressFamily.ipv6, "0/0", true), (.ipv6, "10.1.2.3/0", true), (.ipv6, "any/0", true), (.ipv6, "any/::", true),
        (.ipv6, "0/0.0.0.0", false), (.ipv6, "0", false), (.ipv6, "10/8", false), (.ipv4, "any/0", true),
        (.ipv4, "0/0.0.0.0", true), (.ipv4, "10.1.2.3/0", true), (.ipv4, "0/::", false), (.ipv4, "any/8", false),
    ])
    func emptyMasks(_ family: AddressFamily, _ text: String, _ isTaken: Bool) throws {
        let rules = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s \(text) -j ACCEPT\nCOMMIT\n"
        let set = try? IPTablesParser(family: family).parse(rules)
        #expect((set != nil) == isTaken)
        if let set { #expect(IPTablesPrinter(counters: false).text(set).contains("\n-A INPUT -j ACCEPT\n")) }
    }

    /// Lines at the edge of what iptables-save writes: the same rule, or the same refusal, by either reader.
    @Test(arguments: [
        "-A INPUT -s 10.0.0.1 -j ACCEPT", "-A INPUT -s 10.0.0.1/8 -j ACCEPT", "-A INPUT -s 010.0.0.1/32 -j ACCEPT",
        "-A INPUT -s 10.1/16 -j ACCEPT", "-A INPUT -s 0.0.0.0/0 -j DROP", "-A INPUT ! -s 0.0.0.0/0 -j DROP",
        "-A INPUT -s 10.0.0.0/33 -j DROP", "-A INPUT -s 10.0.0.256/32", "-A INPUT -i + -j ACCEPT",
        "-A INPUT ! -i eth+ -j ACCEPT", "-A INPUT -i abcdefghijklmnop -j ACCEPT", "-A INPUT -o eth0 -j ACCEPT",
        "-A OUTPUT -i eth0 -j ACCEPT", "-A FORWARD -i eth0 -o eth1", "-A INPUT -p tcp -m tcp --dport 80 --dport 81",
        "-A INPUT -p tcp -m tcp --dport 65536", "-A INPUT -p tcp -m tcp --dport 0:65535 -j ACCEPT",
        "-A INPUT -p tcp -m tcp ! --dport 80 ! --sport 1:2", "-A INPUT -p tcp -m tcp --dport 80x",
        "-A INPUT -p udp -m tcp --dport 80", "-A INPUT -p 17 -m udp", "-A INPUT -p all -j ACCEPT",
        "-A INPUT -p TCP -j ACCEPT", "-A INPUT -p tcp --dport 80 -j ACCEPT", "-A INPUT -m comment --comment x",
        "-A INPUT -m comment --comment \"a b\" -j ACCEPT", "-A INPUT -m comment --comment \"a \\\" b\"",
        "-A INPUT -m comment --comment \"\" -j ACCEPT", "-A INPUT -m comment --comment \"open",
        "-A INPUT -m comment --comment \"a\"b", "-A INPUT -m comment --comment", "-A INPUT  -j ACCEPT",
        "-A INPUT -j ACCEPT ", "-A INPUT -j ACCEPT\r", "-A INPUT -j\tACCEPT", "-A INPUT -j NOWHERE",
        "-A INPUT -j KUBE-A", "-A INPUT -g KUBE-A", "-A INPUT -j OUTPUT", "-A NOWHERE -j ACCEPT", "-A KUBE-A",
        "-A INPUT -j MARK --set-xmark 0x4000/0x4000", "-A INPUT -j MARK --set-xmark 0x4000", "-A INPUT -j MARK",
        "-A INPUT -m mark --mark 0x1", "-A INPUT -m mark ! --mark 0x1/0xf", "-A INPUT -m mark --mark 0x123456789",
        "-A INPUT -m mark --mark 16384/0xF", "-A INPUT -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT",
        "-A INPUT -m conntrack --ctstate NEW,NOISE", "-A INPUT -m conntrack --ctstate NEW --ctdir REPLY",
        "-A INPUT -m statistic --mode random --probability 0.33333333349 -j KUBE-A",
        "-A INPUT -m statistic --mode random --probability 1.00000000000",
        "-A INPUT -m statistic --mode random --probability 1.5",
        "-A INPUT -m statistic --mode random --probability .5", "[1:2] -A INPUT -j ACCEPT", "[1:2]-A INPUT -j ACCEPT",
        "[1:18446744073709551615] -A INPUT -j ACCEPT", "[1:18446744073709551616] -A INPUT -j ACCEPT", "[x:2] -A INPUT",
        "-A INPUT -j ACCEPT -j DROP", "-A INPUT -j ACCEPT -m tcp", "-A INPUT -s 10.0.0.1 -s 10.0.0.2", ":KUBE-B - [0:0]",
        ":KUBE-A - [0:0]", ":INPUT ACCEPT [1:2]", ":INPUT - [1:2]", ":KUBE-C ACCEPT [0:0]",
        ":abcdefghijklmnopqrstuvwxyzabc - [0:0]", ":KUBE-D -", ":KUBE-E - [0:0] x", ":\"KUBE F\" - [0:0]",
    ])
    func edgesAgree(_ line: String) {
        let text = "*filter\n:INPUT ACCEPT [0:0]\n:KUBE-A - [0:0]\n-A KUBE-A -j RETURN\n\(line)\nCOMMIT\n"
        let quick = IPTablesParser(family: .ipv4)
        var general = quick
        general.isWordByWord = true
        let (found, errors) = quick.diagnose(text)
        let (expected, expectedErrors) = general.diagnose(text)
        #expect(found == expected)
        #expect(errors == expectedErrors)
    }

    @Test func commentsBlankLinesAndOrderAreKept() throws {
        let text = """
            # Generated by iptables-save v1.8.9 (nf_tables) on Tue Nov  4 10:00:00 2025
            *nat
            :PREROUTING ACCEPT [3:180]
            :POSTROUTING ACCEPT [0:0]
            :KUBE-B - [0:0]
            :KUBE-A - [0:0]
            [7:420] -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-B
            -A KUBE-B -j KUBE-A
            COMMIT
            # Completed on Tue Nov  4 10:00:00 2025

            """
        let read = try IPTablesParser(family: .ipv4).parseText(text)
        #expect(read.text == text)
        #expect(read.canonicalText == text)
        let table = try #require(read.rules[.nat])
        // The table itself has all its builtin chains, and user chains in the kernel's order.
        #expect(
            table.chains.map(\.name) == ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING", "KUBE-A", "KUBE-B"])
        #expect(table.chain("PREROUTING")?.counters == Counters(packets: 3, bytes: 180))
        #expect(table.chain("PREROUTING")?.rules[0].counters == Counters(packets: 7, bytes: 420))
        let uncounted = try IPTablesParser(family: .ipv4, counters: false).parse(text)
        #expect(uncounted[.nat]?.chain("PREROUTING")?.rules[0].counters == .zero)
        #expect(uncounted[.nat]?.chain("PREROUTING")?.counters == .zero)
    }

    @Test func restoreOntoARuleSet() throws {
        let base = try IPTablesParser(family: .ipv4).parse(
            """
            *filter
            :INPUT DROP [5:300]
            :A - [0:0]
            :B - [0:0]
            -A INPUT -j A
            -A A -j ACCEPT
            -A B -j DROP
            COMMIT
            *nat
            -A POSTROUTING -j MASQUERADE
            COMMIT

            """)
        let text = """
            *filter
            :B - [0:0]
            :C - [0:0]
            -A C -j RETURN
            -I INPUT 1 -j C
            -D A -j ACCEPT
            COMMIT

            """
        let kept = try IPTablesParser(family: .ipv4, noFlush: true).parse(text, onto: base)
        let filter = try #require(kept[.filter])
        #expect(filter.chain("INPUT")?.rules.map(\.target) == [.jump("C"), .jump("A")])
        #expect(filter.chain("INPUT")?.policy == .drop)
        #expect(filter.chain("A")?.rules.isEmpty == true)
        // A declared user chain is flushed; an untouched table stays.
        #expect(filter.chain("B")?.rules.isEmpty == true)
        #expect(kept[.nat]?.chain("POSTROUTING")?.rules.count == 1)

        let flushed = try IPTablesParser(family: .ipv4).parse(
            "*filter\n-A INPUT -j ACCEPT\nCOMMIT\n", onto: base)
        #expect(flushed[.filter]?.chains.map(\.name) == ["INPUT", "FORWARD", "OUTPUT"])
        #expect(flushed[.filter]?.chain("INPUT")?.policy == .drop)
    }

    @Test(
        arguments: [
            ("-A INPUT -p tcp --dprt 80 -j ACCEPT", 17, "unknown option \"--dprt\"", "--dport"),
            ("-A INPUT -m conntrak --ctstate NEW", 13, "Couldn't load match `conntrak'", "conntrack"),
            ("-A INPUT -j ACEPT", 13, "no chain or target named `ACEPT'", "ACCEPT"),
            ("-A INPT -j ACCEPT", 1, "no chain named `INPT'", "INPUT"),
            (
                "-A INPUT -s example.com -j ACCEPT", 13,
                "`example.com' is no IPv4 address or network (names are not resolved)", nil
            ),
            ("-A INPUT -p tpc -j ACCEPT", 13, "unknown protocol \"tpc\" specified", "tcp"),
            (
                "-A INPUT -m mark --mark 0x1ffffffff", 25,
                "mark: bad value \"0x1ffffffff\" for option \"--mark\": a number from 0 to 4294967295 is wanted",
                nil
            ),
            ("-A INPUT -m comment --comment \"open", 31, "this quote is never closed", nil),
            (
                "-A INPUT -m conntrack --ctstate NEWW", 33,
                "conntrack: unknown value `NEWW' for \"--ctstate\"", "NEW"
            ),
            (
                "-A INPUT -j REJECT --reject-with icmp-port-unreachble", 34,
                "REJECT: unknown reject type \"icmp-port-unreachble\"", "icmp-port-unreachable"
            ),
            ("-A INPUT -j LOG -j ACCEPT", 20, "multiple -j or -g not allowed", nil),
            ("-A INPUT ! -j ACCEPT", 12, "unexpected ! flag before --jump", nil),
            ("-A INPUT -o eth0 -j ACCEPT", 1, "Can't use -o with INPUT", nil),
            ("-A INPUT stray", 10, "Bad argument `stray'", nil),
        ] as [(String, Int, String, String?)])
    func refusals(line: String, column: Int, message: String, suggestion: String?) {
        let expected = FormatError(
            file: "f", line: 2, column: column, message: message, suggestion: suggestion)
        #expect(throws: expected) {
            try IPTablesParser(family: .ipv4, file: "f").parse("*filter\n\(line)\nCOMMIT\n")
        }
    }

    @Test func setsAreLookedUp() throws {
        let sets = try IPSetParser().parse("create a hash:ip\ncreate b hash:ip,port family inet6\ncreate c list:set\n")
        let rules = try IPTablesParser(family: .ipv4, file: "f").parse(
            """
            *filter
            -A INPUT -m set --match-set a src
            -A INPUT -m set --match-set b src,dst
            -A INPUT -m set --match-set nope src
            -A INPUT -m set --match-set c src -j SET --add-set gone dst
            COMMIT

            """)
        let found = RuleSetCheck.check(rules, sets: sets)
        #expect(found.map(\.line) == [3, 4, 5])
        #expect(found.first?.message.contains("other protocol family") == true)
        #expect(found.last?.message.contains("`gone', which doesn't exist") == true)
        #expect(RuleSetCheck.check(rules).isEmpty)
    }

    /// Linux 6.18: `xt_nfacct: accounting object `bytes_ou' does not exist`.
    @Test func accountingObjectsAreLookedUp() throws {
        let listed = try AccountingObjects.parse("{ pkts = 00000000000000000004, bytes = 00000000000000000336 } = bytes_out;\n")
        let rules = try IPTablesParser(family: .ipv4, file: "f").parse(
            """
            *filter
            -A INPUT -m nfacct --nfacct-name bytes_out
            -A INPUT -m nfacct --nfacct-name bytes_ou
            COMMIT

            """)
        let found = RuleSetCheck.check(rules, accounts: listed)
        #expect(found.map(\.line) == [3])
        #expect(found.first?.message.contains("`bytes_ou', which does not exist; there is `bytes_out'") == true)
        #expect(RuleSetCheck.check(rules).isEmpty)
        #expect(throws: FormatError.self) { try AccountingObjects.parse("bytes_in") }
    }

    @Test func everyErrorIsReported() {
        let text = """
            *filter
            :INPUT ACEPT [0:0]
            :LOOP - [0:0]
            :BACK - [0:0]
            -A INPUT -j LOOP
            -A LOOP -j BACK
            -A BACK -g LOOP
            -A INPUT -j SNAT --to-source 10.0.0.1
            -A INPUT -m owner --uid-owner 0
            -A INPUT -m tcp --dport 80
            -A INPUT -j NOWHERE
            -A FORWARD -j ACCEPT
            -A FORWARD -m owner --uid-owner 0 -j DROP
            """
        let errors = IPTablesParser(family: .ipv4, file: "f").diagnose(text).errors
        #expect(errors.map(\.line) == [2, 7, 8, 9, 10, 11, 14])
        guard errors.count == 7 else { return }
        #expect(errors[0].suggestion == "ACCEPT")
        #expect(errors[1].message == "filter BACK rule 1: loop: LOOP leads back to itself")
        #expect(
            errors[2].message == "filter INPUT rule 2: target `SNAT' is illegal in this table: only in nat")
        #expect(
            errors[3].message
                == "filter INPUT rule 3: match `owner' is illegal here: only from OUTPUT, POSTROUTING")
        #expect(errors[4].message == "filter INPUT rule 4: match `tcp' needs `-p tcp'")
        #expect(errors[5].message == "no chain or target named `NOWHERE'")
        // The rule behind an unconditional ACCEPT is never reached, so its hook does not matter to the kernel.
        #expect(errors[6].message == "COMMIT expected")
    }
}
