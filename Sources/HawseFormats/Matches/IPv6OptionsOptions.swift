import HawseModel
import HawseWire

/// `-m hbh`
struct HBHOptions: MatchOptions {
    static let words: [OptionWord] = [.init("hbh-len", inverts: true), .init("hbh-opts")]
    var match = IPv6OptionsMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) { try match.take(argument) }
    func finish(_ context: RuleContext) throws(FormatError) -> Match { .hbh(match) }
}

/// `-m dst`
struct DSTOptions: MatchOptions {
    static let words: [OptionWord] = [.init("dst-len", inverts: true), .init("dst-opts")]
    var match = IPv6OptionsMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) { try match.take(argument) }
    func finish(_ context: RuleContext) throws(FormatError) -> Match { .dst(match) }
}

extension IPv6OptionsMatch {
    /// `…-len N` or `…-opts TYPE[:LEN],…`.
    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        if argument.option.hasSuffix("-len") {
            length = Flagged(try argument.uint32(), inverted: argument.inverted)
            return
        }
        for item in argument.text.split(separator: ",") {
            let parts = item.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let type = UInt8(try argument.number(parts[0], max: 255))
            let length =
                parts.count == 2 && !parts[1].isEmpty ? UInt8(try argument.number(parts[1], max: 255)) : nil
            options.append(Option(type: type, length: length))
        }
        guard (1...16).contains(options.count) else { throw argument.bad("from 1 to 16 options are wanted") }
    }

    func write(prefix: String, to out: inout OptionText) {
        if let length { out.option("\(prefix)-len", length.value, inverted: length.inverted) }
        guard !options.isEmpty else { return }
        let list = options.map { option in option.length.map { "\(option.type):\($0)" } ?? "\(option.type)" }
        out.option("\(prefix)-opts", list.joined(separator: ","))
    }
}
