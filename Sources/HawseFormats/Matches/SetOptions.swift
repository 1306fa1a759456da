import HawseModel
import HawseWire

/// `-m set`
struct SetOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("match-set", "set", arguments: .two, inverts: true),
        .init("return-nomatch", arguments: .none),
        .init("update-counters", arguments: .none, inverts: true),
        .init("update-subcounters", arguments: .none, inverts: true),
        .init("packets-eq", inverts: true),
        .init("packets-lt"),
        .init("packets-gt"),
        .init("bytes-eq", inverts: true),
        .init("bytes-lt"),
        .init("bytes-gt"),
    ]

    var match = SetMatch(set: SetReference(name: "", sides: []))

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "match-set":
            match.set = try setReference(argument)
            match.inverted = argument.inverted
        case "return-nomatch": match.returnNoMatch = true
        case "update-counters": match.updateCounters = !argument.inverted
        case "update-subcounters": match.updateSubcounters = !argument.inverted
        default:
            let value = try argument.number(max: .max)
            let comparison: SetMatch.Comparison
            switch argument.option.suffix(2) {
            case "lt": comparison = .lessThan(value)
            case "gt": comparison = .greaterThan(value)
            default: comparison = argument.inverted ? .notEqual(value) : .equal(value)
            }
            let isPackets = argument.option.hasPrefix("packets")
            guard (isPackets ? match.packets : match.bytes) == nil else {
                throw argument.refuse("only one of the \(isPackets ? "packets" : "bytes") options is allowed")
            }
            if isPackets { match.packets = comparison } else { match.bytes = comparison }
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("match-set", of: "set")
        return .set(match)
    }
}

extension SetMatch {
    func write(to out: inout OptionText) {
        out.flag("match-set", inverted: inverted)
        out.raw(" " + set.text)
        if returnNoMatch { out.flag("return-nomatch") }
        if !updateCounters { out.flag("update-counters", inverted: true) }
        if !updateSubcounters { out.flag("update-subcounters", inverted: true) }
        writeCounter("packets", packets, to: &out)
        writeCounter("bytes", bytes, to: &out)
    }

    private func writeCounter(_ name: String, _ comparison: Comparison?, to out: inout OptionText) {
        switch comparison {
        case .equal(let value)?: out.option("\(name)-eq", value)
        case .notEqual(let value)?: out.option("\(name)-eq", value, inverted: true)
        case .lessThan(let value)?: out.option("\(name)-lt", value)
        case .greaterThan(let value)?: out.option("\(name)-gt", value)
        case nil: break
        }
    }
}

extension SetReference {
    var text: String { "\(name) \(sides.map { $0 == .source ? "src" : "dst" }.joined(separator: ","))" }
}

/// A set's name and `src,dst,…` (`parse_dirs`).
func setReference(_ argument: OptionArgument) throws(FormatError) -> SetReference {
    guard (1...31).contains(argument.text.utf8.count) else {
        throw argument.refuse("setname `\(argument.text)' must have from 1 to 31 bytes")
    }
    var sides: [SetReference.Side] = []
    for item in argument.second.split(separator: ",", omittingEmptySubsequences: false) {
        switch item {
        case "src": sides.append(.source)
        case "dst": sides.append(.destination)
        default:
            throw argument.refuse(
                "You must specify (the comma separated list of) 'src' or 'dst', not `\(item)'",
                suggestion: nearestWord(String(item), among: ["src", "dst"]))
        }
    }
    guard (1...6).contains(sides.count) else {
        throw argument.refuse("Can't be more src/dst options than 6.")
    }
    return SetReference(name: argument.text, sides: sides)
}
