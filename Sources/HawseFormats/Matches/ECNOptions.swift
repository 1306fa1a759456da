import HawseModel
import HawseWire

/// `-m ecn`
struct ECNOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("ecn-tcp-cwr", arguments: .none, inverts: true),
        .init("ecn-tcp-ece", arguments: .none, inverts: true),
        .init("ecn-ip-ect", inverts: true),
    ]

    var match = ECNMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "ecn-tcp-cwr": match.cwr = !argument.inverted
        case "ecn-tcp-ece": match.ece = !argument.inverted
        default: match.codepoint = Flagged(try argument.uint8(max: 3), inverted: argument.inverted)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        guard !context.given.isEmpty else { throw context.refuse("ecn: some option required") }
        return .ecn(match)
    }
}

extension ECNMatch {
    func write(to out: inout OptionText) {
        if let ece { out.flag("ecn-tcp-ece", inverted: !ece) }
        if let cwr { out.flag("ecn-tcp-cwr", inverted: !cwr) }
        if let codepoint { out.option("ecn-ip-ect", codepoint.value, inverted: codepoint.inverted) }
    }
}
