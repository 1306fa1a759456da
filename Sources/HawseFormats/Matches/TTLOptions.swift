import HawseModel
import HawseWire

/// `-m ttl`
struct TTLOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("ttl-eq", "ttl", inverts: true, excludes: ["ttl-lt", "ttl-gt"]),
        .init("ttl-lt", excludes: ["ttl-eq", "ttl-gt"]),
        .init("ttl-gt", excludes: ["ttl-eq", "ttl-lt"]),
    ]

    var match = TTLMatch(comparison: .equal, value: 0)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        match = try ttlComparison(argument)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("ttl-eq", "ttl-lt", "ttl-gt", of: "ttl")
        return .ttl(match)
    }
}

/// `--ttl-eq`, `--ttl-lt`, `--ttl-gt` and those of `hl`.
func ttlComparison(_ argument: OptionArgument) throws(FormatError) -> TTLMatch {
    let value = try argument.uint8()
    switch argument.option.suffix(3) {
    case "-lt": return TTLMatch(comparison: .lessThan, value: value)
    case "-gt": return TTLMatch(comparison: .greaterThan, value: value)
    default: return TTLMatch(comparison: argument.inverted ? .notEqual : .equal, value: value)
    }
}

extension TTLMatch {
    func write(prefix: String, to out: inout OptionText) {
        switch comparison {
        case .equal: out.option("\(prefix)-eq", value)
        case .notEqual: out.option("\(prefix)-eq", value, inverted: true)
        case .lessThan: out.option("\(prefix)-lt", value)
        case .greaterThan: out.option("\(prefix)-gt", value)
        }
    }
}
