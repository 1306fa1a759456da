import HawseModel
import HawseWire

/// `-m dscp`
struct DSCPOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("dscp", inverts: true, excludes: ["dscp-class"]),
        .init("dscp-class", inverts: true, excludes: ["dscp"]),
    ]

    var match = DSCPMatch(value: 0)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        match = DSCPMatch(
            value: argument.option == "dscp" ? try argument.uint8(max: 63) : try argument.word(dscpClasses),
            inverted: argument.inverted)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("dscp", "dscp-class", of: "dscp")
        return .dscp(match)
    }
}

extension DSCPMatch {
    func write(to out: inout OptionText) { out.option("dscp", hexText(value, width: 2), inverted: inverted) }
}

/// DiffServ classes of RFC 2474, 2597, 3246.
let dscpClasses: KeyValuePairs<String, UInt8> = [
    "CS0": 0x00, "CS1": 0x08, "CS2": 0x10, "CS3": 0x18, "CS4": 0x20, "CS5": 0x28, "CS6": 0x30, "CS7": 0x38,
    "BE": 0x00, "AF11": 0x0a, "AF12": 0x0c, "AF13": 0x0e, "AF21": 0x12, "AF22": 0x14, "AF23": 0x16,
    "AF31": 0x1a,
    "AF32": 0x1c, "AF33": 0x1e, "AF41": 0x22, "AF42": 0x24, "AF43": 0x26, "EF": 0x2e,
]
