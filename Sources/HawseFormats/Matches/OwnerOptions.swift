import HawseModel
import HawseWire

/// `-m owner`
struct OwnerOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("uid-owner", inverts: true),
        .init("gid-owner", inverts: true),
        .init("socket-exists", arguments: .none, inverts: true),
        .init("suppl-groups", arguments: .none),
    ]

    var match = OwnerMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "uid-owner": match.uid = try ids(argument)
        case "gid-owner": match.gid = try ids(argument)
        case "socket-exists": match.socketExists = !argument.inverted
        default:
            guard match.gid != nil else { throw argument.refuse("--suppl-groups stands behind --gid-owner") }
            match.supplementaryGroups = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("uid-owner", "gid-owner", "socket-exists", of: "owner")
        return .owner(match)
    }
}

extension OwnerMatch {
    func write(to out: inout OptionText) {
        if let socketExists { out.flag("socket-exists", inverted: !socketExists) }
        if let uid { out.option("uid-owner", idText(uid), inverted: uid.inverted) }
        if let gid { out.option("gid-owner", idText(gid), inverted: gid.inverted) }
        if supplementaryGroups { out.flag("suppl-groups") }
    }

    private func idText(_ range: ValueRange<UInt32>) -> String {
        range.lower == range.upper ? "\(range.lower)" : "\(range.lower)-\(range.upper)"
    }
}

/// A number or a range; of the names only root's is the same everywhere.
private func ids(_ argument: OptionArgument) throws(FormatError) -> ValueRange<UInt32> {
    if argument.text == "root" { return ValueRange(0, inverted: argument.inverted) }
    let parts = argument.text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "-" || $0 == ":" }
    let lower = UInt32(try argument.number(parts[0], max: UInt64(UInt32.max - 1)))
    let upper = parts.count == 2 ? UInt32(try argument.number(parts[1], max: UInt64(UInt32.max - 1))) : lower
    guard lower <= upper else { throw argument.bad("the range is upside down") }
    return ValueRange(lower, upper, inverted: argument.inverted)
}
