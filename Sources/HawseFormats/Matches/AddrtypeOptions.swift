import HawseModel
import HawseWire

/// `-m addrtype`
struct AddrtypeOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("src-type", inverts: true),
        .init("dst-type", inverts: true),
        .init("limit-iface-in", arguments: .none, excludes: ["limit-iface-out"]),
        .init("limit-iface-out", arguments: .none, excludes: ["limit-iface-in"]),
    ]

    var match = AddrtypeMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "src-type":
            match.source = try types(argument)
            match.sourceInverted = argument.inverted
        case "dst-type":
            match.destination = try types(argument)
            match.destinationInverted = argument.inverted
        case "limit-iface-in": match.limitToInInterface = true
        default: match.limitToOutInterface = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("src-type", "dst-type", of: "addrtype")
        return .addrtype(match)
    }
}

extension AddrtypeMatch {
    func write(to out: inout OptionText) {
        if !source.isEmpty { out.option("src-type", names(source), inverted: sourceInverted) }
        if !destination.isEmpty { out.option("dst-type", names(destination), inverted: destinationInverted) }
        if limitToInInterface { out.flag("limit-iface-in") }
        if limitToOutInterface { out.flag("limit-iface-out") }
    }
}

private let typeWords: KeyValuePairs<String, AddrtypeMatch.Types> = [
    "UNSPEC": .unspec, "UNICAST": .unicast, "LOCAL": .local, "BROADCAST": .broadcast, "ANYCAST": .anycast,
    "MULTICAST": .multicast, "BLACKHOLE": .blackhole, "UNREACHABLE": .unreachable, "PROHIBIT": .prohibit,
    "THROW": .throw, "NAT": .nat, "XRESOLVE": .xresolve,
]

private func types(_ argument: OptionArgument) throws(FormatError) -> AddrtypeMatch.Types {
    AddrtypeMatch.Types(try argument.shortenedWords(typeWords))
}

private func names(_ types: AddrtypeMatch.Types) -> String {
    typeWords.filter { types.contains($0.value) }.map(\.key).joined(separator: ",")
}
