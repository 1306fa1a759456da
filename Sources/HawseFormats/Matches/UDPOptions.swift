import HawseModel
import HawseWire

/// `-m udp`
struct UDPOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("source-port", "sport", inverts: true),
        .init("destination-port", "dport", inverts: true),
    ]

    var match = UDPMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "source-port": match.sourcePorts = try argument.looseNumberedPorts()
        default: match.destinationPorts = try argument.looseNumberedPorts()
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        return .udp(match)
    }
}

extension UDPMatch {
    func write(to out: inout OptionText) {
        out.range("sport", sourcePorts)
        out.range("dport", destinationPorts)
    }
}

/// `-m udplite`: the same options. iptables 1.8.9 itself brings no such file, the kernel knows the match.
struct UDPLiteOptions: MatchOptions {
    static let words = UDPOptions.words
    var udp: UDPOptions

    init(family: AddressFamily) { udp = UDPOptions(family: family) }

    mutating func take(_ argument: OptionArgument) throws(FormatError) { try udp.take(argument) }

    func finish(_ context: RuleContext) throws(FormatError) -> Match { .udplite(udp.match) }
}
