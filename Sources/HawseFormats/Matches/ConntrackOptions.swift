import HawseModel
import HawseWire

/// `-m conntrack`
struct ConntrackOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("ctstate", inverts: true),
        .init("ctproto", inverts: true),
        .init("ctorigsrc", inverts: true),
        .init("ctorigdst", inverts: true),
        .init("ctreplsrc", inverts: true),
        .init("ctrepldst", inverts: true),
        .init("ctorigsrcport", inverts: true),
        .init("ctorigdstport", inverts: true),
        .init("ctreplsrcport", inverts: true),
        .init("ctrepldstport", inverts: true),
        .init("ctstatus", inverts: true),
        .init("ctexpire", inverts: true),
        .init("ctdir"),
    ]

    var match = ConntrackMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "ctstate":
            match.states = Flagged(
                ConntrackMatch.States(try argument.shortenedWords(conntrackStateWords)), inverted: argument.inverted)
        case "ctproto":
            match.ipProtocol = try argument.ipProtocol()
            guard match.ipProtocol != ProtocolMatch(.hopByHop, inverted: true) else {
                throw argument.refuse("rule would never match protocol")
            }
        case "ctorigsrc": match.originalSource = try argument.addressMatch()
        case "ctorigdst": match.originalDestination = try argument.addressMatch()
        case "ctreplsrc": match.replySource = try argument.addressMatch()
        case "ctrepldst": match.replyDestination = try argument.addressMatch()
        case "ctorigsrcport": match.originalSourcePorts = try argument.looseNumberedPorts()
        case "ctorigdstport": match.originalDestinationPorts = try argument.looseNumberedPorts()
        case "ctreplsrcport": match.replySourcePorts = try argument.looseNumberedPorts()
        case "ctrepldstport": match.replyDestinationPorts = try argument.looseNumberedPorts()
        case "ctstatus":
            match.status = Flagged(
                ConntrackMatch.Status(try argument.shortenedWords(statusWords)), inverted: argument.inverted)
        case "ctexpire": match.expiry = try argument.range32()
        default: match.direction = try argument.word(directionWords)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        return .conntrack(match)
    }
}

extension ConntrackMatch {
    func write(to out: inout OptionText) {
        if isStateAlias {
            if let states { out.option("state", stateNames(states.value), inverted: states.inverted) }
            return
        }
        if let states { out.option("ctstate", stateNames(states.value), inverted: states.inverted) }
        if let ipProtocol { out.option("ctproto", ipProtocol.number.rawValue, inverted: ipProtocol.inverted) }
        writeAddress("ctorigsrc", originalSource, to: &out)
        writeAddress("ctorigdst", originalDestination, to: &out)
        writeAddress("ctreplsrc", replySource, to: &out)
        writeAddress("ctrepldst", replyDestination, to: &out)
        writeRange("ctorigsrcport", originalSourcePorts, to: &out)
        writeRange("ctorigdstport", originalDestinationPorts, to: &out)
        writeRange("ctreplsrcport", replySourcePorts, to: &out)
        writeRange("ctrepldstport", replyDestinationPorts, to: &out)
        if let status {
            let names = statusWords.dropFirst().filter { status.value.contains($0.value) }.map(\.key)
            out.option(
                "ctstatus", names.isEmpty ? "NONE" : names.joined(separator: ","), inverted: status.inverted)
        }
        writeRange("ctexpire", expiry, to: &out)
        if let direction { out.option("ctdir", direction == .original ? "ORIGINAL" : "REPLY") }
    }

    private func writeAddress(_ option: String, _ match: AddressMatch?, to out: inout OptionText) {
        guard let match else { return }
        out.option(option, match.isHost ? match.address.description : match.text, inverted: match.inverted)
    }

    private func writeRange<V: FixedWidthInteger>(
        _ option: String, _ range: ValueRange<V>?, to out: inout OptionText
    ) {
        guard let range else { return }
        let value = range.lower == range.upper ? "\(range.lower)" : "\(range.lower):\(range.upper)"
        out.option(option, value, inverted: range.inverted)
    }
}

let conntrackStateWords: KeyValuePairs<String, ConntrackMatch.States> = [
    "INVALID": .invalid, "NEW": .new, "RELATED": .related, "ESTABLISHED": .established,
    "UNTRACKED": .untracked,
    "SNAT": .snat, "DNAT": .dnat,
]

private let statusWords: KeyValuePairs<String, ConntrackMatch.Status> = [
    "NONE": [], "EXPECTED": .expected, "SEEN_REPLY": .seenReply, "ASSURED": .assured, "CONFIRMED": .confirmed,
]

let directionWords: KeyValuePairs<String, ConnectionDirection> = ["ORIGINAL": .original, "REPLY": .reply]

private func stateNames(_ states: ConntrackMatch.States) -> String {
    conntrackStateWords.filter { states.contains($0.value) }.map(\.key).joined(separator: ",")
}

/// `-m state`: the old spelling of `-m conntrack --ctstate`.
struct StateOptions: MatchOptions {
    static let words: [OptionWord] = [.init("state", inverts: true)]
    var match = ConntrackMatch()

    init(family: AddressFamily) { match.isStateAlias = true }

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        let states: [ConntrackMatch.States] = try argument.shortenedWords([
            "INVALID": .invalid, "NEW": .new, "RELATED": .related, "ESTABLISHED": .established,
            "UNTRACKED": .untracked,
        ])
        match.states = Flagged(ConntrackMatch.States(states), inverted: argument.inverted)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("state", of: "state")
        return .conntrack(match)
    }
}
