import HawseModel
import HawseWire

/// `-m rateest`
struct RateestOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("rateest1", "rateest"),
        .init("rateest2"),
        .init("rateest-delta", arguments: .none),
        .init("rateest-bps1", "rateest-bps", arguments: .optional, repeats: true),
        .init("rateest-pps1", "rateest-pps", arguments: .optional, repeats: true),
        .init("rateest-bps2", arguments: .optional),
        .init("rateest-pps2", arguments: .optional),
        .init("rateest-lt", arguments: .none, inverts: true, excludes: ["rateest-gt", "rateest-eq"]),
        .init("rateest-gt", arguments: .none, inverts: true, excludes: ["rateest-lt", "rateest-eq"]),
        .init("rateest-eq", arguments: .none, inverts: true, excludes: ["rateest-lt", "rateest-gt"]),
    ]

    var match = RateestMatch(name1: "", comparison: .equal)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "rateest1": match.name1 = try argument.string(max: 15)
        case "rateest2": match.name2 = try argument.string(max: 15)
        case "rateest-delta": match.isDelta = true
        case "rateest-bps1":
            match.usesBPS = true
            if argument.isGiven { match.bps1 = try bitRate(argument) }
        case "rateest-bps2":
            match.usesBPS = true
            if argument.isGiven { match.bps2 = try bitRate(argument) }
        case "rateest-pps1":
            match.usesPPS = true
            if argument.isGiven { match.pps1 = try argument.uint32() }
        case "rateest-pps2":
            match.usesPPS = true
            if argument.isGiven { match.pps2 = try argument.uint32() }
        default:
            match.comparison = try argument.word(
                ["rateest-lt": .lessThan, "rateest-gt": .greaterThan, "rateest-eq": .equal], argument.option)
            match.inverted = argument.inverted
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("rateest1", of: "rateest")
        try context.require("rateest-lt", "rateest-gt", "rateest-eq", of: "rateest")
        guard match.usesBPS || match.usesPPS else {
            throw context.refuse("rateest: --rateest-bps or --rateest-pps is needed")
        }
        return .rateest(match)
    }
}

extension RateestMatch {
    func write(to out: inout OptionText) {
        if name2 == nil { writeRelative(to: &out) } else { writeAbsolute(to: &out) }
    }

    /// One estimator against fixed rates.
    private func writeRelative(to out: inout OptionText) {
        out.option("rateest", name1)
        if isDelta { out.flag("rateest-delta") }
        if isDelta {
            if let bps1 { out.option("rateest-bps1", bitRateText(bps1)) }
            if let pps1 { out.option("rateest-pps1", pps1) }
            writeComparison(to: &out)
            if let bps2 { out.option("rateest-bps2", bitRateText(bps2)) }
            if let pps2 { out.option("rateest-pps2", pps2) }
            return
        }
        writeComparison(to: &out)
        if let bps = bps2 ?? bps1 { out.option("rateest-bps", bitRateText(bps)) }
        if let pps = pps2 ?? pps1 { out.option("rateest-pps", pps) }
    }

    /// Two estimators against each other.
    private func writeAbsolute(to out: inout OptionText) {
        out.option("rateest1", name1)
        if isDelta { out.flag("rateest-delta") }
        if usesBPS { out.flag("rateest-bps") }
        if let bps1 { out.raw(" " + bitRateText(bps1)) }
        if usesPPS { out.flag("rateest-pps") }
        if let pps1 { out.raw(" \(pps1)") }
        writeComparison(to: &out)
        if let name2 { out.option("rateest2", name2) }
        if let bps2 { out.option("rateest-bps2", bitRateText(bps2)) }
        if let pps2 { out.option("rateest-pps2", pps2) }
    }

    private func writeComparison(to out: inout OptionText) {
        let names: [Comparison: String] = [.lessThan: "lt", .greaterThan: "gt", .equal: "eq"]
        out.flag("rateest-\(names[comparison] ?? "eq")", inverted: inverted)
    }
}

/// Bits or bytes a second with a unit, as `tc` reads them, in bytes a second.
private func bitRate(_ argument: OptionArgument) throws(FormatError) -> UInt32 {
    let units: [(String, Double)] = [
        ("kibit", 1024 / 8), ("kbit", 1000 / 8), ("mibit", 1_048_576 / 8), ("mbit", 1_000_000 / 8),
        ("gibit", 1_073_741_824 / 8), ("gbit", 1_000_000_000 / 8), ("kibps", 1024), ("kbps", 1000),
        ("mibps", 1_048_576), ("mbps", 1_000_000), ("gibps", 1_073_741_824), ("gbps", 1_000_000_000),
        ("bit", 0.125),
        ("bps", 1),
    ]
    let lower = argument.text.lowercased()
    let unit = units.first { lower.hasSuffix($0.0) }
    let digits = lower.dropLast(unit?.0.utf8.count ?? 0)
    guard let number = Double(digits), number >= 0 else { throw argument.bad("a rate is wanted, as 5mbit") }
    let bytes = number * (unit?.1 ?? 0.125)
    guard bytes < 4_294_967_296 else { throw argument.bad("the rate is too high") }
    return UInt32(bytes)
}

/// As `rateest_print_rate` shows bytes a second.
private func bitRateText(_ bytes: UInt32) -> String {
    let bits = UInt64(bytes) * 8
    if bits == 0 { return "0bit" }
    if bits % 1_000_000 == 0 || bits >= 1_000_000 { return "\(bits / 1_000_000)Mbit" }
    if bits >= 1000 { return "\(bits / 1000)Kbit" }
    return "\(bits)bit"
}
