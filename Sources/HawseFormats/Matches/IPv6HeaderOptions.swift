import HawseModel
import HawseWire

/// `-m ipv6header`
struct IPv6HeaderOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("header", inverts: true),
        .init("soft", arguments: .none),
    ]

    var match = IPv6HeaderMatch(headers: [])

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        guard argument.option == "header" else {
            match.isSoft = true
            return
        }
        match.inverted = argument.inverted
        for item in argument.text.split(separator: ",") {
            let number = parseNumeral(item, max: 255).flatMap { value in
                headerWords.first { $0.number == UInt8(value) }
            }
            let name = headerWords.first { $0.long == item.lowercased() || $0.short == item.lowercased() }
            guard let word = number ?? name else {
                throw argument.refuse(
                    "unknown header `\(item)' specified",
                    suggestion: nearestWord(String(item), among: headerWords.flatMap { [$0.short, $0.long] }))
            }
            match.headers.insert(word.bit)
        }
        guard !match.headers.isEmpty else { throw argument.bad("header names are wanted") }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("header", of: "ipv6header")
        return .ipv6header(match)
    }
}

extension IPv6HeaderMatch {
    func write(to out: inout OptionText) {
        let names = headerWords.filter { headers.contains($0.bit) }.map(\.long)
        out.option("header", names.joined(separator: ","), inverted: inverted)
        if isSoft { out.flag("soft") }
    }
}

private let headerWords: [(long: String, short: String, number: UInt8, bit: IPv6HeaderMatch.Headers)] = [
    ("hop-by-hop", "hop", 0, .hopByHop), ("ipv6-opts", "dst", 60, .destinationOptions),
    ("ipv6-route", "route", 43, .routing), ("ipv6-frag", "frag", 44, .fragment), ("ah", "auth", 51, .ah),
    ("esp", "esp", 50, .esp), ("ipv6-nonxt", "none", 59, .none), ("protocol", "prot", 255, .upperProtocol),
]
