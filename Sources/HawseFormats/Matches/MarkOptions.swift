import HawseModel
import HawseWire

/// `-m mark`
struct MarkOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("mark", inverts: true)
    ]

    var mark = MaskedValue(value: 0)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        mark = try argument.masked()
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("mark", of: "mark")
        return .mark(MarkMatch(mark))
    }
}

extension MarkMatch {
    func write(to out: inout OptionText) { out.masked("mark", mark) }
}
