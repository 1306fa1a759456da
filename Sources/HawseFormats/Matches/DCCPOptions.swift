import HawseModel
import HawseWire

/// `-m dccp`
struct DCCPOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("source-port", "sport", inverts: true),
        .init("destination-port", "dport", inverts: true),
        .init("dccp-types", inverts: true),
        .init("dccp-option", inverts: true),
    ]

    var match = DCCPMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "source-port": match.sourcePorts = try argument.looseNumberedPorts()
        case "destination-port": match.destinationPorts = try argument.looseNumberedPorts()
        case "dccp-types":
            let bits: [UInt16] = try argument.words(typeWords)
            match.types = Flagged(bits.reduce(0) { $0 | 1 << $1 }, inverted: argument.inverted)
        default: match.option = Flagged(try argument.uint8(min: 1), inverted: argument.inverted)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        return .dccp(match)
    }
}

extension DCCPMatch {
    func write(to out: inout OptionText) {
        out.givenRange("sport", sourcePorts)
        out.givenRange("dport", destinationPorts)
        if let types {
            let names = typeWords.filter { types.value >> $0.value & 1 == 1 }.map(\.key)
            out.option("dccp-types", names.joined(separator: ","), inverted: types.inverted)
        }
        if let option { out.option("dccp-option", option.value, inverted: option.inverted) }
    }
}

private let typeWords: KeyValuePairs<String, UInt16> = [
    "REQUEST": 0, "RESPONSE": 1, "DATA": 2, "ACK": 3, "DATAACK": 4, "CLOSEREQ": 5, "CLOSE": 6, "RESET": 7,
    "SYNC": 8,
    "SYNCACK": 9, "INVALID": 10,
]
