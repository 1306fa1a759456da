import HawseModel
import HawseWire

/// `-m esp`
struct ESPOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("espspi", inverts: true)
    ]

    var match = ESPMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        match.spi = try argument.range32()
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        return .esp(match)
    }
}

extension ESPMatch {
    func write(to out: inout OptionText) { out.range("espspi", spi) }
}
