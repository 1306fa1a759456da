import HawseModel
import HawseWire

/// `-m ipvs`
struct IPVSOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("ipvs", arguments: .none, inverts: true),
        .init("vproto", inverts: true),
        .init("vaddr", inverts: true),
        .init("vport", inverts: true),
        .init("vdir"),
        .init("vmethod", inverts: true),
        .init("vportctl", inverts: true),
    ]

    var match = IPVSMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "ipvs": match.isIPVS = !argument.inverted
        case "vproto": match.ipProtocol = try argument.ipProtocol()
        case "vaddr": match.address = try argument.addressMatch()
        case "vport": match.port = Flagged(try argument.decimalPort(argument.text), inverted: argument.inverted)
        case "vdir": match.direction = try argument.word(directionWords)
        case "vmethod":
            let words: KeyValuePairs<String, IPVSMatch.Method> = [
                "GATE": .gate, "IPIP": .ipip, "MASQ": .masquerade,
            ]
            match.method = Flagged(try argument.word(words), inverted: argument.inverted)
        default:
            match.controllingPort = Flagged(try argument.decimalPort(argument.text), inverted: argument.inverted)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        guard !context.given.isEmpty else { throw context.refuse("ipvs: at least one option is required") }
        // Any other option says as much.
        let others = context.given.subtracting(["ipvs"])
        if match.isIPVS == false, !others.isEmpty { throw context.refuse("! --ipvs cannot be together with other options") }
        var match = match
        if !others.isEmpty { match.isIPVS = nil }
        return .ipvs(match)
    }
}

extension IPVSMatch {
    func write(to out: inout OptionText) {
        if let isIPVS { out.flag("ipvs", inverted: !isIPVS) }
        if let ipProtocol { out.option("vproto", ipProtocol.number.rawValue, inverted: ipProtocol.inverted) }
        if let address {
            out.option(
                "vaddr", address.isHost ? address.address.description : address.text,
                inverted: address.inverted)
        }
        if let port { out.option("vport", port.value, inverted: port.inverted) }
        if let direction { out.option("vdir", direction == .original ? "ORIGINAL" : "REPLY") }
        if let method { out.option("vmethod", method.value.rawValue, inverted: method.inverted) }
        if let controllingPort {
            out.option("vportctl", controllingPort.value, inverted: controllingPort.inverted)
        }
    }
}
