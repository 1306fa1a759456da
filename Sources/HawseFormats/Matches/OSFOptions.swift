import HawseModel
import HawseWire

/// `-m osf`
struct OSFOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("genre", inverts: true),
        .init("ttl"),
        .init("log"),
    ]

    var match = OSFMatch(genre: Flagged(""))

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "genre": match.genre = Flagged(try argument.string(max: 31), inverted: argument.inverted)
        case "ttl": match.ttl = try argument.uint32(max: 2)
        default: match.log = try argument.uint32(max: 2)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("genre", of: "osf")
        guard context.ipProtocol == ProtocolMatch(.tcp) else { throw context.refuse("osf needs `-p tcp'") }
        return .osf(match)
    }
}

extension OSFMatch {
    func write(to out: inout OptionText) {
        out.option("genre", genre.value, inverted: genre.inverted)
        if let ttl { out.option("ttl", ttl) }
        if let log { out.option("log", log) }
    }
}
