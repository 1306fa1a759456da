import HawseModel
import HawseWire

/// `-m physdev`
struct PhysdevOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("physdev-in", inverts: true),
        .init("physdev-out", inverts: true),
        .init("physdev-is-in", arguments: .none, inverts: true),
        .init("physdev-is-out", arguments: .none, inverts: true),
        .init("physdev-is-bridged", arguments: .none, inverts: true),
    ]

    var match = PhysdevMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "physdev-in":
            match.inPort = InterfaceMatch(text: try argument.string(max: 15), inverted: argument.inverted)
        case "physdev-out":
            match.outPort = InterfaceMatch(text: try argument.string(max: 15), inverted: argument.inverted)
        case "physdev-is-in": match.isIn = !argument.inverted
        case "physdev-is-out": match.isOut = !argument.inverted
        default: match.isBridged = !argument.inverted
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        guard !context.given.isEmpty else { throw context.refuse("physdev: at least one option is needed") }
        return .physdev(match)
    }
}

extension PhysdevMatch {
    func write(to out: inout OptionText) {
        if let isIn { out.flag("physdev-is-in", inverted: !isIn) }
        if let inPort { out.option("physdev-in", inPort.text, inverted: inPort.inverted) }
        if let isOut { out.flag("physdev-is-out", inverted: !isOut) }
        if let outPort { out.option("physdev-out", outPort.text, inverted: outPort.inverted) }
        if let isBridged { out.flag("physdev-is-bridged", inverted: !isBridged) }
    }
}
