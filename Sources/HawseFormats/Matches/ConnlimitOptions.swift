import HawseModel
import HawseWire

/// `-m connlimit`
struct ConnlimitOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("connlimit-upto", inverts: true, excludes: ["connlimit-above"]),
        .init("connlimit-above", inverts: true, excludes: ["connlimit-upto"]),
        .init("connlimit-mask"),
        .init("connlimit-saddr", arguments: .none, excludes: ["connlimit-daddr"]),
        .init("connlimit-daddr", arguments: .none, excludes: ["connlimit-saddr"]),
    ]

    var match: ConnlimitMatch

    init(family: AddressFamily) {
        match = ConnlimitMatch(limit: 0, isAbove: false, maskLength: family.bitCount)
    }

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "connlimit-upto", "connlimit-above":
            match.limit = try argument.uint32()
            match.isAbove = (argument.option == "connlimit-above") != argument.inverted
        case "connlimit-mask": match.maskLength = try argument.prefixLengthOrMask()
        case "connlimit-saddr": match.byDestination = false
        default: match.byDestination = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("connlimit-upto", "connlimit-above", of: "connlimit")
        return .connlimit(match)
    }
}

extension ConnlimitMatch {
    func write(to out: inout OptionText) {
        out.option(isAbove ? "connlimit-above" : "connlimit-upto", limit)
        out.option("connlimit-mask", maskLength)
        out.flag(byDestination ? "connlimit-daddr" : "connlimit-saddr")
    }
}
