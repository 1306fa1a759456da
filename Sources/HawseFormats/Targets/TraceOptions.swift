import HawseModel
import HawseWire

/// `-j TRACE`: no options.
struct TraceOptions: TargetOptions {
    static let words: [OptionWord] = []

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {}

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        return .trace
    }
}
