import HawseModel
import HawseWire

/// `-m iprange`
struct IPRangeOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("src-range", inverts: true),
        .init("dst-range", inverts: true),
    ]

    var match = IPRangeMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        let parts = argument.text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let lower = try argument.looseAddress(parts[0])
        let upper = parts.count == 2 ? try argument.looseAddress(parts[1]) : lower
        // A range that is upside down is taken, with a warning, and holds nothing.
        let range = ValueRange(lower, upper, inverted: argument.inverted)
        if argument.option == "src-range" { match.source = range } else { match.destination = range }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("src-range", "dst-range", of: "iprange")
        return .iprange(match)
    }
}

extension IPRangeMatch {
    func write(to out: inout OptionText) {
        if let source {
            out.option("src-range", "\(source.lower)-\(source.upper)", inverted: source.inverted)
        }
        if let destination {
            out.option(
                "dst-range", "\(destination.lower)-\(destination.upper)", inverted: destination.inverted)
        }
    }
}
