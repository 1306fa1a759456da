import HawseModel
import HawseWire

/// Prints rule sets as `iptables-save` and `ip6tables-save` do, without comment lines.
public struct IPTablesPrinter: Sendable {
    /// `-c`: counters before every rule. Those of the policies are always shown.
    public var counters: Bool

    public init(counters: Bool = false) { self.counters = counters }

    public func text(_ rules: RuleSet) -> String {
        var out = ""
        for table in rules.tables {
            out += "*\(table.name.rawValue)\n"
            for chain in table.chainsInSaveOrder { out += declaration(chain) + "\n" }
            for chain in table.chainsInSaveOrder {
                for rule in chain.rules { out += text(rule, in: chain.name, family: rules.family) + "\n" }
            }
            out += "COMMIT\n"
        }
        return out
    }

    /// `:INPUT ACCEPT [0:0]`
    public func declaration(_ chain: Chain) -> String {
        let shown = chain.policy == nil ? .zero : chain.counters
        return ":\(chain.name) \(chain.policy?.rawValue ?? "-") [\(shown.packets):\(shown.bytes)]"
    }

    /// `[0:0] -A INPUT …`
    public func text(_ rule: Rule, in chain: String, family: AddressFamily) -> String {
        let prefix = counters ? "[\(rule.counters.packets):\(rule.counters.bytes)] " : ""
        return "\(prefix)-A \(chain)\(ruleText(rule, family: family))"
    }
}
