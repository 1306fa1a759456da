import HawseModel
import HawseWire

/// `-m length`
struct LengthOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("length", inverts: true)
    ]

    var match = LengthMatch(ValueRange(0))

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        match = LengthMatch(try argument.range16())
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("length", of: "length")
        return .length(match)
    }
}

extension LengthMatch {
    func write(to out: inout OptionText) {
        let value = length.lower == length.upper ? "\(length.lower)" : "\(length.lower):\(length.upper)"
        out.option("length", value, inverted: length.inverted)
    }
}
