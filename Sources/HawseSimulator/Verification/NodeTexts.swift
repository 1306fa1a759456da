import Foundation
import HawseFormats
import HawseModel

/// The node's own dumps beside case.json: `iptables.v4`, `iptables.v6`, `ipset`, `nfacct`, `nfct`, `ipvs`.
public enum NodeTexts {
    public static func read(into spec: inout NodeSpec, from directory: String) throws(FormatError) {
        if let (path, text) = try contents("iptables.v4", in: directory) {
            spec.iptables = try IPTablesParser(family: .ipv4, file: path, counters: false).parse(text)
        }
        if let (path, text) = try contents("iptables.v6", in: directory) {
            spec.ip6tables = try IPTablesParser(family: .ipv6, file: path, counters: false).parse(text)
        }
        if let (path, text) = try contents("ipset", in: directory) {
            spec.sets = try IPSetParser(file: path).parse(text)
        }
        var accounts = AccountingObjects.ofKubeProxy
        if let (path, text) = try contents("nfacct", in: directory) {
            accounts.formUnion(try AccountingObjects.parse(text, file: path))
        }
        if let (path, text) = try contents("nfct", in: directory) {
            spec.timeouts = try TimeoutPolicyList.parse(text, file: path)
            spec.iptables?.completeNames(of: spec.timeouts)
            spec.ip6tables?.completeNames(of: spec.timeouts)
        }
        for rules in [spec.iptables, spec.ip6tables] {
            guard let rules else { continue }
            let refusals = RuleSetCheck.check(rules, sets: spec.sets, accounts: accounts, timeouts: spec.timeouts)
            if let refusal = refusals.first { throw refusal }
        }
        if let (path, text) = try contents("ipvs", in: directory) {
            spec.ipvs = try IPVSAdmParser(file: path).parse(text)
        }
    }

    private static func contents(
        _ name: String, in directory: String
    ) throws(FormatError) -> (path: String, text: String)? {
        let path = directory + "/" + name
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return (path, try FormatError.text(of: path))
    }
}

extension RuleSet {
    /// iptables-save shows the first four letters of a timeout policy's name, as Linux gives back no more: they stand for the
    /// one policy of the family and the rule's protocol that begins with them.
    fileprivate mutating func completeNames(of policies: [TimeoutPolicy]) {
        for t in tables.indices {
            for c in tables[t].chains.indices {
                for r in tables[t].chains[c].rules.indices {
                    let rule = tables[t].chains[c].rules[r]
                    guard case .ct(var target) = rule.target, let name = target.timeout, name.utf8.count == 4,
                        !policies.contains(where: { $0.name == name }), let ipProtocol = rule.ipProtocol?.number
                    else { continue }
                    let tracker = TimeoutPolicy.tracker(of: ipProtocol)
                    let meant = policies.filter { $0.name.hasPrefix(name) && $0.family == family && $0.ipProtocol == tracker }
                    guard meant.count == 1 else { continue }
                    target.timeout = meant[0].name
                    tables[t].chains[c].rules[r].target = .ct(target)
                }
            }
        }
    }
}
