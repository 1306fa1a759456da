import HawseModel
import HawseWire

/// `-m mac`
struct MACOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("mac-source", inverts: true)
    ]

    var match = MACMatch(source: .zero)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        guard let source = MACAddress(argument.text) else { throw argument.bad("a MAC address is wanted") }
        match = MACMatch(source: source, inverted: argument.inverted)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("mac-source", of: "mac")
        return .mac(match)
    }
}

extension MACMatch {
    func write(to out: inout OptionText) { out.option("mac-source", source, inverted: inverted) }
}
