import HawseModel
import HawseWire

/// `-m limit`
struct LimitOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("limit"),
        .init("limit-burst"),
    ]

    var match = LimitMatch(average: 12_000_000)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        if argument.option == "limit" {
            match.average = UInt32(try argument.rate(scale: 10_000))
        } else {
            match.burst = try argument.uint32(max: 10_000)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        return .limit(match)
    }
}

extension LimitMatch {
    func write(to out: inout OptionText) {
        out.option("limit", rateText(UInt64(average), scale: 10_000))
        if burst != 5 { out.option("limit-burst", burst) }
    }
}

private let rateUnits: [(name: String, short: String, seconds: UInt64)] = [
    ("day", "day", 86400), ("hour", "hour", 3600), ("minute", "min", 60), ("second", "sec", 1),
]

extension OptionArgument {
    /// `N[/unit]` as the time between two packets, in `scale`ths of a second (`parse_rate`).
    func rate(scale: UInt64) throws(FormatError) -> UInt64 { try timedRate(scale: scale).period }

    /// Also the unit's seconds.
    func timedRate(scale: UInt64) throws(FormatError) -> (period: UInt64, seconds: UInt64) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var seconds: UInt64 = 1
        if parts.count == 2 {
            let wanted = parts[1].lowercased()
            guard !wanted.isEmpty, let unit = rateUnits.reversed().first(where: { $0.name.hasPrefix(wanted) })
            else {
                throw refuse(
                    "bad rate \"\(text)\"", suggestion: nearestWord(wanted, among: rateUnits.map(\.name)))
            }
            seconds = unit.seconds
        }
        guard let count = parseDecimalPrefix(parts[0], max: UInt64(UInt32.max)), count > 0 else {
            throw refuse("bad rate \"\(text)\"")
        }
        let period = scale * seconds / count
        guard period > 0 else { throw refuse("Rate too fast \"\(text)\"") }
        return (period, seconds)
    }
}

/// The largest unit in which the rate still is a number of packets (`print_rate`).
func rateText(_ period: UInt64, scale: UInt64) -> String { timedRateText(period, scale: scale).text }

func timedRateText(_ period: UInt64, scale: UInt64) -> (text: String, seconds: UInt64) {
    guard period > 0 else { return ("inf", 1) }
    var chosen = 0
    for i in rateUnits.indices.dropFirst() {
        let unit = rateUnits[i].seconds * scale
        if period > unit || unit / period < unit % period { break }
        chosen = i
    }
    return (
        "\(rateUnits[chosen].seconds * scale / period)/\(rateUnits[chosen].short)", rateUnits[chosen].seconds
    )
}
