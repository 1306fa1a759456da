import HawseModel
import HawseWire

/// `-m rpfilter`
struct RPFilterOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("loose", arguments: .none),
        .init("validmark", arguments: .none),
        .init("accept-local", arguments: .none),
        .init("invert", arguments: .none),
    ]

    var match = RPFilterMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "loose": match.loose = true
        case "validmark": match.validMark = true
        case "accept-local": match.acceptLocal = true
        default: match.inverted = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        return .rpfilter(match)
    }
}

extension RPFilterMatch {
    func write(to out: inout OptionText) {
        if loose { out.flag("loose") }
        if validMark { out.flag("validmark") }
        if acceptLocal { out.flag("accept-local") }
        if inverted { out.flag("invert") }
    }
}
