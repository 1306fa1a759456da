import HawseModel
import HawseWire

/// `-m statistic`
struct StatisticOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("mode"),
        .init("probability", inverts: true, excludes: ["every", "packet"]),
        .init("every", inverts: true, excludes: ["probability"]),
        .init("packet", excludes: ["probability"]),
    ]

    var isNth = false
    var probability: UInt32 = 0
    var every: UInt32 = 0
    var packet: UInt32 = 0
    var inverted = false

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "mode": isNth = try argument.word(["random": false, "nth": true])
        case "probability":
            guard let value = Double(argument.text), value >= 0, value <= 1 else {
                throw argument.bad("a probability from 0 to 1 is wanted")
            }
            // The kernel's fraction of 2³¹, rounded as lround does.
            probability = UInt32((value * 2_147_483_648).rounded(.toNearestOrAwayFromZero))
            inverted = argument.inverted
        case "every":
            every = try argument.uint32(min: 1)
            inverted = argument.inverted
        default: packet = try argument.uint32()
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("mode", of: "statistic")
        if !isNth {
            guard !context.given.contains("every"), !context.given.contains("packet") else {
                throw context.refuse("statistic: --every and --packet need --mode nth")
            }
            try context.require("probability", of: "statistic")
            return .statistic(StatisticMatch(mode: .random(probability: probability), inverted: inverted))
        }
        try context.require("every", of: "statistic")
        try context.require("packet", of: "statistic")
        guard packet < every else {
            throw context.refuse("statistic: --packet must be from 0 to --every minus 1")
        }
        return .statistic(StatisticMatch(mode: .nth(every: every, packet: packet), inverted: inverted))
    }
}

extension StatisticMatch {
    func write(to out: inout OptionText) {
        switch mode {
        case .random(let probability):
            out.raw(" --mode random")
            out.option("probability", probabilityText(probability), inverted: inverted)
        case .nth(let every, let packet):
            out.raw(" --mode nth")
            out.option("every", every, inverted: inverted)
            out.option("packet", packet)
        }
    }
}

/// The fraction p / 2³¹ with eleven decimals, as printf's %.11f: exact, ties to even.
func probabilityText(_ probability: UInt32) -> String {
    let whole = probability >> 31
    let (high, low) = UInt64(probability & 0x7fff_ffff).multipliedFullWidth(by: 100_000_000_000)
    let (quotient, remainder) = (UInt64(1) << 31).dividingFullWidth((high, low))
    let half = UInt64(1) << 30
    let digits = quotient + (remainder > half || (remainder == half && quotient & 1 == 1) ? 1 : 0)
    return digits == 100_000_000_000
        ? "\(whole + 1).00000000000" : "\(whole).\(paddedText(digits, width: 11))"
}
