import HawseModel
import HawseWire

/// `-m hl`
struct HLOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("hl-eq", "hl", inverts: true, excludes: ["hl-lt", "hl-gt"]),
        .init("hl-lt", excludes: ["hl-eq", "hl-gt"]),
        .init("hl-gt", excludes: ["hl-eq", "hl-lt"]),
    ]

    var match = TTLMatch(comparison: .equal, value: 0)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        match = try ttlComparison(argument)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("hl-eq", "hl-lt", "hl-gt", of: "hl")
        return .hl(match)
    }
}
