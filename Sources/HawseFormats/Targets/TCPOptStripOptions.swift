import HawseModel
import HawseWire

/// `-j TCPOPTSTRIP`
struct TCPOptStripOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("strip-options")
    ]

    var options: Set<UInt8> = []

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        for item in argument.text.split(separator: ",", omittingEmptySubsequences: false) {
            if let number = parseNumeral(item, max: 255) {
                guard number > 1 else { throw argument.bad("the options 0 and 1 cannot be stripped") }
                options.insert(UInt8(number))
                continue
            }
            let words: KeyValuePairs<String, UInt8> = [
                "wscale": 3, "mss": 2, "sack-permitted": 4, "sack": 5, "timestamp": 8, "md5": 19,
            ]
            options.insert(try argument.word(words, String(item)))
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        return .tcpoptstrip(TCPOptStripTarget(options.sorted()))
    }
}

extension TCPOptStripTarget {
    func write(to out: inout OptionText) {
        guard !options.isEmpty else { return }
        out.option("strip-options", options.map { String($0) }.joined(separator: ","))
    }
}
