@testable import HawseFormats
import HawseModel
import HawseWire

/// Which matches, targets and options the generator has drawn, and which it has not.
struct OptionCoverage {
    private var drawn: [String: Int] = [:]

    /// By match or target, `-j` in front of the latter; every option that iptables 1.8.9 knows.
    private static let known: [String: [OptionWord]] = {
        var known: [String: [OptionWord]] = [:]
        for family in [AddressFamily.ipv4, .ipv6] {
            for name in matchNames(family: family) { known[name] = matchOptions(named: name, family: family)?.1.words }
            for name in targetNames(family: family) { known["-j " + name] = targetOptions(named: name, family: family)?.words }
        }
        return known
    }()

    mutating func note(_ tables: String) {
        for line in tables.split(separator: "\n") where line.hasPrefix("-A") {
            var owner = ""
            var previous = ""
            for word in line.split(separator: " ").map(String.init) {
                switch previous {
                case "-m", "-p": owner = word == "icmpv6" ? "icmp6" : word
                case "-j": owner = "-j " + word
                default: break
                }
                if ["-m", "-p", "-j"].contains(previous), Self.known[owner] != nil { drawn[owner, default: 0] += 1 }
                if word.hasPrefix("--"), let option = Self.known[owner]?.first(where: { $0.names.contains(String(word.dropFirst(2))) }) {
                    drawn["\(owner) --\(option.names[0])", default: 0] += 1
                }
                previous = word
            }
        }
    }

    /// Two lines: what was drawn how often, and what never.
    var summary: String {
        let all = Self.known.keys.sorted().flatMap { owner in
            [owner] + (Self.known[owner] ?? []).map { "\(owner) --\($0.names[0])" }
        }
        let never = all.filter { drawn[$0] == nil }
        let often = all.compactMap { name in drawn[name].map { "\(name) \($0)" } }
        return "drawn (\(often.count) of \(all.count)): \(often.joined(separator: ", "))\nnever drawn: \(never.joined(separator: ", "))"
    }
}
