import HawseModel
import HawseWire

/// `-m recent`
struct RecentOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("set", arguments: .none, inverts: true, excludes: ["rcheck", "update", "remove"]),
        .init("rcheck", arguments: .none, inverts: true, excludes: ["set", "update", "remove"]),
        .init("update", arguments: .none, inverts: true, excludes: ["set", "rcheck", "remove"]),
        .init("remove", arguments: .none, inverts: true, excludes: ["set", "rcheck", "update"]),
        .init("seconds"),
        .init("reap", arguments: .none),
        .init("hitcount"),
        .init("rttl", arguments: .none),
        .init("name"),
        .init("rsource", arguments: .none, excludes: ["rdest"]),
        .init("rdest", arguments: .none, excludes: ["rsource"]),
        .init("mask"),
    ]

    var match: RecentMatch

    init(family: AddressFamily) {
        match = RecentMatch(operation: .set, mask: .mask(prefixLength: family.bitCount, family: family))
    }

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "set", "rcheck", "update", "remove":
            match.operation = try argument.word(
                ["set": .set, "rcheck": .check, "update": .update, "remove": .remove], argument.option)
            match.inverted = argument.inverted
        case "seconds": match.seconds = try argument.uint32(min: 1)
        case "reap": match.reaps = true
        case "hitcount": match.hitCount = try argument.uint32()
        case "rttl": match.checksTTL = true
        case "name":
            match.name = try argument.string(max: 199)
            // It is a file in /proc.
            guard !match.name.contains("/") else { throw argument.bad("no slash may be in a name") }
        case "rsource": match.byDestination = false
        case "rdest": match.byDestination = true
        default: match.mask = try argument.address().bits
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("set", "rcheck", "update", "remove", of: "recent")
        if match.operation == .set || match.operation == .remove {
            for option in ["seconds", "hitcount"] where context.given.contains(option) {
                throw context.refuse("recent: --\(option) needs --rcheck or --update")
            }
            guard !match.checksTTL else {
                throw context.refuse("recent: --rttl may only be used with --rcheck or --update")
            }
        }
        guard !match.reaps || match.seconds != 0 else {
            throw context.refuse("recent: --reap needs --seconds")
        }
        return .recent(match)
    }
}

extension RecentMatch {
    func write(family: AddressFamily, to out: inout OptionText) {
        let names: [Operation: String] = [
            .set: "set", .check: "rcheck", .update: "update", .remove: "remove",
        ]
        out.flag(names[operation] ?? "set", inverted: inverted)
        if seconds != 0 { out.option("seconds", Int32(bitPattern: seconds)) }
        if reaps { out.flag("reap") }
        if hitCount != 0 { out.option("hitcount", hitCount) }
        if checksTTL { out.flag("rttl") }
        out.option("name", name)
        out.option("mask", IPAddress(family: family, bits: mask))
        out.flag(byDestination ? "rdest" : "rsource")
    }
}
