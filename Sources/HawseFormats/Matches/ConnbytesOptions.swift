import HawseModel
import HawseWire

/// `-m connbytes`
struct ConnbytesOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("connbytes", inverts: true),
        .init("connbytes-dir"),
        .init("connbytes-mode"),
    ]

    var match = ConnbytesMatch(count: ValueRange(0), direction: .both, mode: .bytes)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "connbytes":
            let parts = argument.text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2 else { throw argument.bad("a count or a range is wanted") }
            let lower = parts[0].isEmpty && parts.count == 2 ? 0 : try argument.number(parts[0], max: .max)
            // A single number is the lower end: `10` and `10:` are the same.
            let upper =
                parts.count == 2 && !parts[1].isEmpty ? try argument.number(parts[1], max: .max) : .max
            guard lower <= upper else { throw argument.bad("the range is upside down") }
            match.count = ValueRange(lower, upper, inverted: argument.inverted)
        case "connbytes-dir":
            match.direction = try argument.word(["original": .original, "reply": .reply, "both": .both])
        default:
            match.mode = try argument.word(["packets": .packets, "bytes": .bytes, "avgpkt": .averagePacket])
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("connbytes", of: "connbytes")
        try context.require("connbytes-dir", of: "connbytes")
        try context.require("connbytes-mode", of: "connbytes")
        return .connbytes(match)
    }
}

extension ConnbytesMatch {
    func write(to out: inout OptionText) {
        let value = count.upper == .max ? "\(count.lower)" : "\(count.lower):\(count.upper)"
        out.option("connbytes", value, inverted: count.inverted)
        out.option("connbytes-mode", ["packets", "bytes", "avgpkt"][Int(mode.rawValue)])
        out.option("connbytes-dir", ["original", "reply", "both"][Int(direction.rawValue)])
    }
}
