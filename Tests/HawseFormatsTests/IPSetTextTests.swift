import HawseFormats
import HawseModel
import HawseWire
import Testing

@Suite struct IPSetTextTests {
    @Test func inputsOfAllCasesAreReadAndKept() throws {
        let paths = Recordings.files { $0.hasSuffix("/ipset") && !$0.contains("/expect/") }
        #expect(paths.count > 20)
        for path in paths {
            let text = try Recordings.text(path)
            let read = try IPSetParser(file: path).parseText(text)
            #expect(read.text == text, "\(path)")
            #expect(try IPSetParser().parse(IPSetPrinter().text(read.sets)) == read.sets, "\(path)")
        }
    }

    /// The kernel took these rules, so every set they name is there and of the right family.
    @Test func setsThatRulesNameAreThere() throws {
        for path in Recordings.files({ $0.contains("/iptables.v") && !$0.contains("/expect/") }) {
            let directory = path.split(separator: "/").dropLast().joined(separator: "/")
            let text = (try? Recordings.text("/\(directory)/ipset")) ?? ""
            let sets = try IPSetParser().parse(text)
            let rules = try IPTablesParser(family: RuleSetTextTests.family(path)).parse(try Recordings.text(path))
            #expect(RuleSetCheck.check(rules, sets: sets).isEmpty, "\(path)")
        }
    }

    @Test func savedSetsOfAllCasesAreCanonical() throws {
        let paths = Recordings.files { $0.hasSuffix("/expect/ipset") }
        #expect(paths.count > 15)
        for path in paths {
            let text = try Recordings.text(path)
            let read = try IPSetParser(file: path, isRecorded: true).parseText(text)
            #expect(read.text == text, "\(path)")
            if !text.contains("timeout T") {
                #expect(firstDifference(text, read.canonicalText) == nil, "\(path)")
            }
        }
    }

    /// Each block: what ipset 7.17 was given, a line `=`, and what it saved (hash seeds cut off), or `!` when it refused.
    @Test func recordedSetsArePrintedAsTheToolPrintsThem() throws {
        let text = try Recordings.text(Recordings.root + "/pcaps/formats/ipset-canonical.txt")
        let blocks = text.split(separator: "\n\n").map(String.init)
        #expect(blocks.count > 60)
        for block in blocks {
            let halves = block.split(separator: "\n=\n", maxSplits: 1).map(String.init)
            let read = IPSetParser().diagnose(halves[0] + "\n")
            if halves[1].hasPrefix("!") {
                #expect(!read.errors.isEmpty, "\(halves[0])")
                continue
            }
            #expect(read.errors.isEmpty, "\(halves[0])")
            let saved = try IPSetParser().parse(halves[1] + "\n")
            #expect(firstDifference(halves[1] + "\n", IPSetPrinter().text(saved)) == nil)
            let ours = read.text.sets.map { IPSetPrinter().text([$0.completed]) }.joined()
            #expect(firstDifference(halves[1] + "\n", ours) == nil, "\(halves[0])")
        }
    }

    @Test func otherCommands() throws {
        let sets = try IPSetParser().parse(
            """
            create a hash:ip
            create b hash:ip timeout 10
            add a 10.0.0.1
            add a 10.0.0.2
            add -exist a 10.0.0.2
            del a 10.0.0.1
            add b 10.0.0.3 timeout 7
            swap a b
            rename b c
            create l list:set
            add l a
            add l c before a
            create gone hash:net
            destroy gone

            """)
        #expect(sets.map(\.name) == ["c", "a", "l"])
        #expect(sets[0].entries.map(\.first) == [IPPrefix("10.0.0.2")])
        #expect(sets[1].entries.map(\.timeout) == [7])
        #expect(sets[2].entries.map(\.set) == ["c", "a"])
    }

    @Test(
        arguments: [
            ("create a hash:ipp", 10, "Syntax error: typename 'hash:ipp' is unknown", "hash:ip"),
            ("create a hash:ip fmily inet", 18, "Unknown argument: `fmily' (for hash:ip)", "family"),
            ("add b 10.0.0.1", 5, "The set with the given name does not exist: `b'", nil),
            ("create a bitmap:port", 1, "Mandatory option `range' is missing", nil),
        ] as [(String, Int, String, String?)])
    func refusals(line: String, column: Int, message: String, suggestion: String?) {
        let expected = FormatError(
            file: "ipset", line: 1, column: column, message: message, suggestion: suggestion)
        #expect(throws: expected) { try IPSetParser().parse(line + "\n") }
    }
}
