import HawseModel
import HawseWire

/// `-m ipcomp`
struct IPCompOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("ipcompspi", inverts: true),
        .init("compres", arguments: .none),
    ]

    // Without `--ipcompspi` the kernel is told the range 0…0.
    var match = IPCompMatch(spi: ValueRange(0))

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        if argument.option == "ipcompspi" {
            match.spi = try argument.range32()
        } else {
            match.checksReserved = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        return .ipcomp(match)
    }
}

extension IPCompMatch {
    func write(to out: inout OptionText) {
        out.range("ipcompspi", spi)
        if checksReserved { out.flag("compres") }
    }
}
