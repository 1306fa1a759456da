import HawseModel
import HawseWire

/// `-m ah`; IPv6 knows two options more.
struct AHOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("ahspi", inverts: true),
        .init("ahlen", inverts: true),
        .init("ahres", arguments: .none),
    ]

    var match = AHMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "ahspi": match.spi = try argument.range32()
        case "ahlen": match.length = Flagged(try argument.uint32(), inverted: argument.inverted)
        default: match.checksReserved = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        guard context.family == .ipv6 || (match.length == nil && !match.checksReserved) else {
            throw context.refuse("ah: --ahlen and --ahres are for IPv6 only")
        }
        return .ah(match)
    }
}

extension AHMatch {
    func write(to out: inout OptionText) {
        out.range("ahspi", spi)
        if let length, length.value != 0 || length.inverted { out.option("ahlen", length.value, inverted: length.inverted) }
        if checksReserved { out.flag("ahres") }
    }
}
