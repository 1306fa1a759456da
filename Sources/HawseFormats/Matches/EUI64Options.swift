import HawseModel
import HawseWire

/// `-m eui64`: no options.
struct EUI64Options: MatchOptions {
    static let words: [OptionWord] = []

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {}

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        return .eui64
    }
}
