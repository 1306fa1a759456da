import HawseModel
import HawseWire

/// `-m helper`
struct HelperOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("helper", inverts: true)
    ]

    var match = HelperMatch(name: "")

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        match = HelperMatch(name: try argument.string(max: 29, min: 0), inverted: argument.inverted)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("helper", of: "helper")
        return .helper(match)
    }
}

extension HelperMatch {
    func write(to out: inout OptionText) {
        out.flag("helper", inverted: inverted)
        out.string(name)
    }
}
