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
