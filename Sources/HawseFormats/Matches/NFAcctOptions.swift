import HawseModel
import HawseWire

/// `-m nfacct`
struct NFAcctOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("nfacct-name")
    ]

    var name = ""

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        name = try argument.string(max: 31)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("nfacct-name", of: "nfacct")
        return .nfacct(NFAcctMatch(name))
    }
}

extension NFAcctMatch {
    // iptables 1.8.9 prints two blanks here.
    func write(to out: inout OptionText) { out.option("nfacct-name", " " + name) }
}
