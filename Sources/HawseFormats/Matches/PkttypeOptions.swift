import HawseModel
import HawseWire

/// `-m pkttype`
struct PkttypeOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("pkt-type", inverts: true)
    ]

    var match = PkttypeMatch(kind: .unicast)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        match.kind = try argument.word(kindWords)
        match.inverted = argument.inverted
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("pkt-type", of: "pkttype")
        return .pkttype(match)
    }
}

extension PkttypeMatch {
    func write(to out: inout OptionText) {
        guard let word = kindWords.first(where: { $0.value == kind }) else { return }
        out.option("pkt-type", word.key, inverted: inverted)
    }
}

private let kindWords: KeyValuePairs<String, PkttypeMatch.Kind> = [
    "unicast": .unicast, "broadcast": .broadcast, "multicast": .multicast, "otherhost": .otherHost,
    "host": .unicast, "bcast": .broadcast, "mcast": .multicast,
]
