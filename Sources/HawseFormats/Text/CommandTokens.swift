import HawseModel

/// One word of a command line and where it begins.
struct Token: Hashable, Sendable {
    var text: String
    /// 1-based, in characters.
    var column: Int
    /// Stood in quotes, so it is no option even when it begins with a dash.
    var isQuoted: Bool
}

/// How a line is cut into words.
enum WordRules {
    /// `add_param_to_argv` of iptables-restore: double quotes with backslash escapes inside; a closing quote ends the
    /// word.
    case restore
    /// A shell's: single and double quotes anywhere in a word, backslash outside of quotes.
    case shell
    /// `config_stream_read` of ipvsadm: blanks alone.
    case plain
}

func tokenize(
    _ line: some StringProtocol, rules: WordRules, firstColumn: Int = 1, at location: SourceLocation
) throws(FormatError) -> [Token] {
    var cutter = WordCutter(rules: rules, column: firstColumn - 1)
    for byte in line.utf8 { cutter.take(byte) }
    guard cutter.quote == nil else {
        var place = location
        place.column = cutter.quoteColumn
        throw FormatError(place, "this quote is never closed")
    }
    cutter.flush()
    return cutter.tokens
}

/// A text's lines, the last one too when it is empty. By bytes: a carriage return before the newline stays with its line.
func textLines(_ text: some StringProtocol) -> [Substring] {
    Substring(text).utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Substring($0) }
}

private struct WordCutter {
    let rules: WordRules
    /// Of the byte at hand; continuation bytes of UTF-8 do not count.
    var column: Int
    var tokens: [Token] = []
    var word: [UInt8] = []
    var start = 0
    var quote: UInt8?
    var quoteColumn = 0
    var isQuoted = false
    var isEscaped = false

    mutating func flush() {
        guard !word.isEmpty || isQuoted else { return }
        tokens.append(Token(text: String(decoding: word, as: UTF8.self), column: start, isQuoted: isQuoted))
        word.removeAll(keepingCapacity: true)
        isQuoted = false
    }

    mutating func take(_ byte: UInt8) {
        let backslash = UInt8(ascii: "\\")
        let double = UInt8(ascii: "\"")
        if byte & 0xc0 != 0x80 { column += 1 }
        if word.isEmpty, !isQuoted { start = column }
        if isEscaped {
            word.append(byte)
            isEscaped = false
        } else if let open = quote {
            if byte == backslash, open == double {
                isEscaped = true
            } else if byte == open {
                quote = nil
                if rules == .restore { flush() }
            } else {
                word.append(byte)
            }
        } else if (byte == double && rules != .plain) || (byte == UInt8(ascii: "'") && rules == .shell) {
            quote = byte
            quoteColumn = column
            isQuoted = true
        } else if byte == backslash, rules == .shell {
            isEscaped = true
        } else if byte == UInt8(ascii: " ") || (byte >= 9 && byte <= 13) {
            flush()
        } else {
            word.append(byte)
        }
    }
}
