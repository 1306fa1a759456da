import HawseModel
import HawseWire

/// `-m hashlimit`
struct HashlimitOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("hashlimit-upto", "hashlimit", inverts: true, excludes: ["hashlimit-above"]),
        .init("hashlimit-above", inverts: true, excludes: ["hashlimit-upto"]),
        .init("hashlimit-burst"),
        .init("hashlimit-mode"),
        .init("hashlimit-name"),
        .init("hashlimit-srcmask"),
        .init("hashlimit-dstmask"),
        .init("hashlimit-htable-size"),
        .init("hashlimit-htable-max"),
        .init("hashlimit-htable-gcinterval"),
        .init("hashlimit-htable-expire"),
        .init("hashlimit-rate-match", arguments: .none),
        .init("hashlimit-rate-interval"),
    ]

    var match: HashlimitMatch
    var seconds: UInt64 = 1
    var burst: OptionArgument?

    init(family: AddressFamily) {
        match = HashlimitMatch(
            average: 0, name: "", sourceMask: family.bitCount, destinationMask: family.bitCount)
    }

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "hashlimit-upto", "hashlimit-above":
            if let bytes = try byteRate(argument) {
                match.average = bytesToCost(bytes)
                match.mode.insert(.bytes)
            } else {
                (match.average, seconds) = try argument.timedRate(scale: 1_000_000)
            }
            if (argument.option == "hashlimit-above") != argument.inverted { match.mode.insert(.above) }
        case "hashlimit-burst": burst = argument
        case "hashlimit-mode":
            match.mode.formUnion(HashlimitMatch.Mode(try argument.words(hashlimitModeWords)))
        case "hashlimit-name":
            match.name = try argument.string(max: 254)
            guard !match.name.contains("/"), match.name != ".", match.name != ".." else {
                throw argument.bad("a name without / is wanted")
            }
        case "hashlimit-srcmask": match.sourceMask = try argument.prefixLength()
        case "hashlimit-dstmask": match.destinationMask = try argument.prefixLength()
        case "hashlimit-htable-size": match.size = try argument.uint32()
        case "hashlimit-htable-max": match.maximum = try argument.uint32()
        case "hashlimit-htable-gcinterval": match.gcInterval = try argument.uint32()
        case "hashlimit-htable-expire": match.expire = try argument.uint32()
        case "hashlimit-rate-match":
            match.mode.insert(.rateMatch)
            if match.rateInterval == 0 { match.rateInterval = 1 }
        default: match.rateInterval = try argument.uint32(min: 1)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("hashlimit-upto", "hashlimit-above", of: "hashlimit")
        try context.require("hashlimit-name", of: "hashlimit")
        var match = match
        guard match.mode.contains(.rateMatch) || match.rateInterval == 0 else {
            throw context.refuse("hashlimit: --hashlimit-rate-interval needs --hashlimit-rate-match")
        }
        try setBurst(&match)
        if !context.given.contains("hashlimit-htable-expire") {
            match.expire = UInt32(
                match.mode.contains(.bytes) ? (match.burst == 0 ? 15000 : 60000) : seconds * 1000)
        }
        return .hashlimit(match)
    }
}

extension HashlimitMatch {
    func write(family: AddressFamily, to out: inout OptionText) {
        out.flag(mode.contains(.above) ? "hashlimit-above" : "hashlimit-upto")
        let quantum: UInt64
        if mode.contains(.bytes) {
            let rate = costToBytes(average)
            out.raw(" \(byteText(rate))/s")
            if burst != 0 { out.option("hashlimit-burst", byteText(rate &* burst)) }
            quantum = burst == 0 ? 15 : 60
        } else {
            let (text, seconds) = timedRateText(average, scale: 1_000_000)
            out.raw(" " + text)
            out.option("hashlimit-burst", burst)
            quantum = seconds
        }
        let words = hashlimitModeWords.filter { mode.contains($0.value) }.map(\.key)
        if !words.isEmpty { out.option("hashlimit-mode", words.joined(separator: ",")) }
        out.option("hashlimit-name", name)
        if size != 0 { out.option("hashlimit-htable-size", size) }
        if maximum != 0 { out.option("hashlimit-htable-max", maximum) }
        if gcInterval != 1000 { out.option("hashlimit-htable-gcinterval", gcInterval) }
        if UInt64(expire) != quantum * 1000 { out.option("hashlimit-htable-expire", expire) }
        if sourceMask != family.bitCount { out.option("hashlimit-srcmask", sourceMask) }
        if destinationMask != family.bitCount { out.option("hashlimit-dstmask", destinationMask) }
        if mode.contains(.rateMatch) {
            out.flag("hashlimit-rate-match")
            if rateInterval != 1 { out.option("hashlimit-rate-interval", rateInterval) }
        }
    }
}

private let hashlimitModeWords: KeyValuePairs<String, HashlimitMatch.Mode> = [
    "srcip": .sourceAddress, "srcport": .sourcePort, "dstip": .destinationAddress,
    "dstport": .destinationPort,
]

extension HashlimitOptions {
    /// Packets as they are; bytes in whole multiples of the average, rounded up.
    private func setBurst(_ match: inout HashlimitMatch) throws(FormatError) {
        let isBytes = match.mode.contains(.bytes)
        if isBytes { match.burst = 0 }
        guard let burst else { return }
        if isBytes {
            let bytes = try burstCount(burst)
            let unit = costToBytes(match.average)
            guard unit > 0, bytes >= unit else { throw burst.refuse("burst cannot be smaller than \(unit)b") }
            // xtables counts with 32 bits of the burst, but rounds up by all of it.
            match.burst = (bytes & 0xffff_ffff) / unit + (bytes % unit != 0 ? 1 : 0)
        } else {
            match.burst = try burstCount(burst) & 0xffff_ffff
        }
    }
}

/// A number up to a million, or one with a unit.
private func burstCount(_ burst: OptionArgument) throws(FormatError) -> UInt64 {
    guard burst.text.lowercased().hasSuffix("b") else {
        // Nobody looks at what stands behind the number.
        guard let count = parseNumeralPrefix(burst.text), (1...1_000_000).contains(count) else { return try burst.number(max: 1_000_000, min: 1) }
        return count
    }
    guard let count = byteCount(burst.text) else { throw burst.bad("a number is wanted, as 20 or 2mb") }
    return count
}

/// `512kb/s`; `nil` when it is a rate of packets.
private func byteRate(_ argument: OptionArgument) throws(FormatError) -> UInt64? {
    guard argument.text.lowercased().hasSuffix("b/s") else { return nil }
    guard let bytes = byteCount(String(argument.text.dropLast(2))), bytes > 0 else {
        throw argument.bad("a rate is wanted, as 512kb/s or 10/sec")
    }
    return bytes
}

/// `900b`, `2kb`, `1mb`.
private func byteCount(_ text: String) -> UInt64? {
    let lower = text.lowercased()
    for (suffix, factor) in [("kb", UInt64(1024)), ("mb", 1024 * 1024), ("b", 1)]
    where lower.hasSuffix(suffix) {
        guard let count = parseDecimal(lower.dropLast(suffix.utf8.count), max: UInt64(UInt32.max)) else {
            return nil
        }
        return count * factor
    }
    return parseDecimal(lower, max: UInt64(UInt32.max))
}

/// Bytes a second as the kernel's cost of sixteen bytes.
private func bytesToCost(_ bytes: UInt64) -> UInt64 { UInt64(UInt32.max) / ((bytes >> 4) + 1) }

private func costToBytes(_ cost: UInt64) -> UInt64 {
    let units = cost == 0 ? UInt64(UInt32.max) : UInt64(UInt32.max) / cost
    return units == 0 ? 0 : (units - 1) << 4
}

private func byteText(_ bytes: UInt64) -> String {
    guard bytes <= UInt32.max else { return "\(bytes)b" }
    for (name, size) in [("mb", UInt64(1024 * 1024)), ("kb", 1024)] where bytes >= size {
        return "\(bytes / size)\(name)"
    }
    return "\(bytes)b"
}
