import HawseModel
import HawseWire

/// `-j REDIRECT`
struct RedirectOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("to-ports"),
        .init("random", arguments: .none),
    ]

    var target = MasqueradeTarget()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "to-ports": target.ports = try argument.portSpan(argument.text)
        default: target.random = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try requirePorts(context, target.ports != nil)
        return .redirect(target)
    }
}
