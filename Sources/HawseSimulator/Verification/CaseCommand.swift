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

    /// `conntrack -D` with the options that select connections.
    private static func forget(_ command: String, on dataplane: Dataplane) throws {
        let unsupported = Unsupported(description: "the command `\(command)'")
        var filter = ConnectionFilter()
        var words = command.split(separator: " ").dropFirst(2).map(String.init)[...]
        while let option = words.popFirst() {
            guard let value = words.popFirst() else { throw unsupported }
            switch option {
            case "-f": filter.family = value == "ipv6" ? .ipv6 : .ipv4
            case "-p":
                let known: [String: IPProtocol] = [
                    "tcp": .tcp, "udp": .udp, "icmp": .icmp, "icmpv6": .icmpv6, "sctp": .sctp,
                ]
                guard let number = known[value] else { throw unsupported }
                filter.ipProtocol = number
            case "-s", "--orig-src": filter.originalSource = IPPrefix(value)
            case "-d", "--orig-dst": filter.originalDestination = IPPrefix(value)
            case "-r", "--reply-src": filter.replySource = IPPrefix(value)
            case "-q", "--reply-dst": filter.replyDestination = IPPrefix(value)
            case "--sport", "--orig-port-src": filter.originalSourcePort = UInt16(value)
            case "--dport", "--orig-port-dst": filter.originalDestinationPort = UInt16(value)
            case "--reply-port-src": filter.replySourcePort = UInt16(value)
            case "--reply-port-dst": filter.replyDestinationPort = UInt16(value)
            default: throw unsupported
            }
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
