import HawseModel
import HawseWire

/// `-m rt`
struct RTOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("rt-type", inverts: true),
        .init("rt-segsleft", inverts: true),
        .init("rt-len", inverts: true),
        .init("rt-0-res", arguments: .none),
        .init("rt-0-addrs"),
        .init("rt-0-not-strict", arguments: .none),
    ]

    var match = RTMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "rt-type": match.type = Flagged(try argument.uint32(), inverted: argument.inverted)
        case "rt-segsleft": match.segmentsLeft = try argument.range32()
        case "rt-len": match.length = Flagged(try argument.uint32(), inverted: argument.inverted)
        case "rt-0-res": match.checksReserved = true
        case "rt-0-addrs":
            for item in argument.text.split(separator: ",") {
                match.addresses.append(try argument.address(item))
            }
            guard (1...16).contains(match.addresses.count) else {
                throw argument.bad("from 1 to 16 addresses are wanted")
            }
        default: match.isNotStrict = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        if match.checksReserved || !match.addresses.isEmpty || match.isNotStrict {
            guard match.type == Flagged(0) else {
                throw context.refuse("rt: --rt-type 0 must come with --rt-0-…")
            }
        }
        guard !match.isNotStrict || !match.addresses.isEmpty else {
            throw context.refuse("rt: --rt-0-addrs must come with --rt-0-not-strict")
        }
        return .rt(match)
    }
}

extension RTMatch {
    func write(to out: inout OptionText) {
        if let type { out.option("rt-type", type.value, inverted: type.inverted) }
        out.range("rt-segsleft", segmentsLeft)
        if let length { out.option("rt-len", length.value, inverted: length.inverted) }
        if checksReserved { out.flag("rt-0-res") }
        if !addresses.isEmpty {
            out.option("rt-0-addrs", addresses.map(\.description).joined(separator: ","))
        }
        if isNotStrict { out.flag("rt-0-not-strict") }
    }
}
