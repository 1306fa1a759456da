import HawseDataplane
import HawseFormats
import HawseModel
import HawseWire

/// Something that the program does not do: the case is reported as unsupported, with this reason.
struct Unsupported: Error, CustomStringConvertible {
    var description: String
}

/// Commands that a case ran in the node between packets.
enum CaseCommand {
    static func run(_ command: String, on dataplane: Dataplane) throws {
        if command.hasPrefix("ipvsadm ") { return try ipvsadm(command, on: dataplane) }
        if command.hasPrefix("sysctl "), try ipvsSetting(command, on: dataplane) { return }
        if command.hasPrefix("sysctl "), let (name, value) = setting(command) {
            dataplane.setSysctl(name, to: value)
            return
        }
        if command.hasPrefix("ip ") {
            var line = IPCommand(command)
            return try dataplane.apply(line.changes(dataplane.spec))
        }
        if command.hasPrefix("iptables") || command.hasPrefix("ip6tables") { return try iptables(command, on: dataplane) }
        if command.hasPrefix("conntrack -D ") { return try forget(command, on: dataplane) }
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

    private static func forget(_ command: String, on dataplane: Dataplane) throws {
        guard case .delete(let filter) = try ConntrackCommand(commandLine: command) else {
            throw Unsupported(description: "the command `\(command)'")
        }
        _ = dataplane.removeConnections(filter)
    }

    private static func ipvsadm(_ command: String, on dataplane: Dataplane) throws {
        try dataplane.ipvs.apply(IPVSAdmParser(file: "ipvsadm").command(command))
    }

    private static func setting(_ command: String) -> (name: String, value: String)? {
        guard let word = command.split(separator: " ").last, let equals = word.firstIndex(of: "=") else { return nil }
        return (String(word[..<equals]), String(word[word.index(after: equals)...]))
    }

    /// `sysctl -qw net.ipv4.vs.…=…`; false for other settings.
    private static func ipvsSetting(_ command: String, on dataplane: Dataplane) throws -> Bool {
        guard let (name, value) = setting(command), name.hasPrefix("net.ipv4.vs.") else { return false }
        dataplane.ipvs.set(name, to: value)
        return true
    }
}
