import HawseDataplane
import HawseFormats
import HawseModel

/// Something that the program does not do: the case is reported as unsupported, with this reason.
struct Unsupported: Error, CustomStringConvertible {
    var description: String
}

/// Commands that a case ran in the node between packets.
enum CaseCommand {
    static func run(_ command: String, on dataplane: Dataplane) throws {
        if command.hasPrefix("ipvsadm ") { return try ipvsadm(command, on: dataplane) }
        if command.hasPrefix("sysctl "), try ipvsSetting(command, on: dataplane) { return }
        if command.hasPrefix("iptables") || command.hasPrefix("ip6tables") { return try iptables(command, on: dataplane) }
        throw Unsupported(description: "the command `\(command)'")
    }

    /// libiptc writes the whole table back: rules keep their counters, but those of policies begin anew.
    private static func iptables(_ command: String, on dataplane: Dataplane) throws {
        let edit = try RuleCommand(commandLine: command)
        var rules = dataplane.ruleSet(edit.family)
        try edit.apply(to: &rules)
        guard var table = rules[edit.table] else { return }
        for i in table.chains.indices where table.chains[i].policy != nil { table.chains[i].counters = .zero }
        try dataplane.replaceRules(RuleSet(family: edit.family, tables: [table]), counters: .asGiven)
    }

    private static func ipvsadm(_ command: String, on dataplane: Dataplane) throws {
        try dataplane.ipvs.apply(IPVSAdmParser(file: "ipvsadm").command(command))
    }

    /// `sysctl -qw net.ipv4.vs.…=…`; false for other settings.
    private static func ipvsSetting(_ command: String, on dataplane: Dataplane) throws -> Bool {
        guard let word = command.split(separator: " ").last, word.hasPrefix("net.ipv4.vs."),
            let equals = word.firstIndex(of: "=")
        else { return false }
        dataplane.ipvs.set(String(word[..<equals]), to: String(word[word.index(after: equals)...]))
        return true
    }
}
