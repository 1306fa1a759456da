import HawseModel
import HawseWire

/// `-m tcp`
struct TCPOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("source-port", "sport", inverts: true),
        .init("destination-port", "dport", inverts: true),
        .init("syn", arguments: .none, inverts: true, excludes: ["tcp-flags"]),
        .init("tcp-flags", arguments: .two, inverts: true, excludes: ["syn"]),
        .init("tcp-option", inverts: true),
    ]

    var match = TCPMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "source-port": match.sourcePorts = try argument.portRange()
        case "destination-port": match.destinationPorts = try argument.portRange()
        case "syn":
            // SYN set; RST, ACK and FIN clear.
            match.flags = TCPMatch.Flags(mask: 0x17, comparison: 0x02, inverted: argument.inverted)
        case "tcp-flags":
            match.flags = TCPMatch.Flags(
                mask: try tcpFlags(argument.text, argument),
                comparison: try tcpFlags(argument.second, argument),
                inverted: argument.inverted)
        default:
            match.option = ValueRange(try argument.uint8(min: 1), inverted: argument.inverted)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        return .tcp(match)
    }
}

extension TCPMatch {
    func write(to out: inout OptionText) {
        out.range("sport", sourcePorts)
        out.range("dport", destinationPorts)
        if let option { out.option("tcp-option", option.lower, inverted: option.inverted) }
        if let flags, flags.mask != 0 || flags.inverted {
            out.option("tcp-flags", tcpFlagNames(flags.mask), inverted: flags.inverted)
            out.raw(" " + tcpFlagNames(flags.comparison))
        }
    }
}

private let tcpFlagWords: KeyValuePairs<String, UInt8> = [
    "FIN": 0x01, "SYN": 0x02, "RST": 0x04, "PSH": 0x08, "ACK": 0x10, "URG": 0x20, "ALL": 0x3f, "NONE": 0,
]

private func tcpFlags(_ text: String, _ argument: OptionArgument) throws(FormatError) -> UInt8 {
    var flags: UInt8 = 0
    for word in text.split(separator: ",") { flags |= try argument.word(tcpFlagWords, String(word)) }
    return flags
}

func tcpFlagNames(_ flags: UInt8) -> String {
    let names = tcpFlagWords.prefix(6).filter { flags & $0.value != 0 }.map(\.key)
    return names.isEmpty ? "NONE" : names.joined(separator: ",")
}
