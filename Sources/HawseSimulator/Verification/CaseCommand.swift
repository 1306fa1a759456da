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
    static let kinds = ["ip", "bridge fdb", "sysctl", "iptables", "ip6tables", "ipvsadm", "conntrack -D"]

    static func run(_ command: String, on dataplane: Dataplane) throws {
        if command.hasPrefix("ipvsadm ") { return try ipvsadm(command, on: dataplane) }
        if command.hasPrefix("sysctl "), try ipvsSetting(command, on: dataplane) { return }
        if command.hasPrefix("sysctl "), let (name, value) = setting(command) {
            if let (_, why) = Sysctls([name: value]).unmodelled().first {
                throw Unsupported(description: "`\(name)' = \(value) (\(why))")
            }
            dataplane.setSysctl(name, to: value)
            return
        }
        if command.hasPrefix("ip ") {
            var line = IPCommand(command)
            try dataplane.apply(line.changes(dataplane.spec))
            for (address, device) in line.forgotten { dataplane.forgetNeighbor(address, on: device) }
            return
        }
        if command.hasPrefix("bridge fdb ") { return try forwarding(command, on: dataplane) }
        if command.hasPrefix("iptables") || command.hasPrefix("ip6tables") { return try iptables(command, on: dataplane) }
        if command.hasPrefix("conntrack -D ") { return try forget(command, on: dataplane) }
        throw Unsupported(description: "the command `\(command)'")
    }

    /// `bridge fdb add`, `append`, `replace`, `del`.
    private static func forwarding(_ command: String, on dataplane: Dataplane) throws {
        let words = command.split(separator: " ").map(String.init)
        guard words.count > 3 else { throw Unsupported(description: "the command `\(command)'") }
        let entry = try ForwardingEntryText.parse(
            words[3...].joined(separator: " "), at: SourceLocation(file: "bridge", line: 1))
        let known = dataplane.spec.forwarding.filter { $0.mac == entry.mac && $0.device == entry.device }
        let same = known.filter { $0.destination == entry.destination && ($0.vlan == entry.vlan || entry.vlan == nil) }
        // A tunnel's entry that is there: `add` is refused, and `append` changes nothing for a single station's MAC.
        let isOfMany = entry.mac.isGroup || entry.mac == .zero
        if entry.destination != nil, !known.isEmpty, words[2] == "add" || words[2] == "append" && !isOfMany { return }
        switch words[2] {
        case "add", "append": try dataplane.apply([.addForwarding(entry)])
        case "replace": try dataplane.apply((entry.destination == nil ? same : known).map { .removeForwarding($0) } + [.addForwarding(entry)])
        case "del", "delete":
            if same.isEmpty { dataplane.forgetForwarding(entry) }
            try dataplane.apply((entry.destination == nil && same.isEmpty ? known : same).map { .removeForwarding($0) })
        default: throw Unsupported(description: "the command `\(command)'")
        }
    }

    private static func iptables(_ command: String, on dataplane: Dataplane) throws {
        let line = try RuleCommand(commandLine: command)
        let isNFT = command.prefix { $0 != " " }.hasSuffix("-nft")
        try dataplane.run(line.edit, table: line.table, line.family, backend: isNFT ? .nft : dataplane.tableOrder)
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
