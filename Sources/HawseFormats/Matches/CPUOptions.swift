import HawseModel
import HawseWire

/// `-m cpu`
struct CPUOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("cpu", inverts: true)
    ]

    var match = CPUMatch(cpu: 0)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        match = CPUMatch(cpu: try argument.uint32(), inverted: argument.inverted)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("cpu", of: "cpu")
        return .cpu(match)
    }
}

extension CPUMatch {
    func write(to out: inout OptionText) { out.option("cpu", cpu, inverted: inverted) }
}
