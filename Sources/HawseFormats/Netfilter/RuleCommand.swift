import HawseModel
import HawseWire

/// What one line of iptables-restore, or one iptables command line, asks for.
public struct RuleCommand: Hashable, Sendable {
    public var family: AddressFamily
    /// `-t`; `filter` unless given.
    public var table: TableName
    public var edit: RuleEdit
    public var location: SourceLocation

    public init(family: AddressFamily, table: TableName, edit: RuleEdit, location: SourceLocation) {
        self.family = family
        self.table = table
        self.edit = edit
        self.location = location
    }

    /// A whole command line: `iptables-legacy -t nat -I POSTROUTING -o eth0 -j MASQUERADE`.
    public init(commandLine: String, file: String = "command", line: Int = 1) throws(FormatError) {
        let location = SourceLocation(file: file, line: line, column: 1)
        var tokens = try tokenize(commandLine, rules: .shell, at: location)
        guard !tokens.isEmpty else { throw FormatError(location, "an iptables command is wanted") }
        let program = tokens.removeFirst().text.split(separator: "/").last.map(String.init) ?? ""
        let names: [String: AddressFamily] = [
            "iptables": .ipv4, "iptables-legacy": .ipv4, "iptables-nft": .ipv4,
            "ip6tables": .ipv6, "ip6tables-legacy": .ipv6, "ip6tables-nft": .ipv6,
        ]
        guard let family = names[program] else {
            throw FormatError(
                location, "`\(program)' is no iptables command",
                suggestion: nearestWord(program, among: names.keys))
        }
        var reader = RuleReader(tokens: tokens, family: family, table: nil, chains: nil, location: location)
        self = try reader.read()
    }

    /// Applies the command to the rule set; a table that was never touched is made with its builtin chains.
    public func apply(to rules: inout RuleSet) throws(FormatError) {
        var table = rules[table] ?? .builtin(table)
        do throws(RuleEditError) {
            try table.apply(edit)
        } catch {
            throw FormatError(location, error.description)
        }
        rules[self.table] = table
    }
}
