import HawseModel
import HawseWire

/// `-m frag`
struct FragOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("fragid", inverts: true),
        .init("fraglen", inverts: true),
        .init("fragres", arguments: .none),
        .init("fragfirst", arguments: .none),
        .init("fragmore", arguments: .none, excludes: ["fraglast"]),
        .init("fraglast", arguments: .none, excludes: ["fragmore"]),
    ]

    var match = FragMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "fragid": match.id = try argument.range32()
        case "fraglen": match.length = Flagged(try argument.uint32(), inverted: argument.inverted)
        case "fragres": match.checksReserved = true
        case "fragfirst": match.isFirst = true
        case "fragmore": match.hasMore = true
        default: match.isLast = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        return .frag(match)
    }
}

extension FragMatch {
    func write(to out: inout OptionText) {
        out.range("fragid", id)
        if let length { out.option("fraglen", length.value, inverted: length.inverted) }
        if checksReserved { out.flag("fragres") }
        if isFirst { out.flag("fragfirst") }
        if hasMore { out.flag("fragmore") }
        if isLast { out.flag("fraglast") }
    }
}
