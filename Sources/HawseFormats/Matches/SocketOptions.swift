import HawseModel
import HawseWire

/// `-m socket`
struct SocketOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("transparent", arguments: .none),
        .init("nowildcard", arguments: .none),
        .init("restore-skmark", arguments: .none),
    ]

    var match = SocketMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "transparent": match.transparent = true
        case "nowildcard": match.noWildcard = true
        default: match.restoreMark = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        return .socket(match)
    }
}

extension SocketMatch {
    func write(to out: inout OptionText) {
        if transparent { out.flag("transparent") }
        if noWildcard { out.flag("nowildcard") }
        if restoreMark { out.flag("restore-skmark") }
    }
}
