import HawseFormats
import HawseModel
import Testing

/// Texts by chance for `iptables-restore --noflush`, on top of rules by chance: what the kernel's tools save afterwards must be
/// what is printed here, and a text that they refuse must be refused.
@Suite(.serialized, .enabled(if: LiveObstacle.netfilter == nil, "live netfilter: \(LiveObstacle.netfilter ?? "")"))
struct LiveRestoreTests {
    @Test func restoringOnTopGivesTheSameText() throws {
        var seeds = LiveSeeds("restore")
        defer { seeds.cleanUp() }
        var (taken, refused) = (0, 0)
        var differences: [String] = []
        try LiveNamespace.onOneProcessor {
            while let seed = seeds.next() {
                guard let run = try? LiveRun(seed: seed) else { continue }
                let text = GeneratedEdits(Draw(seed: ~seed), run.live.rules.tables).text
                let (theirs, ours) = try run.restoreOnTop(text)
                if theirs == nil { refused += 1 } else { taken += 1 }
                if theirs != ours { differences.append("HAWSE_LIVE_SEED=\(seed):\n\(text)\n\(Self.firstDifference(theirs, ours))") }
            }
        }
        print("live restore: \(seeds.range): \(taken) texts taken, \(refused) refused")
        seeds.judge(differences, among: "texts", areTooMany: differences.count * 50 > seeds.count + 49)
        #expect(taken > 0)
    }

    private static func firstDifference(_ theirs: String?, _ ours: String?) -> String {
        guard let theirs else { return "the kernel's tools refuse it" }
        guard let ours else { return "refused here" }
        let pairs = zip(theirs.split(separator: "\n"), ours.split(separator: "\n"))
        return pairs.first { $0 != $1 }.map { "expected \($0.0)\nproduced \($0.1)" } ?? "one is longer"
    }
}

/// Commands on top of a rule set, as iptables-restore takes them.
private struct GeneratedEdits {
    let text: String

    init(_ draw: Draw, _ tables: String) {
        var lines: [String] = []
        var heads: [String] = []
        var rules: [String] = []
        var name = ""
        func finish() {
            guard !name.isEmpty, draw.percent(80) else { return }
            lines += ["*" + name] + Self.edits(draw, heads, rules) + ["COMMIT"]
        }
        for line in tables.split(separator: "\n").map(String.init) {
            switch line.first {
            case "*": (name, heads, rules) = (String(line.dropFirst()), [], [])
            case ":": heads.append(String(line.dropFirst().prefix { $0 != " " }))
            case "-": rules.append(line)
            default: if line == "COMMIT" { finish() }
            }
        }
        text = lines.map { $0 + "\n" }.joined()
    }

    private static func edits(_ draw: Draw, _ heads: [String], _ rules: [String]) -> [String] {
        var lines: [String] = []
        for head in heads where draw.oneIn(6) {
            let policy = head.hasPrefix("U") ? "-" : draw.pick(["ACCEPT", "DROP"])
            lines.append(":\(head) \(policy) [\(draw.below(9)):\(draw.below(900))]")
        }
        lines.append(":NEW - [0:0]")
        for _ in 0..<draw.between(1...6) {
            let chain = draw.pick(heads + ["NEW"])
            let number = 1 + draw.below(3)
            let counters = draw.oneIn(3) ? "[\(draw.below(90)):\(draw.below(9000))] " : ""
            let simple = draw.pick(["-i lo -j ACCEPT", "-j NEW", "-p tcp -m tcp --dport 80", "-m mark --mark 0x1 -j RETURN", "-i eth0", "-s any/0 -j ACCEPT", "! -d 0/0", "-d 0/0 -p udp", "-s ::/0"])
            switch draw.below(10) {
            case 0, 1: lines.append("\(counters)-A \(chain) \(simple)")
            case 2: lines.append("\(counters)-I \(chain) \(simple)")
            case 3: lines.append("-I \(chain) \(number) -p udp")
            case 4: lines.append("-D \(chain) \(number)")
            case 5 where !rules.isEmpty: lines.append(draw.pick(rules).replacing(/^-A/, with: "-D"))
            case 6 where !rules.isEmpty: lines.append(counters + draw.pick(rules))
            case 7: lines.append("-R \(chain) \(number) -p udp -m udp --sport 53")
            case 8: lines.append(draw.pick(["-F \(chain)", "-N MORE", "-X NEW", "-P \(chain) DROP", "-Z \(chain)", "-F"]))
            default: lines.append("-A NEW -p tcp -j RETURN")
            }
        }
        return lines
    }
}
