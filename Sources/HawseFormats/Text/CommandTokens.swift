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
}

func tokenize(
    _ line: some StringProtocol, rules: WordRules, firstColumn: Int = 1, at location: SourceLocation
) throws(FormatError) -> [Token] {
    var tokens: [Token] = []
    var word = ""
    var start = firstColumn
    var quote: Character?
    var quoteColumn = 0
    var isQuoted = false
    var isEscaped = false
    var column = firstColumn - 1
    func flush() {
        guard !word.isEmpty || isQuoted else { return }
        tokens.append(Token(text: word, column: start, isQuoted: isQuoted))
        word = ""
        isQuoted = false
    }
    for character in line {
        column += 1
        if word.isEmpty, !isQuoted { start = column }
        if isEscaped {
            word.append(character)
            isEscaped = false
        } else if let open = quote {
            if character == "\\", open == "\"" {
                isEscaped = true
            } else if character == open {
                quote = nil
                if rules == .restore { flush() }
            } else {
                word.append(character)
            }
        } else if character == "\"" || (character == "'" && rules == .shell) {
            quote = character
            quoteColumn = column
            isQuoted = true
        } else if character == "\\", rules == .shell {
            isEscaped = true
        } else if character == " " || character == "\t" || character == "\r" || character == "\n" {
            flush()
        } else {
            word.append(character)
        }
    }
    guard quote == nil else {
        var place = location
        place.column = quoteColumn
        throw FormatError(place, "this quote is never closed")
    }
    flush()
    return tokens
}
