import HawseModel
import HawseWire

/// `-m quota`
struct QuotaOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("quota", inverts: true)
    ]

    var match = QuotaMatch(bytes: 0)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        match = QuotaMatch(bytes: try argument.number(max: .max), inverted: argument.inverted)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("quota", of: "quota")
        return .quota(match)
    }
}

extension QuotaMatch {
    func write(to out: inout OptionText) { out.option("quota", bytes, inverted: inverted) }
}
