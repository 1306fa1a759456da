import Foundation

/// Compares texts of rules as their order and counters allow: chains that are filled Service by Service in the
/// order of a hash map are compared as sets, with the order within one Service kept.
enum RuleComparison {
    private static let shuffled: Set<String> = [
        "KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-EXTERNAL-SERVICES", "KUBE-PROXY-FIREWALL",
    ]

    struct Table {
        var policies: [String: String] = [:]
        var rules: [String: [[String]]] = [:]
    }

    static func differences(iptables want: String, _ got: String) -> [String] {
        let want = tables(want), got = tables(got)
        var result: [String] = []
        for name in Set(want.keys).union(got.keys).sorted() {
            let a = want[name] ?? Table(), b = got[name] ?? Table()
            for chain in Set(a.policies.keys).union(b.policies.keys).sorted() where a.policies[chain] != b.policies[chain] {
                result.append("\(name) \(chain): policy \(a.policies[chain] ?? "none"), produced \(b.policies[chain] ?? "none")")
            }
            for chain in Set(a.rules.keys).union(b.rules.keys).sorted() {
                result += compare("\(name) \(chain)", a.rules[chain] ?? [], b.rules[chain] ?? [], chain: chain)
            }
        }
        return result
    }

    private static func compare(_ place: String, _ want: [[String]], _ got: [[String]], chain: String) -> [String] {
        if want == got { return [] }
        guard shuffled.contains(chain) else {
            let at = zip(want, got).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(want.count, got.count)
            let a = at < want.count ? want[at].joined(separator: " ") : "nothing"
            let b = at < got.count ? got[at].joined(separator: " ") : "nothing"
            return ["\(place) rule \(at + 1): expected \(a); produced \(b)"]
        }
        let a = Dictionary(grouping: want, by: service), b = Dictionary(grouping: got, by: service)
        var result: [String] = []
        for name in Set(a.keys).union(b.keys).sorted() where a[name] != b[name] {
            let x = (a[name] ?? []).map { $0.joined(separator: " ") }, y = (b[name] ?? []).map { $0.joined(separator: " ") }
            result.append("\(place) \(name): expected \(x); produced \(y)")
        }
        if place == "nat KUBE-SERVICES", want.last != got.last { result.append("\(place): other last rule") }
        return result
    }

    /// The first word of the comment: the Service.
    private static func service(_ rule: [String]) -> String {
        guard let index = rule.firstIndex(of: "--comment"), index + 1 < rule.count else {
            return rule.joined(separator: " ")
        }
        return String(rule[index + 1].prefix { $0 != " " })
    }

    static func tables(_ text: String) -> [String: Table] {
        var tables: [String: Table] = [:]
        var current = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("*") {
                current = String(line.dropFirst())
                tables[current] = Table()
            } else if line.hasPrefix(":") {
                let words = line.dropFirst().split(separator: " ")
                tables[current]?.policies[String(words[0])] = String(words[1])
            } else if line.hasPrefix("-A ") {
                let words = words(line)
                tables[current]?.rules[words[1], default: []].append(words)
            }
        }
        return tables
    }

    /// The words of a line, with quoted ones whole.
    private static func words(_ line: Substring) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        for character in line {
            if character == "\"" {
                isQuoted.toggle()
            } else if character == " " && !isQuoted {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                word.append(character)
            }
        }
        if !word.isEmpty { words.append(word) }
        return words
    }

    /// Lines that one side lacks; `normal` takes out what may differ.
    static func differences(lines want: String, _ got: String, normal: (String) -> String) -> [String] {
        func set(_ text: String) -> Set<String> {
            Set(text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { normal(String($0)) })
        }
        let want = set(want), got = set(got)
        return want.subtracting(got).sorted().map { "missing \($0)" } + got.subtracting(want).sorted().map { "extra \($0)" }
    }

    /// `nft list ruleset` as statements with their place, elements one by one.
    static func nftLines(_ text: String) -> String {
        var lines: [String] = []
        var place: [String] = []
        var elements: String?
        for raw in text.split(separator: "\n") {
            let line = raw.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
            if let open = elements ?? (line.hasPrefix("elements = {") ? "" : nil) {
                let whole = open + " " + line
                if whole.hasSuffix("}") {
                    let inside = whole.drop { $0 != "{" }.dropFirst().dropLast()
                    for element in inside.split(separator: ",") {
                        let words = element.split(separator: " ").joined(separator: " ")
                        lines.append((place + ["element \(words)"]).joined(separator: " / "))
                    }
                    elements = nil
                } else {
                    elements = whole
                }
            } else if line == "}" {
                place.removeLast()
            } else if line.hasSuffix("{") {
                place.append(String(line.dropLast(2)))
            } else {
                lines.append((place + [line]).joined(separator: " / "))
            }
        }
        return lines.joined(separator: "\n")
    }
}
