import HawseModel
import HawseWire

/// `-m policy`
struct PolicyOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("dir"),
        .init("pol"),
        .init("strict", arguments: .none),
        .init("reqid", inverts: true, repeats: true),
        .init("spi", inverts: true, repeats: true),
        .init("tunnel-src", inverts: true, repeats: true),
        .init("tunnel-dst", inverts: true, repeats: true),
        .init("proto", inverts: true, repeats: true),
        .init("mode", inverts: true, repeats: true),
        .init("next", arguments: .none, repeats: true),
    ]

    var match = PolicyMatch(isOutgoing: false, isNone: false)
    var element = PolicyMatch.Element()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "dir": match.isOutgoing = try argument.word(["in": false, "out": true])
        case "pol": match.isNone = try argument.word(["ipsec": false, "none": true])
        case "strict": match.isStrict = true
        case "next":
            guard element != PolicyMatch.Element() else {
                throw argument.refuse("--next needs options before it")
            }
            match.elements.append(element)
            element = PolicyMatch.Element()
            guard match.elements.count < 4 else { throw argument.refuse("maximum policy depth reached") }
        default: try takeElement(argument)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("dir", of: "policy")
        var match = match
        if element != PolicyMatch.Element() { match.elements.append(element) }
        if match.isNone {
            guard !match.isStrict, match.elements.isEmpty else {
                throw context.refuse("policy: --pol none takes neither --strict nor elements")
            }
        } else if match.isStrict {
            guard !match.elements.isEmpty else { throw context.refuse("policy: --strict needs an element") }
        } else {
            guard match.elements.count <= 1 else { throw context.refuse("policy: --next needs --strict") }
        }
        for element in match.elements
        where (element.tunnelSource != nil || element.tunnelDestination != nil)
            && element.mode.map({ ($0.value == .transport) != $0.inverted }) ?? false
        {
            throw context.refuse("policy: tunnel addresses need tunnel mode")
        }
        return .policy(match)
    }
}

extension PolicyMatch {
    func write(to out: inout OptionText) {
        out.option("dir", isOutgoing ? "out" : "in")
        out.option("pol", isNone ? "none" : "ipsec")
        if isStrict { out.flag("strict") }
        for (index, element) in elements.enumerated() {
            if index > 0 { out.flag("next") }
            element.write(to: &out)
        }
    }
}

extension PolicyOptions {
    private mutating func takeElement(_ argument: OptionArgument) throws(FormatError) {
        let isTaken: Bool
        switch argument.option {
        case "reqid":
            isTaken = element.requestID != nil
            element.requestID = Flagged(try argument.uint32(), inverted: argument.inverted)
        case "spi":
            isTaken = element.spi != nil
            element.spi = Flagged(try argument.uint32(), inverted: argument.inverted)
        case "proto":
            isTaken = element.ipProtocol != nil
            element.ipProtocol = try argument.ipProtocol()
            guard [50, 51, 108].contains(element.ipProtocol?.number.rawValue) else {
                throw argument.bad("ah, esp or ipcomp is wanted")
            }
        case "mode":
            isTaken = element.mode != nil
            element.mode = Flagged(
                try argument.word(["transport": .transport, "tunnel": .tunnel]), inverted: argument.inverted)
        case "tunnel-src":
            isTaken = element.tunnelSource != nil
            element.tunnelSource = try argument.addressMatch()
        default:
            isTaken = element.tunnelDestination != nil
            element.tunnelDestination = try argument.addressMatch()
        }
        guard !isTaken else { throw argument.refuse("double --\(argument.option) in one element") }
    }
}

extension PolicyMatch.Element {
    func write(to out: inout OptionText) {
        if let requestID { out.option("reqid", requestID.value, inverted: requestID.inverted) }
        if let spi { out.option("spi", hexText(spi.value), inverted: spi.inverted) }
        if let ipProtocol { out.option("proto", ipProtocol.number.text, inverted: ipProtocol.inverted) }
        if let mode {
            out.option("mode", mode.value == .tunnel ? "tunnel" : "transport", inverted: mode.inverted)
        }
        for (option, match) in [("tunnel-dst", tunnelDestination), ("tunnel-src", tunnelSource)] {
            guard let match else { continue }
            out.option(
                option, match.isHost ? match.address.description : match.text, inverted: match.inverted)
        }
    }
}
