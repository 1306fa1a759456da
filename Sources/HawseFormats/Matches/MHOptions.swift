import HawseModel
import HawseWire

/// `-m mh`
struct MHOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("mh-type", inverts: true)
    ]

    var match = MHMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        let parts = argument.text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw argument.bad("a type or a range of types is wanted") }
        let lower = parts[0].isEmpty && parts.count == 2 ? 0 : try type(parts[0], argument)
        let upper = parts.count == 1 ? lower : parts[1].isEmpty ? 255 : try type(parts[1], argument)
        guard lower <= upper else { throw argument.bad("the range is upside down") }
        match.types = ValueRange(lower, upper, inverted: argument.inverted)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        return .mh(match)
    }
}

extension MHMatch {
    func write(to out: inout OptionText) { out.range("mh-type", types) }
}

private let typeNames: [(name: String, short: String)] = [
    ("binding-refresh-request", "brr"), ("home-test-init", "hoti"), ("careof-test-init", "coti"),
    ("home-test", "hot"), ("careof-test", "cot"), ("binding-update", "bu"), ("binding-acknowledgement", "ba"),
    ("binding-error", "be"),
]

private func type(_ text: Substring, _ argument: OptionArgument) throws(FormatError) -> UInt8 {
    if let number = parseNumeral(text, max: 255) { return UInt8(number) }
    let wanted = text.lowercased()
    guard let index = typeNames.firstIndex(where: { $0.name == wanted || $0.short == wanted }) else {
        throw argument.refuse(
            "Invalid MH type `\(text)'",
            suggestion: nearestWord(wanted, among: typeNames.flatMap { [$0.name, $0.short] }))
    }
    return UInt8(index)
}
