import HawseModel
import HawseWire

/// `-j RATEEST`
struct RateestTargetOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("rateest-name"),
        .init("rateest-interval"),
        .init("rateest-ewmalog"),
    ]

    var name = ""
    /// Microseconds.
    var interval: UInt64 = 0
    var ewma: UInt64 = 0

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "rateest-name": name = try argument.string(max: 15)
        case "rateest-interval": interval = try microseconds(argument)
        default: ewma = try microseconds(argument)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("rateest-name", of: "RATEEST")
        try context.require("rateest-interval", of: "RATEEST")
        try context.require("rateest-ewmalog", of: "RATEEST")
        guard let step = (0...5).first(where: { interval <= 250_000 << UInt64($0) }), interval > 0 else {
            throw context.refuse("RATEEST: interval value is too large")
        }
        // The smallest weight whose time constant, -interval / ln(1 - 2⁻ⁿ), exceeds the one asked for, minus one.
        let log = (1..<32).first { Double(interval) / negatedLogarithm($0) > Double(ewma) }.map {
            UInt8($0 - 1)
        }
        guard let log, log > 0, log < 31 else {
            throw context.refuse("RATEEST: ewmalog value is out of range")
        }
        return .rateest(RateestTarget(name: name, interval: Int8(step) - 2, ewmaLog: log))
    }
}

extension RateestTarget {
    func write(to out: inout OptionText) {
        let step = UInt64(max(0, min(7, Int(interval) + 2)))
        let length = UInt64(250_000) << step
        out.option("rateest-name", name)
        out.option("rateest-interval", durationText(length))
        out.option("rateest-ewmalog", durationText(length << UInt64(min(31, ewmaLog))))
    }
}

/// `250ms`, `1s`: microseconds unless a unit is given.
private func microseconds(_ argument: OptionArgument) throws(FormatError) -> UInt64 {
    let lower = argument.text.lowercased()
    for (unit, factor) in [
        ("usecs", 1.0), ("usec", 1), ("us", 1), ("msecs", 1000), ("msec", 1000), ("ms", 1000),
        ("secs", 1_000_000), ("sec", 1_000_000), ("s", 1_000_000), ("", 1),
    ]
    where lower.hasSuffix(unit) {
        guard let number = Double(lower.dropLast(unit.utf8.count)), number > 0, number < 100_000 else {
            break
        }
        return UInt64(number * factor)
    }
    throw argument.bad("a time is wanted, as 250ms")
}

/// One decimal, in the largest unit that is not below one.
private func durationText(_ microseconds: UInt64) -> String {
    func tenths(_ unit: UInt64) -> String {
        let value = (microseconds * 10 + unit / 2) / unit
        return "\(value / 10).\(value % 10)"
    }
    if microseconds >= 1_000_000 { return tenths(1_000_000) + "s" }
    if microseconds >= 1000 { return tenths(1000) + "ms" }
    return "\(microseconds)us"
}

/// -ln(1 - 2⁻ⁿ) by its series.
private func negatedLogarithm(_ n: Int) -> Double {
    let step = 1.0 / Double(UInt64(1) << UInt64(n))
    var power = step
    var sum = 0.0
    for k in 1..<64 {
        sum += power / Double(k)
        power *= step
    }
    return sum
}
