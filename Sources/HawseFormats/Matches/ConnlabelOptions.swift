import HawseModel
import HawseWire

/// `-m connlabel`: by bit number, as no names are configured.
struct ConnlabelOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("label", inverts: true),
        .init("set", arguments: .none),
    ]

    var match = ConnlabelMatch(bit: 0)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        if argument.option == "set" {
            match.sets = true
        } else {
            guard let bit = parseNumeral(argument.text, max: 127) else {
                throw argument.refuse("label '\(argument.text)' not found or invalid value")
            }
            match.bit = UInt16(bit)
            match.inverted = argument.inverted
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("label", of: "connlabel")
        return .connlabel(match)
    }
}

extension ConnlabelMatch {
    func write(to out: inout OptionText) {
        out.option("label", "\"\(bit)\"", inverted: inverted)
        if sets { out.flag("set") }
    }
}
