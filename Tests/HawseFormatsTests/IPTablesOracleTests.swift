import HawseFormats
import HawseModel
import HawseWire
import Testing

/// Each line was restored alone by iptables 1.8.9 (legacy) and saved again; `!` stands for a refusal.
@Suite struct IPTablesOracleTests {
    struct Pair {
        var table: String
        var family: AddressFamily
        var input: String
        /// `nil`: refused.
        var saved: String?
    }

    static func pairs() throws -> [Pair] {
        let text = try Recordings.text(Recordings.root + "/pcaps/formats/iptables-canonical.tsv")
        return text.split(separator: "\n").map { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            return Pair(
                table: fields[0], family: fields[1] == "6" ? .ipv6 : .ipv4, input: fields[2],
                saved: fields[3] == "!" ? nil : unescaped(fields[3]))
        }
    }

    /// Several rules stand in one field, parted by backslash and n.
    private static func unescaped(_ text: String) -> String {
        text.split(separator: "\\n-A", omittingEmptySubsequences: false).joined(separator: "\n-A")
    }

    /// The rules that our parser and printer make of a line.
    static func ours(_ pair: Pair) throws(FormatError) -> String {
        let text = "*\(pair.table)\n:X - [0:0]\n\(pair.input)\nCOMMIT\n"
        let rules = try IPTablesParser(family: pair.family, file: "line").parse(text)
        return IPTablesPrinter().text(rules).split(separator: "\n").filter { $0.hasPrefix("-A") }
            .joined(separator: "\n")
    }

    @Test func everyRecordedLineIsPrintedAsTheToolPrintsIt() throws {
        let pairs = try Self.pairs()
        #expect(pairs.count > 1400)
        for pair in pairs {
            let printed: String?
            do {
                printed = try Self.ours(pair)
            } catch {
                printed = nil
            }
            #expect(printed == pair.saved, "\(pair.table) \(pair.input)")
        }
    }

    /// What is printed is read back as the same rules. Not so with ipcomp: iptables leaves the full range of SPIs out when
    /// it saves and takes what is left out for the SPI 0 when it restores.
    @Test func printedRulesAreReadBack() throws {
        for pair in try Self.pairs() {
            guard let saved = pair.saved, !saved.contains(" -m ipcomp") else { continue }
            let text = "*\(pair.table)\n:X - [0:0]\n\(saved)\nCOMMIT\n"
            let parser = IPTablesParser(family: pair.family)
            let once = try parser.parseText(text)
            #expect(firstDifference(text, once.canonicalText) == nil, "\(pair.input)")
            #expect(try parser.parse(IPTablesPrinter().text(once.rules)) == once.rules, "\(pair.input)")
        }
    }

    /// Every prefix and many one-byte damages of real rules: refused or read, never a crash.
    @Test func damagedRulesAreRefusedOrRead() throws {
        var random = RandomStream(seed: 7, purpose: "damaged rules")
        for pair in try Self.pairs().prefix(600) {
            var bytes = Array(pair.input.utf8)
            for _ in 0..<4 where !bytes.isEmpty {
                let i = Int(random.below(UInt32(bytes.count)))
                switch random.below(3) {
                case 0: bytes[i] = UInt8(random.below(95) + 32)
                case 1: bytes.remove(at: i)
                default: bytes = Array(bytes[..<i])
                }
                var damaged = pair
                damaged.input = String(decoding: bytes, as: UTF8.self)
                do {
                    _ = try Self.ours(damaged)
                } catch {
                    #expect(!error.message.isEmpty && error.line >= 1)
                }
            }
        }
    }
}
