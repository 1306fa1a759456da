import HawseModel
import HawseWire

/// `-m string`
struct StringOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("algo"),
        .init("from"),
        .init("to"),
        .init("string", inverts: true, excludes: ["hex-string"]),
        .init("hex-string", inverts: true, excludes: ["string"]),
        .init("icase", arguments: .none),
    ]

    var match = StringMatch(pattern: [], algorithm: .bm)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "algo":
            let words: KeyValuePairs<String, StringMatch.Algorithm> = ["bm": .bm, "kmp": .kmp, "fsm": .fsm]
            match.algorithm = try argument.word(words)
        case "from": match.from = try argument.uint16()
        case "to": match.to = try argument.uint16()
        case "string":
            match.pattern = Array(try argument.string(max: 128).utf8)
            match.inverted = argument.inverted
        case "hex-string":
            match.pattern = try hexPattern(argument)
            match.inverted = argument.inverted
        default: match.ignoresCase = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("string", "hex-string", of: "string")
        try context.require("algo", of: "string")
        guard match.from <= match.to else { throw context.refuse("string: --from is greater than --to") }
        return .string(match)
    }
}

extension StringMatch {
    func write(to out: inout OptionText) {
        if isPlainText {
            out.flag("string", inverted: inverted)
            var quoted = ""
            for byte in pattern {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { quoted += "\\" }
                quoted.unicodeScalars.append(Unicode.Scalar(byte))
            }
            out.raw(" \"\(quoted)\"")
        } else {
            out.flag("hex-string", inverted: inverted)
            out.raw(" \"\(hexPatternText)\"")
        }
        out.option("algo", algorithm.rawValue)
        if from != 0 { out.option("from", from) }
        if to != .max { out.option("to", to) }
        if ignoresCase { out.flag("icase") }
    }

    /// Printable throughout, and no backslash that would escape the closing quote.
    private var isPlainText: Bool {
        !pattern.contains { $0 < 0x20 || $0 >= 0x7f } && pattern.last != UInt8(ascii: "\\")
    }

    private var hexPatternText: String {
        "|" + pattern.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "|"
    }
}

/// Text in which `|de ad|` stands for bytes and a backslash takes the next character as it is.
private func hexPattern(_ argument: OptionArgument) throws(FormatError) -> [UInt8] {
    var bytes: [UInt8] = []
    var isHex = false
    var high: UInt8?
    var isEscaped = false
    for byte in argument.text.utf8 {
        if isHex {
            if byte == UInt8(ascii: "|") {
                guard high == nil else { throw argument.bad("odd number of hexadecimal digits") }
                isHex = false
            } else if byte != UInt8(ascii: " ") {
                guard let digit = parseHexadecimal(String(decoding: [byte], as: UTF8.self), max: 15) else {
                    throw argument.bad("hexadecimal digits are wanted between bars")
                }
                if let first = high {
                    bytes.append(first << 4 | UInt8(digit))
                    high = nil
                } else {
                    high = UInt8(digit)
                }
            }
        } else if isEscaped {
            bytes.append(byte)
            isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
        } else if byte == UInt8(ascii: "|") {
            isHex = true
        } else {
            bytes.append(byte)
        }
    }
    guard !isHex, !isEscaped else { throw argument.bad("the last | or \\ has nothing to close it") }
    guard (1...128).contains(bytes.count) else { throw argument.bad("from 1 to 128 bytes are wanted") }
    return bytes
}
