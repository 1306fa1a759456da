/// A snippet's directives that set header fields or return; others are named in `unknown` and do nothing.
struct NginxSnippet: Hashable, Sendable {
    struct Directive: Hashable, Sendable {
        var name: String
        var words: [String]
    }

    private(set) var directives: [Directive] = []
    private(set) var unknown: [String] = []
    private static let known: Set<String> = [
        "more_set_headers", "more_clear_headers", "add_header", "more_set_input_headers", "more_clear_input_headers",
        "proxy_set_header",
        "return",
    ]

    init() {}

    init(_ text: String) {
        var words: [String] = []
        var word = ""
        var isWord = false
        var quote: Character?
        var depth = 0
        var isComment = false
        func end() {
            if isWord { words.append(word) }
            (word, isWord) = ("", false)
        }
        for character in text {
            if isComment {
                isComment = character != "\n"
            } else if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else {
                switch character {
                case "\"", "'": (quote, isWord) = (character, true)
                case "#" where !isWord: isComment = true
                case " ", "\t", "\n", "\r", "\r\n": end()
                case ";", "{":
                    end()
                    finish(&words, isNested: depth > 0 || character == "{")
                    if character == "{" { depth += 1 }
                case "}":
                    end()
                    words = []
                    depth = max(0, depth - 1)
                default:
                    word.append(character)
                    isWord = true
                }
            }
        }
    }

    private mutating func finish(_ words: inout [String], isNested: Bool) {
        defer { words = [] }
        guard let name = words.first else { return }
        if isNested || !Self.known.contains(name) {
            if !unknown.contains(name) { unknown.append(name) }
        } else {
            directives.append(Directive(name: name, words: Array(words.dropFirst())))
        }
    }

    /// `Name: value`
    private static func field(_ word: String) -> (name: String, value: String)? {
        guard let colon = word.firstIndex(of: ":") else { return nil }
        return (String(word[..<colon]).trimmedBlanks, String(word[word.index(after: colon)...]).trimmedBlanks)
    }

    /// The first `return`: its code, and the text or address after it.
    func result(_ expand: (String) -> String) -> (code: Int, text: String?)? {
        for directive in directives where directive.name == "return" {
            guard let first = directive.words.first else { continue }
            if let code = Int(first) { return (code, directive.words.count > 1 ? expand(directive.words[1]) : nil) }
            return (302, expand(first))
        }
        return nil
    }

    func applyToBackend(_ headers: inout HeaderFields, _ expand: (String) -> String) {
        for directive in directives {
            switch directive.name {
            case "proxy_set_header": if directive.words.count == 2 { headers.set(directive.words[0], expand(directive.words[1])) }
            case "more_set_input_headers":
                for (name, value) in directive.words.compactMap(Self.field) { headers.set(name, expand(value)) }
            case "more_clear_input_headers": for name in directive.words { headers.remove(name) }
            default: break
            }
        }
    }

    func applyToAnswer(_ headers: inout HeaderFields, status: Int, _ expand: (String) -> String) {
        for directive in directives {
            switch directive.name {
            case "more_set_headers":
                for (name, value) in directive.words.compactMap(Self.field) { headers.set(name, expand(value)) }
            case "more_clear_headers": for name in directive.words { headers.remove(name) }
            case "add_header":
                let isAlways = directive.words.count == 3 && directive.words[2] == "always"
                guard directive.words.count >= 2, isAlways || [200, 201, 204, 206, 301, 302, 303, 304, 307, 308].contains(status)
                else { continue }
                headers.add(directive.words[0], expand(directive.words[1]))
            default: break
            }
        }
    }
}
