import HawseModel
import HawseWire

/// `-j MASQUERADE`
struct MasqueradeOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("to-ports"),
        .init("random", arguments: .none),
        .init("random-fully", arguments: .none),
    ]

    var target = MasqueradeTarget()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "to-ports": target.ports = try argument.portSpan(argument.text)
        case "random": target.random = true
        default: target.randomFully = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try requirePorts(context, target.ports != nil)
        return .masquerade(target)
    }
}

extension MasqueradeTarget {
    func write(to out: inout OptionText) {
        if let ports { out.option("to-ports", spanText(ports)) }
        if random { out.flag("random") }
        if randomFully { out.flag("random-fully") }
    }
}
