import HawseModel
import HawseWire

/// `-m tos`
struct TOSOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("tos", inverts: true)
    ]

    var match = TOSMatch(value: 0)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        let (value, mask) = try argument.tos(symbolMask: 0x3f)
        match = TOSMatch(value: value, mask: mask, inverted: argument.inverted)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("tos", of: "tos")
        return .tos(match)
    }
}

extension TOSMatch {
    func write(to out: inout OptionText) {
        out.option("tos", "\(hexText(value, width: 2))/\(hexText(mask, width: 2))", inverted: inverted)
    }
}

extension OptionArgument {
    /// `value[/mask]` or a symbol, which leaves the precedence out (`tos_parse_symbolic`).
    func tos(symbolMask: UInt8) throws(FormatError) -> (value: UInt8, mask: UInt8) {
        let symbols: KeyValuePairs<String, UInt8> = [
            "Minimize-Delay": 0x10, "Maximize-Throughput": 0x08, "Maximize-Reliability": 0x04,
            "Minimize-Cost": 0x02,
            "Normal-Service": 0x00,
        ]
        guard let first = text.first, !first.isNumber else {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let value = UInt8(try number(parts[0], max: 255))
            return (value, parts.count == 2 ? UInt8(try number(parts[1], max: 255)) : 0xff)
        }
        let wanted = text.lowercased()
        let found = symbols.filter { $0.key.lowercased().hasPrefix(wanted) }
        guard let only = found.first, found.count == 1 else {
            throw refuse(
                found.isEmpty ? "Symbolic name \"\(text)\" is unknown" : "Symbol \"\(text)\" is ambiguous",
                suggestion: nearestWord(text, among: symbols.map(\.key)))
        }
        return (only.value, symbolMask)
    }
}
