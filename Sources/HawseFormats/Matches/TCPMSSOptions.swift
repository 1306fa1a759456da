import HawseModel
import HawseWire

/// `-m tcpmss`
struct TCPMSSOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("mss", inverts: true)
    ]

    var match = TCPMSSMatch(ValueRange(0))

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        match = TCPMSSMatch(try argument.range16())
        guard match.mss.lower <= match.mss.upper else { throw argument.bad("invalid range given") }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("mss", of: "tcpmss")
        return .tcpmss(match)
    }
}

extension TCPMSSMatch {
    func write(to out: inout OptionText) {
        let value = mss.lower == mss.upper ? "\(mss.lower)" : "\(mss.lower):\(mss.upper)"
        out.option("mss", value, inverted: mss.inverted)
    }
}
