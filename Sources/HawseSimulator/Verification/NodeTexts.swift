import Foundation
import HawseFormats
import HawseModel

/// The node's own dumps beside case.json: `iptables.v4`, `iptables.v6`, `ipset`, `nfacct`, `ipvs`.
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
        for rules in [spec.iptables, spec.ip6tables] {
            if let rules, let refusal = RuleSetCheck.check(rules, sets: spec.sets, accounts: accounts).first { throw refusal }
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
